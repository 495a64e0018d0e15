import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEMS_EXTENSION } from '../../libs/http/src/openapi/documented.js';
import { answerHeaders } from '../../libs/http/src/openapi/headers.js';
import { html } from '../../libs/http/src/openapi/media-types.js';
import type { Operation } from './operation.js';

/** The paths of the document itself and of its page, which no controller serves. */
export function documentPaths(): OpenAPIObject['paths'] {
  const page = html('A page to read and try the API. It loads nothing from other hosts.');
  const get = (operationId: string, summary: string, answer: Operation['responses'][string]): object => ({
    get: { operationId, summary, tags: ['Operation'], responses: { '200': answer }, [PROBLEMS_EXTENSION]: [] },
  });
  return {
    '/openapi.json': get('getOpenApiDocument', 'This document', {
      description: 'OpenAPI 3.1.',
      content: {
        'application/json': {
          schema: { type: 'object', additionalProperties: true },
          example: { openapi: '3.1.0', info: { title: 'Postern', version: '1' }, paths: {} },
        },
      },
    }),
    '/docs': get('getDocsPage', 'This document as a web page', {
      description: 'A page.',
      headers: answerHeaders(['Content-Security-Policy']),
      content: { [page.type]: page.content },
    }),
  } as OpenAPIObject['paths'];
}
