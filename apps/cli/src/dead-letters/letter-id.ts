import { isUuid } from '@postern/contracts';
import { InvalidArgumentError } from 'commander';

export function letterId(text: string): string {
  if (!isUuid(text)) throw new InvalidArgumentError('Give the id of a dead letter: see postern dead-letters list');
  return text;
}

/** For an argument that may be repeated. */
export function letterIds(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), letterId(text)];
}
