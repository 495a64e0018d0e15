export * from './address.js';
export * from './classify.js';
export * from './match.js';
export * from './parse-address.js';
export * from './parse-range.js';
export * from './parsed.js';
export { neighbourhood, rangeOf } from './range.js';
