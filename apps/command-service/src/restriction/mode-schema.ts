import { MODES } from '@postern/contracts';
import { z } from 'zod';

/** `enforce` or `report-only` in a body. */
export const modeSchema = z.enum(MODES, `One of: ${MODES.join(', ')}.`);
