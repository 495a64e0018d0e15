import type { Problem } from '../problem/problem.js';

/**
 * What the work results in, or the problem of `late` after so many milliseconds: a caller is answered even where the
 * database is not heard of any more. The work itself goes on, and ends by its own time-outs.
 */
export async function withinDeadline<T>(work: Promise<T>, ms: number, late: () => Problem): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
