import type { Decision } from '@postern/relay-client';

/** A login with a correct password, as a mail server reports it. */
export interface Login {
  readonly username: string;
  /** The client's address as text; undefined if the mail server sent none. Then it counts as unreadable. */
  readonly ip: string | undefined;
}

/** Decides a login. A denial is on disk when this resolves. Never rejects. */
export type LoginCheck = (login: Login) => Promise<Decision>;

/** Whether the client must get the same answer as to a wrong password. */
export function isOpaque({ reply }: Decision): boolean {
  return reply?.enhanced === '5.7.8';
}

/** The text cannot add a line, header or field to any answer. Postern accepts no other text; this is a second check. */
export function withPrintableText(decision: Decision): Decision {
  const { reply } = decision;
  if (reply === null || /^[\x20-\x7e]*$/.test(reply.text)) return decision;
  return { ...decision, reply: { ...reply, text: reply.text.replaceAll(/[^\x20-\x7e]/g, '?') } };
}
