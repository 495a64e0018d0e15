import type { z } from 'zod';
import type { AnswerHeader } from './headers.js';
import { jsonSchemaOf, type JsonSchema } from './json-schema.js';

export interface MediaType {
  readonly type: string;
  readonly content: { readonly schema: JsonSchema; readonly [member: string]: unknown };
}

export function json(schema: z.ZodType): MediaType {
  return { type: 'application/json', content: { schema: jsonSchemaOf(schema, 'output') } };
}

/** Lines of JSON, each with this schema. `x-line-schema` is ours: OpenAPI 3.1 has no keyword for it. */
export function ndjson(line: z.ZodType): MediaType {
  return text('application/x-ndjson', 'A line of JSON for each item, each ended by a line feed.', {
    'x-line-schema': jsonSchemaOf(line, 'output'),
  });
}

export function plainText(description: string, example: string): MediaType {
  return text('text/plain', description, { example });
}

function text(type: string, description: string, more: Readonly<Record<string, unknown>> = {}): MediaType {
  return { type, content: { schema: { type: 'string', description }, ...more } };
}

/** Server-sent events by name, each with its data's schema. `x-event-schemas` is ours. */
export function serverSentEvents(events: Readonly<Record<string, z.ZodType>>, example: string): MediaType {
  const schemas = Object.entries(events).map(([name, data]) => [name, jsonSchemaOf(data, 'output')] as const);
  return text('text/event-stream', `Server-sent events: ${Object.keys(events).join(', ')}; the data of each is JSON.`, {
    'x-event-schemas': Object.fromEntries(schemas),
    example,
  });
}

export function exported(page: z.ZodType, item: z.ZodType, csvExample: string) {
  const responseHeaders: readonly AnswerHeader[] = ['Vary', 'Cache-Control', 'Content-Disposition'];
  const csv = 'RFC 4180 with a header line. An apostrophe precedes a cell that a spreadsheet would run as a formula.';
  return { answer: [json(page), ndjson(item), text('text/csv', csv, { example: csvExample })], responseHeaders };
}
