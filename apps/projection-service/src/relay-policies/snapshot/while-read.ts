/**
 * Passes the chunks on for as long as their reader keeps asking: calls `onStalled` when it takes longer than `stalledMs`
 * for one, or `totalMs` for all. What is read holds a transaction, and that must have an end.
 */
export async function* whileRead(
  chunks: AsyncIterable<Buffer>,
  limits: { readonly stalledMs: number; readonly totalMs: number },
  onStalled: () => void,
): AsyncGenerator<Buffer> {
  const total = setTimeout(onStalled, limits.totalMs);
  let stalled: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of chunks) {
      stalled = setTimeout(onStalled, limits.stalledMs);
      yield chunk;
      clearTimeout(stalled);
    }
  } finally {
    clearTimeout(total);
    clearTimeout(stalled);
  }
}
