import { Inject, Injectable } from '@nestjs/common';
import type { Credential, Principal } from '@postern/http';
import { ApiKeyDirectory } from './api-key-directory.js';
import { SessionDirectory } from './session-directory.js';

@Injectable()
export class Callers {
  constructor(
    @Inject(ApiKeyDirectory) private readonly keys: ApiKeyDirectory,
    @Inject(SessionDirectory) private readonly sessions: SessionDirectory,
  ) {}

  /** Null if the credential is invalid. @throws if the database fails. */
  find({ kind, text }: Credential): Principal | null | Promise<Principal | null> {
    return kind === 'api-key' ? this.keys.authenticate(text) : this.sessions.authenticate(text);
  }

  isValid({ actor: { keyId, sessionId } }: Principal): boolean | Promise<boolean> {
    return sessionId === undefined ? this.keys.isValid(keyId) : this.sessions.isValid(sessionId);
  }
}
