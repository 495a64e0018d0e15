import { InvalidArgumentError, Option } from 'commander';

const MOST = 1_000;

/** `--examples <n>`: how many differing rows are named. */
export function examplesOption(): Option {
  return new Option('--examples <n>', `name at most so many rows of a read model that differ (0 to ${MOST})`)
    .default(10)
    .argParser((text) => {
      const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (!(number <= MOST)) throw new InvalidArgumentError(`Give a whole number from 0 to ${MOST}.`);
      return number;
    });
}
