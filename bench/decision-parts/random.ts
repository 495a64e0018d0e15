let state = 0x9e3779b9;

/** Seeded (mulberry32), so that every run measures the same population and the same look-ups. In [0, 1). */
export function nextRandom(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
}

export function below(limit: number): number {
  return Math.floor(nextRandom() * limit);
}
