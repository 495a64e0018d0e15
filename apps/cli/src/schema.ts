import type { components } from '../../../libs/contracts/src/api/schema.js';

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];
