/**
 * Writes the published JSON Schemas from the code's own. `--check` writes nothing and fails where a file is not current.
 *
 *     node scripts/schemas.ts [--check]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { manifestComparisonSchema } from '../src/compare/manifests/schema.ts';
import { RECORD_SCHEMA_VERSION, runRecordSchema } from '../src/record/schema.ts';
import { API_VERSION, knownIssuesSchema, scenarioSchema, topologySchema } from '../src/scenario/schema.ts';
import { forEditors } from './editors.ts';

const folder = fileURLToPath(new URL('../schema/', import.meta.url));

/** draft-07 is what the YAML language server and most editors read best. */
function render(schema: z.ZodType, id: string): string {
  const { $schema, title, description, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return `${JSON.stringify(forEditors({ $schema, $id: id, title, description, ...rest }), null, 2)}\n`;
}

const schemas = {
  'scenario.schema.json': render(scenarioSchema, `urn:${API_VERSION.replace('/', ':')}:scenario`),
  'topology.schema.json': render(topologySchema, `urn:${API_VERSION.replace('/', ':')}:topology`),
  'known-issues.schema.json': render(knownIssuesSchema, `urn:${API_VERSION.replace('/', ':')}:known-issues`),
  'run-record.schema.json': render(
    runRecordSchema.meta({ title: 'podreach run record' }),
    `urn:podreach:v${RECORD_SCHEMA_VERSION}:run-record`,
  ),
  'manifest-comparison.schema.json': render(
    manifestComparisonSchema.meta({ title: 'podreach manifest comparison' }),
    'urn:podreach:v1:manifest-comparison',
  ),
};

mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(schemas)) {
  if (!process.argv.includes('--check')) {
    writeFileSync(`${folder}${name}`, text);
  } else if (readOrEmpty(`${folder}${name}`) !== text) {
    console.error(`schema/${name} is not current. Run: npm run schemas`);
    process.exitCode = 1;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
