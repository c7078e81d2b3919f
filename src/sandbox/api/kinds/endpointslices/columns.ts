/** The columns of EndpointSlices. */
import { ageColumn, column, inColumns, nameColumn } from '../columns.ts';
import type { EndpointPort, EndpointSlice } from './object.ts';

export const endpointSliceColumns = inColumns<EndpointSlice>(
  nameColumn,
  column('AddressType', 'What the addresses are', ({ addressType }) => addressType),
  column('Ports', 'The ports of the endpoints', ({ ports = [] }) => firstOf(ports.map(portText))),
  column('Endpoints', 'Where the packets go', ({ endpoints = [] }) =>
    firstOf(endpoints.flatMap(({ addresses }) => addresses)),
  ),
  ageColumn,
);

function portText({ port, name }: EndpointPort): string {
  return port === undefined ? (name ?? '*') : String(port);
}

const SHOWN = 3;

function firstOf(texts: readonly string[]): string {
  if (texts.length === 0) return '<unset>';
  const more = texts.length - SHOWN;
  return `${texts.slice(0, SHOWN).join(',')}${more > 0 ? ` + ${more} more...` : ''}`;
}
