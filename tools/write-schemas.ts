/** `npm run schemas`: writes libs/contracts/schemas and docs/asyncapi.json. It changes no schema in a way that breaks consumers. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncApi } from '../libs/contracts/src/schemas/async-api.js';
import { breakingChanges } from '../libs/contracts/src/schemas/breaking-changes.js';
import { type JsonSchema, jsonSchemas } from '../libs/contracts/src/schemas/json-schemas.js';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'libs', 'contracts', 'schemas');
mkdirSync(folder, { recursive: true });

const breaks = Object.entries(jsonSchemas()).flatMap(([name, schema]) => {
  const file = join(folder, `${name}.json`);
  if (!existsSync(file)) return [];
  return breakingChanges(JSON.parse(readFileSync(file, 'utf8')) as JsonSchema, schema, name);
});
if (breaks.length > 0) {
  console.error(
    `Consumers would break; nothing was written. Make a new version instead (CONTRIBUTING, "Adding an event"):`,
  );
  for (const each of breaks) console.error(`  ${each}`);
  process.exit(1);
}
for (const [name, schema] of Object.entries(jsonSchemas())) write(join(folder, `${name}.json`), schema);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
write(join(root, 'docs', 'asyncapi.json'), asyncApi(version));

function write(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
