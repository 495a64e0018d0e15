import { RequestRefused } from '../failure.js';
import type { Session } from '../session.js';

/**
 * Waits until the reads show what was written to the SMTP user at `path`, so that the next command sees it, whoever
 * answers it. Bounded by Postern (2 s a read). What was written stands in any case: later is only told.
 */
export async function untilReadable(session: Session, path: string, version: number | null): Promise<void> {
  if (version === null) return;
  try {
    await session.api.get(path, { headers: { 'postern-min-version': String(version) }, attempts: 2 });
  } catch (error) {
    // A user that was removed is not there any more.
    if (error instanceof RequestRefused && error.status === 404) return;
    session.output.aside(`It is done (version ${version}), but the reads do not show it yet.`);
  }
}
