declare const brand: unique symbol;

/** A username's comparison form: A to Z in lower case. Usernames differ only if these do. */
export type UsernameKey = string & { readonly [brand]: 'UsernameKey' };

/** 1 to 254 printable ASCII characters without white space (DESIGN: ids and names). */
const USERNAME = /^[\x21-\x7e]{1,254}$/;

/** Whether `text` may be a username. */
export function isUsername(text: string): boolean {
  return USERNAME.test(text);
}

/**
 * The form in which usernames are compared: A to Z in lower case, all else unchanged. By Unicode's rules the Kelvin sign would become a `k`,
 * and a text that is no username would name somebody's.
 */
export function usernameKey(username: string): UsernameKey {
  return (
    /[A-Z]/.test(username) ? username.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : username
  ) as UsernameKey;
}
