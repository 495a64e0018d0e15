import { nextRandom } from './random.js';

const LINE_WORDS = 16;

/** A random cycle through every cache line of this many bytes (Sattolo's shuffle): each line has the position of the next. */
export function pointerCycle(bytes: number): Int32Array {
  const lines = bytes / 64;
  const order = Int32Array.from({ length: lines }, (_, i) => i);
  for (let i = lines - 1; i > 0; i--) {
    const j = Math.floor(nextRandom() * i);
    const line = order[i] as number;
    order[i] = order[j] as number;
    order[j] = line;
  }
  const cycle = new Int32Array(lines * LINE_WORDS);
  for (let i = 0; i < lines; i++) cycle[i * LINE_WORDS] = (order[i] as number) * LINE_WORDS;
  return cycle;
}

/** Follows the cycle for this many steps from `start`, and returns the last position. */
export function chase(cycle: Int32Array, start: number, steps: number): number {
  let at = start;
  for (let i = 0; i < steps; i++) at = cycle[at] as number;
  return at;
}
