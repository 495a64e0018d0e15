export { Output } from './output.js';
export { counted, printable, shortTime } from './printable.js';
export { runProgram, runServer, serverCommand, TerminalCommand, version, wholeNumber } from './program.js';
export type { Column } from './table.js';
