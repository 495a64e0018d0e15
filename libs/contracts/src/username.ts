declare const brand: unique symbol;

/** A username's comparison form: lower case. Usernames differ only if these do. */
export type UsernameKey = string & { readonly [brand]: 'UsernameKey' };

/** 1 to 254 printable ASCII characters without white space (DESIGN: ids and names). */
const USERNAME = /^[\x21-\x7e]{1,254}$/;

/** Whether `text` may be a username. */
export function isUsername(text: string): boolean {
  return USERNAME.test(text);
}

/** The form in which usernames are compared. ASCII only, so no locale and no case folding tables. */
export function usernameKey(username: string): UsernameKey {
  return username.toLowerCase() as UsernameKey;
}
