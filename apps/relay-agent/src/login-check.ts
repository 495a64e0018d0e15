import type { Decision } from '@postern/relay-client';

/** One login whose password has proved right, as a mail server reports it. */
export interface Login {
  readonly username: string;
  /** The client's address as text; undefined if the mail server named none. It then counts as unreadable. */
  readonly ip: string | undefined;
}

/** Decides a login. A denial is on disk when this resolves. Never rejects. */
export type LoginCheck = (login: Login) => Promise<Decision>;

/** Whether the client shall get the very answer to a wrong password. */
export function isOpaque({ reply }: Decision): boolean {
  return reply?.enhanced === '5.7.8';
}

/** The decision with a text that can add no line, header or field to any protocol's answer. Postern accepts no other; this is the second lock. */
export function withPrintableText(decision: Decision): Decision {
  const { reply } = decision;
  if (reply === null || /^[\x20-\x7e]*$/.test(reply.text)) return decision;
  return { ...decision, reply: { ...reply, text: reply.text.replaceAll(/[^\x20-\x7e]/g, '?') } };
}
