import type { components } from '../../../libs/contracts/src/api/schema.js';

/** A type of the API, as docs/openapi.json has it. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];
