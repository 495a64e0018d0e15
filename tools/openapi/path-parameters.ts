import type { JsonSchema } from '../../libs/http/src/openapi/json-schema.js';

/** Every parameter of a path. */
const PATH_PARAMETERS: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>> = {
  tenantId: {
    description: 'The tenant’s id. An id of another tenant is answered with 404.',
    schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$', examples: ['acme'] },
  },
  smtpUserId: {
    description: 'The SMTP user’s id.',
    schema: { type: 'string', format: 'uuid', examples: ['019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10'] },
  },
  entryId: {
    description: 'The entry’s id.',
    schema: { type: 'string', format: 'uuid', examples: ['019ab1c1-0a51-7b6e-9d5a-2f7c1e4b8d33'] },
  },
  deadLetterId: {
    description: 'The dead letter’s id.',
    schema: { type: 'string', format: 'uuid', examples: ['0198c0de-0000-7000-8000-0000000000d1'] },
  },
  keyId: {
    description: 'The id of the API key: the part of the key between the second and the third underscore.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$', examples: ['019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'] },
  },
};

/** The parameters of a path such as `/v1/tenants/{tenantId}`. Throws for one that nobody described. */
export function pathParameters(path: string): readonly JsonSchema[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => {
    const parameter = PATH_PARAMETERS[name];
    if (!parameter) throw new Error(`Describe the path parameter ${name} in path-parameters.ts: it is in ${path}.`);
    return { name, in: 'path', required: true, ...parameter };
  });
}
