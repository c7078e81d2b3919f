/** The folder of an upgrade: the record and the page of each part, and the report of them all. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { UpgradeRecords } from '../compare/upgrade.ts';
import { PodreachError } from '../errors.ts';
import { UPGRADE_PARTS, type UpgradePart } from '../model/upgrade.ts';
import type { RunRecord } from '../record/schema.ts';
import { REPORTS } from '../report/report.ts';
import { UPGRADE_REPORTS } from '../report/upgrade/upgrade.ts';
import type { ToldUpgrade } from '../report/upgrade/view.ts';
import { printReports } from './print-reports.ts';

export interface UpgradeFolder {
  readonly path: string;
  readonly recordOf: (part: UpgradePart) => string;
}

/**
 * @param given absent: a new one below the current folder
 * @throws PodreachError `usage` where it holds the records of another upgrade: they are evidence
 */
export function openFolder(given: string | undefined, now = new Date()): UpgradeFolder {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const path = given ?? `podreach-upgrade-${time}Z`;
  const recordOf = (part: UpgradePart): string => join(path, `${part}.json`);
  const there = UPGRADE_PARTS.map(recordOf).find((file) => existsSync(file));
  if (there !== undefined)
    throw new PodreachError('usage', `${there} is there already, perhaps of another upgrade`, {
      hint: 'Name another folder with --output, or move that one away.',
    });
  return { path, recordOf };
}

/** The record of a part that has ended. @returns how many files could not be written */
export function writePart({ recordOf }: UpgradeFolder, part: UpgradePart, record: RunRecord): number {
  return printReports(REPORTS, record, [{ format: 'json', file: recordOf(part) }], PLAIN);
}

/** The pages of all parts, and the report of them all. @returns how many files could not be written */
export function writePages({ path }: UpgradeFolder, records: UpgradeRecords): number {
  let failures = 0;
  const pages: Partial<Record<UpgradePart, string>> = {};
  for (const part of UPGRADE_PARTS) {
    const record = records[part];
    if (record === undefined) continue;
    const page = `${part}.html`;
    pages[part] = page;
    failures += printReports(REPORTS, record, [{ format: 'html', file: join(path, page) }], PLAIN);
  }
  const told: ToldUpgrade = { ...records, pages };
  const requests = FILES.map(([format, file]) => ({ format, file: join(path, file) }));
  return failures + printReports(UPGRADE_REPORTS, told, requests, PLAIN);
}

const PLAIN = { quiet: false, verbose: false };
const FILES = [
  ['json', 'upgrade.json'],
  ['markdown', 'upgrade.md'],
  ['html', 'upgrade.html'],
] as const;
