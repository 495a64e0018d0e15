import pg from 'pg';

interface AskedClient {
  readonly host: string;
  readonly ssl: unknown;
  readonly connection: { emit(event: 'error', error: Error): void };
  _handleAuthCleartextPassword(message: unknown): void;
  _handleAuthMD5Password(message: unknown): void;
}

/** The server at the database's address asked for the password in a form that it could use. It was not sent. */
class PasswordNotProtected extends Error {
  override readonly name = 'PasswordNotProtected';
  constructor(how: string) {
    super(
      `The server asked for the password ${how}, over a connection without TLS. It was not sent, because a listener there could read it. ` +
        "Set password_encryption = 'scram-sha-256' and the method scram-sha-256 in pg_hba.conf and set the owner's password again; or use TLS (?sslmode=verify-full).",
    );
  }
}

const prototype = pg.Client.prototype as unknown as AskedClient;

/**
 * pg sends its password in clear text to any server that asks for it, and cannot limit that (libpq: require_auth). From here on, every client
 * of the process answers only SCRAM over TCP without TLS. TLS authenticates the server; a Unix socket is identified by its folder.
 */
function refuseUnlessProtected(method: '_handleAuthCleartextPassword' | '_handleAuthMD5Password', how: string): void {
  const answer = prototype[method];
  prototype[method] = function answerIfProtected(this: AskedClient, message: unknown): void {
    if (this.ssl || this.host.startsWith('/')) answer.call(this, message);
    else this.connection.emit('error', new PasswordNotProtected(how));
  };
}

refuseUnlessProtected('_handleAuthCleartextPassword', 'in clear text');
refuseUnlessProtected('_handleAuthMD5Password', 'hashed by MD5');
