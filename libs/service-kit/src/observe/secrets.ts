const TAKEN_OUT = '[taken out]';

/** An API key wherever it stands, also cut short or percent-encoded: the id stays, which is no secret. */
const API_KEY = /(pst(?:_|%5F)[a-z]{1,16}(?:_|%5F)[A-Za-z0-9-]{1,64}(?:_|%5F))[A-Za-z0-9-]+/gi;
/** The password in a connection URL of any scheme. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"\\]{0,256}:)[^\s/@"\\]{1,1024}@/gi;
/** What stands behind a scheme of the header `Authorization`. */
const AUTHORIZATION = /\b((?:Bearer|Basic)\s+)(?!pst_)[A-Za-z0-9._~+/=-]{8,}/gi;

/** Makes the last line of defence: what takes keys, and the secrets that are given, out of a text that will be logged. */
export function secretsRemover(secrets: readonly string[]): (text: string) => string {
  // A short one would take harmless words apart; a database with such a password has other troubles.
  const own = secrets.filter((secret) => secret.length >= 6).map((secret) => JSON.stringify(secret).slice(1, -1));
  return (text) => {
    const cleaned = text
      .replace(API_KEY, `$1${TAKEN_OUT}`)
      .replace(URL_PASSWORD, `$1${TAKEN_OUT}@`)
      .replace(AUTHORIZATION, `$1${TAKEN_OUT}`);
    return own.reduce((line, secret) => line.replaceAll(secret, TAKEN_OUT), cleaned);
  };
}
