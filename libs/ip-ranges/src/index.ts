export type { Family, IpAddress, IpRange, Parsed, RefusalCode, Refused } from './address.js';
export { neighbourhood, rangeOf, rangesAround } from './address.js';
export { contains, covers, isPrivate, isVeryWide } from './match.js';
export { parseAddress, parseRange } from './parse.js';
