/** What was received is no message of Postern's, or a broken one. The message says what is wrong with it, and repeats nothing of it. */
export class MessageUnreadable extends Error {
  override readonly name = 'MessageUnreadable';
  constructor(why: string) {
    super(`The message ${why}.`);
  }
}
