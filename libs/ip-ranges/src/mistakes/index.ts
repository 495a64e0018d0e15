import { foreignCharacters, missing, severalAtOnce, whiteSpace } from './characters.js';
import { bracketsAndPort, literalTag, zone } from './decoration.js';
import type { FindMistake } from './mistake.js';
import { badNumbers, longGroup } from './numbers.js';
import { dottedMask, prefixNotWanted, prefixNumber } from './prefix.js';
import { span, wildcard } from './span.js';

/** In the order in which they are looked for: the outermost first, so that each may rely on those before it being undone. */
export const MISTAKES: readonly FindMistake[] = [
  missing,
  foreignCharacters,
  severalAtOnce,
  whiteSpace,
  literalTag,
  bracketsAndPort,
  zone,
  span,
  wildcard,
  prefixNotWanted,
  dottedMask,
  prefixNumber,
  longGroup,
  badNumbers,
];
