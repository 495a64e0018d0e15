// `npm run openapi`: writes docs/openapi.json.
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from './openapi/open-api-document.js';

const file = join(import.meta.dirname, '..', '..', 'docs', 'openapi.json');
writeFileSync(file, `${JSON.stringify(await openApiDocument(), null, 2)}\n`);
console.log('Wrote docs/openapi.json.');
