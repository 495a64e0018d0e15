import { once } from 'node:events';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';

export interface SmtpOptions {
  readonly port: number;
  readonly host?: string;
  /** The source address of the connection. */
  readonly from?: string;
  /** The connection begins with a PROXY header of version 1 that names this address as the client's; `UNKNOWN` names none. */
  readonly proxiedFor?: string;
  /** Whatever the server's certificate. By default none: an offer of STARTTLS is ignored. */
  readonly tls?: 'starttls' | 'implicit' | 'none';
}

export interface SmtpCredentials {
  readonly username: string;
  readonly password: string;
  readonly method?: 'PLAIN' | 'LOGIN' | 'CRAM-MD5';
}

/** What a client sees instead of a reply. */
const CLOSED = 'connection closed';

/** One SMTP connection of a real client (nodemailer). */
export class SmtpSession {
  private constructor(private readonly connection: SMTPConnection) {}

  /** Resolves after EHLO, over TLS where asked. Throws when the server closes the connection before. */
  static async open(options: SmtpOptions): Promise<SmtpSession> {
    const { port, host = '127.0.0.1', from, proxiedFor, tls = 'none' } = options;
    const connection = new SMTPConnection({
      port,
      host,
      localAddress: from,
      connection: proxiedFor === undefined ? undefined : await proxied({ port, host, localAddress: from }, proxiedFor),
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      tls: { rejectUnauthorized: false },
    });
    await new Promise<void>((done, fail) => {
      connection.once('error', fail);
      connection.once('end', () => fail(new Error(CLOSED)));
      connection.connect(() => done());
    });
    // Later errors are what `login` and `send` report.
    connection.on('error', () => undefined);
    return new SmtpSession(connection);
  }

  /** The server's reply to AUTH, such as `235 2.7.0 Authentication successful`, or `connection closed`. */
  login({ username, password, method = 'PLAIN' }: SmtpCredentials): Promise<string> {
    return this.replyTo((done) =>
      this.connection.login({ method, credentials: { user: username, pass: password } }, done),
    );
  }

  /** Sends a message. The reply that refused it, with the command that it refuses, or the last one. */
  send(from: string, to: string): Promise<string> {
    return this.replyTo((done) => this.connection.send({ from, to }, 'Subject: test\r\n\r\ntest\r\n', done), true);
  }

  close(): void {
    this.connection.close();
  }

  private replyTo(
    ask: (done: (error: { response?: string | undefined; command?: string | undefined } | null) => void) => void,
    withCommand = false,
  ): Promise<string> {
    return new Promise((resolve) => {
      const closed = () => resolve(CLOSED);
      this.connection.once('end', closed);
      ask((error) => {
        this.connection.off('end', closed);
        const reply = error ? (error.response ?? CLOSED) : this.connection.lastServerResponse || '';
        resolve(error && withCommand ? `${error.command}: ${reply}` : reply);
      });
    });
  }
}

/** Logs in on a connection of its own; the server's reply to AUTH, or `connection closed`. */
export async function smtpLogin(options: SmtpOptions & SmtpCredentials): Promise<string> {
  let session: SmtpSession;
  try {
    session = await SmtpSession.open(options);
  } catch {
    return CLOSED;
  }
  const reply = await session.login(options);
  session.close();
  return reply;
}

async function proxied(options: TcpNetConnectOpts, client: string): Promise<Socket> {
  const socket = connect(options);
  await once(socket, 'connect');
  const [family, server] = client.includes(':') ? ['TCP6', '2001:db8::25'] : ['TCP4', '192.0.2.25'];
  socket.write(client === 'UNKNOWN' ? 'PROXY UNKNOWN\r\n' : `PROXY ${family} ${client} ${server} 40000 587\r\n`);
  return socket;
}
