// `node ask-ready.js [port]`: the health check of the image. Exit code 0 if this container's process is ready;
// otherwise 1, with the reason.

/** Below the health check's time-out, so that the reason is printed. */
const ASK_TIMEOUT_MS = 3_000;

const port = process.argv[2] ?? (process.env['POSTERN_HTTP_PORT'] || '8025');
try {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
  process.stdout.write(`${await answer.text()}\n`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(
    `Nothing answers at 127.0.0.1:${port}: ${String(error instanceof Error ? (error.cause ?? error) : error)}\n`,
  );
  process.exitCode = 1;
}
