import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A setting that stops the start; its message is one line that names the setting. */
export class SettingInvalid extends Error {
  override readonly name = 'SettingInvalid';
  readonly permanent = true;
}

/** The text of the file that the setting `name` names. Throws `SettingInvalid` where it cannot be read. */
export function readSettingFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new SettingInvalid(`${name} must name a file that can be read (${file}: ${code})`);
  }
}

/** The secret in that file: its text without the line's end. */
export function readSecretFile(name: string, file: string): string {
  return readSettingFile(name, file).replace(/\r?\n$/, '');
}

/**
 * A whole number in decimal digits.
 * @param what as a phrase behind "a whole number": `of partitions`
 * @param zero what 0 means, where it means something of its own: `to keep them for ever`
 */
export function wholeNumber(from: number, to: number, what = '', zero?: string): z.ZodType<number, string> {
  const must = `must be a whole number ${what && `${what} `}from ${from} to ${to}${zero ? `, or 0 ${zero}` : ''}`;
  return numberSetting(
    /^\d{1,9}$/,
    must,
    (number) => (number >= from && number <= to) || (zero !== undefined && number === 0),
  );
}

/** Requests a second, also fewer than one: `0.5`. */
export function requestsPerSecond(most: number): z.ZodType<number, string> {
  const must = `must be a number of requests per second up to ${most}, or 0 for no limit`;
  return numberSetting(/^\d{1,9}(\.\d{1,6})?$/, must, (number) => number <= most);
}

function numberSetting(form: RegExp, must: string, allows: (number: number) => boolean): z.ZodType<number, string> {
  return z.string().regex(form, must).transform(Number).refine(allows, must);
}
