// `npm run openapi`: writes docs/openapi.json. With `-- --release`, also what later changes are held to.
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiDocument } from '../apps/standalone/src/api-document.js';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const text = `${JSON.stringify(await apiDocument(), null, 2)}\n`;
const names = process.argv.includes('--release') ? ['openapi.json', 'openapi-released.json'] : ['openapi.json'];
for (const name of names) {
  writeFileSync(join(docs, name), text);
  console.log(`Wrote docs/${name}.`);
}
