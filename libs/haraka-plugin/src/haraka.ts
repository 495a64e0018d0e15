/** Haraka has no types. */
export interface HarakaPlugin {
  readonly config: { get(file: string, type?: 'ini' | 'list' | 'value', onChange?: () => void): unknown };
  /** Copies the methods that this plugin lacks, and registers the other one's hooks for this one. */
  inherits(plugin: string): void;
  register_hook(hook: string, method: string): void;
  logerror(text: string): void;
  check_plain_passwd?: CheckPassword;
  check_cram_md5_passwd?: CheckPassword;
}

/** `auth/auth_base` calls it with a password, or with a digest of one. */
export type CheckPassword = (
  this: HarakaPlugin,
  connection: Connection,
  user: string,
  password: string,
  answer: AnswerLogin,
) => void;

/** Without options, Haraka answers `235 2.7.0 Authentication successful` or `535 5.7.8 Authentication failed`. */
export type AnswerLogin = (
  valid: boolean,
  options?: string | { readonly code: number; readonly message: string },
) => void;

export interface Connection {
  readonly remote: { readonly ip?: string };
  readonly notes: { readonly auth_user?: string };
}

export type Next = (code?: number, message?: string) => void;

declare global {
  const DENY: number;
  const DENYSOFT: number;
}
