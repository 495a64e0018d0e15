import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { closedDocument } from './closed-document.js';
import { dereferenced, type ApiAnswer, type ApiDocument, type ApiOperation } from './openapi-shape.js';

/** A complete answer: its body as text, as it came. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Headers of the connection and of the server, which say nothing about the API. */
const NOT_OF_THE_API = new Set([
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

/** Holds answers to an OpenAPI document. */
export class DocumentedApi {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly document: ApiDocument;
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(document: ApiDocument) {
    this.document = closedDocument(document);
    addFormats.default(this.ajv);
    this.ajv.addSchema({ $id: 'https://postern.example/api', ...this.document });
  }

  /** The routes, as `GET /v1/tenants/{tenantId}`. */
  get routes(): readonly string[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  operation(route: string): ApiOperation | undefined {
    const [method = '', path = ''] = route.split(' ');
    return this.document.paths[path]?.[method.toLowerCase()];
  }

  /** What an answer of the route has without documentation, or lacks. Empty if it is as documented. */
  complaints(route: string, answer: ReceivedAnswer): readonly string[] {
    const operation = this.operation(route);
    if (!operation) return [`${route} is not documented`];
    const response = operation.responses[String(answer.status)];
    if (!response) return [`${route} answered ${answer.status}, which is not documented`];
    const documented = dereferenced<ApiAnswer>(this.document, response);
    return [...headerComplaints(documented, answer), ...this.bodyComplaints(documented, answer)].map(
      (complaint) => `${route} ${answer.status}: ${complaint}`,
    );
  }

  private bodyComplaints(documented: ApiAnswer, { headers, body }: ReceivedAnswer): readonly string[] {
    const type = headers.get('content-type')?.split(';')[0]?.trim() ?? '';
    if (type === '') return documented.content || body !== '' ? ['it has no content-type'] : [];
    const media = documented.content?.[type];
    if (!media) return [`the media type ${type} is not documented`];
    switch (type) {
      case 'application/json':
      case 'application/problem+json':
        return this.valueComplaints(media.schema, JSON.parse(body));
      case 'application/x-ndjson':
        return lines(body).flatMap((line) => this.valueComplaints(media['x-line-schema'], JSON.parse(line)));
      case 'text/event-stream':
        return events(body).flatMap(({ event, data }) => {
          const schema = (media['x-event-schemas'] as Readonly<Record<string, unknown>>)[event];
          return schema ? this.valueComplaints(schema, JSON.parse(data)) : [`the event ${event} is not documented`];
        });
      default:
        return [];
    }
  }

  /** What is wrong about a value by a schema of the document. */
  valueComplaints(schema: unknown, value: unknown): readonly string[] {
    const validate = this.validator(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  private validator(schema: unknown): ValidateFunction {
    const text = JSON.stringify(schema).replaceAll('"#/', '"https://postern.example/api#/');
    const known = this.validators.get(text);
    if (known) return known;
    const validate = this.ajv.compile(JSON.parse(text) as object);
    this.validators.set(text, validate);
    return validate;
  }
}

function headerComplaints(documented: ApiAnswer, { headers }: ReceivedAnswer): readonly string[] {
  const known = new Map(Object.entries(documented.headers ?? {}).map(([name, header]) => [name.toLowerCase(), header]));
  const missing = [...known].filter(([name, { required }]) => required && !headers.has(name)).map(([name]) => name);
  const unknown = [...headers.keys()].filter((name) => !known.has(name) && !NOT_OF_THE_API.has(name));
  return [
    ...missing.map((name) => `the header ${name} is missing`),
    ...unknown.map((name) => `the header ${name} is not documented`),
  ];
}

function lines(body: string): readonly string[] {
  return body.split('\n').filter((line) => line !== '');
}

function events(body: string): readonly { readonly event: string; readonly data: string }[] {
  return body
    .split('\n\n')
    .filter((frame) => /^data: /m.test(frame))
    .map((frame) => ({
      event: /^event: (.*)$/m.exec(frame)?.[1] ?? 'message',
      data: /^data: (.*)$/m.exec(frame)?.[1] ?? '',
    }));
}
