import SMTPConnection from 'nodemailer/lib/smtp-connection';

export interface Login {
  readonly port: number;
  /** The source address of the connection. */
  readonly from: string;
  readonly username: string;
  readonly password: string;
}

/** Logs in over SMTP with a real client; returns the server's reply to AUTH, such as `235 Authentication successful`. */
export function smtpLogin({ port, from, username, password }: Login): Promise<string> {
  return new Promise((done, fail) => {
    const connection = new SMTPConnection({ host: '127.0.0.1', port, localAddress: from, ignoreTLS: true });
    const finish = (reply: string) => {
      connection.close();
      done(reply);
    };
    connection.once('error', fail);
    connection.connect(() => {
      connection.login({ credentials: { user: username, pass: password } }, (error) => {
        const reply = (error as { response?: string } | null)?.response;
        if (error && reply === undefined) fail(error);
        else finish(reply ?? (connection.lastServerResponse || ''));
      });
    });
  });
}
