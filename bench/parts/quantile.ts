/** The value below which the share `q` (0 to 1) of the samples lies; the samples need no order. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** To `digits` decimals, as figures are printed. */
export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
