/** What texts of a scenario look like, one by one. */
import { z } from 'zod';
import { DNS_LABEL, LABEL_KEY, LABEL_VALUE, PORT_NAME } from '../../labels.ts';
import { quote } from '../suggest.ts';

const PORT_NUMBER = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
export const NUMBERED_PORT = `${PORT_NUMBER}(/(TCP|UDP))?`;
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4_ADDRESS = `${OCTET}(\\.${OCTET}){3}`;
/** An address of either family, as far as a pattern can tell. */
export const ANY_ADDRESS = `(${IPV4_ADDRESS}|[0-9a-fA-F]*:[0-9a-fA-F:]*)`;
export const POD_KEY = `${DNS_LABEL}/${DNS_LABEL}`;
export const POD_KEY_OF_POLICY = `${DNS_LABEL}/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?`;

/** Text of one form. `complaint` says what the form is; it follows the text in question. Editors say it in place of the pattern. */
export function text(pattern: string, complaint: string) {
  return z
    .string()
    .regex(new RegExp(`^${pattern}$`), { error: (issue) => `${quote(String(issue.input))} ${complaint}` })
    .meta({ patternErrorMessage: `This ${complaint}.` });
}

export const prose = z
  .string()
  .regex(/\S/, { error: 'this text is empty' })
  .meta({ patternErrorMessage: 'This text is empty.' });

/** A day, `YYYY-MM-DD`. */
export const date = z.iso
  .date({
    error: (issue) => `${quote(String(issue.input))} is not a date: write year-month-day, such as 2027-06-30`,
  })
  .meta({
    examples: ['2027-06-30'],
    patternErrorMessage: 'This is not a date: write year-month-day, such as 2027-06-30.',
  });

export const portName = text(
  PORT_NAME,
  'is not a port name: use at most 15 lower-case letters, digits and single "-", with at least one letter',
);
export const labelKey = text(
  LABEL_KEY,
  'is not a label key: use letters, digits, "-", "_" and ".", at most 63 characters, after an optional "dns.prefix/"',
);
export const labelValue = text(
  LABEL_VALUE,
  'is not a label value: use letters, digits, "-", "_" and ".", at most 63 characters, beginning and ending with a letter or digit',
);

export const labels = z.record(labelKey, labelValue).meta({
  id: 'Labels',
  description: 'Kubernetes labels. A value that YAML reads as a number or a boolean needs quotes.',
  examples: [{ app: 'web', version: '2' }],
});
