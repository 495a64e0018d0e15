import { Inject, Injectable } from '@nestjs/common';
import type { Credential, Principal } from '@postern/http';
import { ApiKeyDirectory } from './api-key-directory.js';
import { SessionDirectory } from './session-directory.js';

/** Who sends a request: whoever has the API key, or the cookie of a session. Each answers at once what it learnt a moment ago. */
@Injectable()
export class Callers {
  constructor(
    @Inject(ApiKeyDirectory) private readonly keys: ApiKeyDirectory,
    @Inject(SessionDirectory) private readonly sessions: SessionDirectory,
  ) {}

  /** Null where the credential proves nobody. Throws when the database is gone. */
  find({ kind, text }: Credential): Principal | null | Promise<Principal | null> {
    return kind === 'api-key' ? this.keys.authenticate(text) : this.sessions.authenticate(text);
  }

  /** Whether the key or the session of somebody who was found is still valid. */
  isValid({ actor: { keyId, sessionId } }: Principal): boolean | Promise<boolean> {
    return sessionId === undefined ? this.keys.isValid(keyId) : this.sessions.isValid(sessionId);
  }
}
