import { readFile } from 'node:fs/promises';

/** Sends it to a process that a test started. Throws where there is no pid: 0 would be our own process group, jest among it. */
export function sendSignal(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined || !(pid > 1)) throw new Error(`There is no process to send ${signal} to: its pid is ${pid}.`);
  process.kill(pid, signal);
}

/** The pid in a server's file of it, as PostgreSQL and Postfix write it: the first line. */
export async function pidIn(file: string): Promise<number> {
  return Number((await readFile(file, 'utf8')).split('\n')[0]);
}
