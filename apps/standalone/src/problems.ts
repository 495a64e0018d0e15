import { problems as audit } from '@postern/audit-trail-service';
import { problems as command } from '@postern/command-service';
import { problems as projection } from '@postern/projection-service';
import type { ProblemTranslator } from '@postern/http';

/** How the typed errors of all three services are told to a caller. */
export const problems: readonly ProblemTranslator[] = [...command, ...projection, ...audit];
