export { Output } from './output.js';
export { printable, shortTime } from './printable.js';
export { examples, runProgram, version, wholeNumber, type Failed } from './program.js';
export type { Column } from './table.js';
