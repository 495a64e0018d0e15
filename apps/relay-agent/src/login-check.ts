import type { Decision } from '@postern/relay-client';

/** The mail server has checked the password. */
export interface Login {
  readonly username: string;
  /** Undefined if the mail server sent none. It then counts as unreadable. */
  readonly ip: string | undefined;
}

/** Decides a login. A denial is on disk when this resolves. Never rejects. */
export type LoginCheck = (login: Login) => Promise<Decision>;

/** Whether the client must get the same answer as to a wrong password. */
export function isOpaque({ reply }: Decision): boolean {
  return reply?.enhanced === '5.7.8';
}
