export type { Family, IpAddress, IpRange, Parsed, RefusalCode, Refused } from './address.js';
export { neighbourhood, rangeOf, rangesAround } from './address.js';
export { coveringRanges, RangeIndex } from './covering.js';
export { contains, isPrivate, remarksOn, type RemarkCode } from './match.js';
export { parseAddress, parseRange } from './parse.js';
