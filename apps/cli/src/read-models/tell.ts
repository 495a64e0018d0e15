/** Progress and troubles, on standard error: standard output is for the answer alone. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Tells why it could not be done, with `--json` as JSON. */
export function tellError(what: string, error: unknown, json: boolean): void {
  const title = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  tell(json ? JSON.stringify({ title }, null, 2) : title);
}
