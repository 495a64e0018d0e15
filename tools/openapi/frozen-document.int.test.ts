import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { DocumentedApi, type ApiContents, type ApiDocument } from '@postern/testing';
import { apiDocument } from './api-document.js';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const kept = (name: string): ApiDocument => JSON.parse(readFileSync(join(docs, name), 'utf8')) as ApiDocument;
const today = JSON.parse(JSON.stringify(await apiDocument())) as ApiDocument;

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
    const media = mediaOf(today);
    expect(media.flatMap(({ schema, value }) => api.valueComplaints(schema, value))).toEqual([]);
    expect(media.length).toBeGreaterThan(60);
  });
});

interface Operation {
  readonly operationId: string;
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
  };
}

/** The schemas of JSON bodies and answers, wherever they stand, each with an example. */
function mediaOf(inside: unknown): readonly { readonly schema: unknown; readonly value: unknown }[] {
  if (typeof inside !== 'object' || inside === null) return [];
  if ('content' in inside && typeof inside.content === 'object') {
    return Object.entries(inside.content as ApiContents).flatMap(([type, { schema, example, examples }]) => {
      if (!/^application\/(problem\+)?json$/.test(type)) return [];
      const values = examples ? Object.values(examples as object).map(({ value }) => value as unknown) : [example];
      return values.map((value) => ({ schema, value }));
    });
  }
  return Object.values(inside).flatMap(mediaOf);
}
