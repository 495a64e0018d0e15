/**
 * `true` where a schema's type and a TypeScript type are the same to the last member, `readonly` aside; else `never`,
 * so that `const _: Same<A, B> = true` does not compile.
 */
export type Same<A, B> = Exactly<Writable<A>, Writable<B>>;

type Exactly<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;

type Writable<T> = T extends string | number | boolean | null | undefined
  ? T
  : { -readonly [K in keyof T]: Writable<T[K]> };
