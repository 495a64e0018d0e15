/** What the process ends with. They are a promise to scripts: docs/cli.md and `postern --help` list them. */
export const EXIT = {
  ok: 0,
  /** The answer is no: the address would not be let in, Postern is not ready, or you declined. */
  no: 1,
  /** The command line, the environment or a file it names is not right; nothing was sent. */
  usage: 2,
  /** Postern refused the request (4xx), or what it names is not there. */
  refused: 3,
  /** Postern cannot be reached, was too slow, or failed (5xx). */
  unavailable: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
