/** Places in files as links, for terminals that can follow them (OSC 8). */
import type { RunRecord } from '../../../record.ts';
import { describeLocation } from '../../parts/describe.ts';

/** The address of a file as the record names it. */
export type LinkTo = (file: string) => string;

const OPEN = '\u001b]8;;';
const END = '\u001b\\';
/** What may be a place. A file whose name has a blank stays text: its place may end on the next line. */
const PLACE = /[^\s()]+:\d+/g;

/**
 * The same text, in which each place that the record names is a link to its file. Done when all is laid out, because a link
 * takes no room.
 * @param record as the text was rendered from it: neutralised
 */
export function linkPlaces(text: string, record: RunRecord, linkTo: LinkTo): string {
  const files = filesByPlace(record);
  return text.replace(PLACE, (place) => {
    const file = files.get(place);
    return file === undefined ? place : `${OPEN}${linkTo(file)}${END}${place}${OPEN}${END}`;
  });
}

function filesByPlace({ run, scenarios }: RunRecord): Map<string, string> {
  const locations = [
    run.error?.location,
    ...scenarios.flatMap(({ location, error, policies, checks }) => [
      location,
      error?.location,
      ...policies.map((policy) => policy.location),
      ...checks.map(({ declared }) => declared),
    ]),
  ];
  return new Map(
    locations.flatMap((location) =>
      location === undefined ? [] : [[describeLocation(location), location.file]],
    ),
  );
}
