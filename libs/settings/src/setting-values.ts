import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The message is one line with the setting's name. */
export class SettingInvalid extends Error {
  override readonly name = 'SettingInvalid';
  readonly permanent = true;
}

/** @throws `SettingInvalid` if the file is unreadable. */
export function readSettingFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new SettingInvalid(`${name} must name a file that can be read (${file}: ${code})`);
  }
}

export function readSecretFile(name: string, file: string): string {
  return readSettingFile(name, file).replace(/\r?\n$/, '');
}

/** In decimal digits. `what` is a phrase for the message: `of partitions`. `zero` is the special meaning of 0: `to keep them for ever`. */
export function wholeNumber(from: number, to: number, what = '', zero?: string): z.ZodType<number, string> {
  const must = `must be a whole number ${what && `${what} `}from ${from} to ${to}${zero ? `, or 0 ${zero}` : ''}`;
  return numberSetting(
    /^\d{1,9}$/,
    must,
    (number) => (number >= from && number <= to) || (zero !== undefined && number === 0),
  );
}

/** Requests per second, also below one: `0.5`. */
export function requestsPerSecond(most: number): z.ZodType<number, string> {
  const must = `must be a number of requests per second up to ${most}, or 0 for no limit`;
  return numberSetting(/^\d{1,9}(\.\d{1,6})?$/, must, (number) => number <= most);
}

function numberSetting(form: RegExp, must: string, allows: (number: number) => boolean): z.ZodType<number, string> {
  return z.string().regex(form, must).transform(Number).refine(allows, must);
}
