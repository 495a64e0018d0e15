import { readFileSync } from 'node:fs';
import { SettingInvalid } from './setting-invalid.js';

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
