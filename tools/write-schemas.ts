/** `npm run schemas`: writes libs/contracts/schemas and docs/asyncapi.json. The diff shows whether consumers would break. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncApi } from './messages/async-api.js';
import { jsonSchemas } from './messages/json-schemas.js';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'libs', 'contracts', 'schemas');
mkdirSync(folder, { recursive: true });

for (const [name, schema] of Object.entries(jsonSchemas())) write(join(folder, `${name}.json`), schema);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
write(join(root, 'docs', 'asyncapi.json'), asyncApi(version));

function write(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
