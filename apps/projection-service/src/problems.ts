import type { ProblemTranslator } from '@postern/http';

/** None: this service throws problems itself, and calls no library whose typed errors a caller could mend. */
export const problems: readonly ProblemTranslator[] = [];
