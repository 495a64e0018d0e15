import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { DocumentedApi, type ApiDocument } from '@postern/testing';
import { openApiDocument } from './open-api-document.js';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const kept = (name: string): ApiDocument => JSON.parse(readFileSync(join(docs, name), 'utf8')) as ApiDocument;
const today = JSON.parse(JSON.stringify(await openApiDocument())) as ApiDocument;

describe('the API’s document', () => {
  it('is valid by the schema of OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...structuredClone(today) });
    expect({ version: validator.version, valid, errors }).toEqual({ version: '3.1', valid: true, errors: undefined });
  });

  it('is the one in docs/openapi.json: `npm run openapi` renews it, and the commit shows what changed', () => {
    expect(kept('openapi.json')).toEqual(today);
  });

  it('names each operation once, in lower camel case, and each request body', () => {
    const { schemas } = today.components as { schemas: object };
    const operations = Object.values(today.paths).flatMap((item) => Object.values(item) as unknown as Operation[]);
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)*$/.test(id))).toEqual([]);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(ids).toEqual(expect.arrayContaining(['createTenant', 'getReadiness', 'listSmtpUserHistory']));
    const bodies = operations.flatMap(({ requestBody }) => Object.values(requestBody?.content ?? {}));
    const names = bodies.map(({ schema }) => schema.$ref?.replace('#/components/schemas/', '') ?? 'no name');
    expect(names.filter((name) => !/^[A-Z]\w+Request$/.test(name))).toEqual([]);
    expect(names.filter((name) => !(name in schemas))).toEqual([]);
    expect(names).toContain('CreateTenantRequest');
  });

  it('has examples that are what they are examples of', () => {
    const api = new DocumentedApi(today);
    const schemas = schemasWithExamples(today);
    const complaints = schemas.flatMap((schema) => schema.examples.flatMap((it) => api.valueComplaints(schema, it)));
    expect(complaints).toEqual([]);
    expect(schemas.length).toBeGreaterThan(60);
  });
});

interface Operation {
  readonly operationId: string;
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
  };
}

interface WithExamples {
  readonly examples: readonly unknown[];
}

function schemasWithExamples(inside: unknown): readonly WithExamples[] {
  if (typeof inside !== 'object' || inside === null) return [];
  const within = Object.values(inside).flatMap(schemasWithExamples);
  return 'examples' in inside && Array.isArray(inside.examples) ? [inside as WithExamples, ...within] : within;
}
