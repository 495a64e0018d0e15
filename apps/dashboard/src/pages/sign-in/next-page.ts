/** Where to go after signing in: only a page of this site, because anybody can write the link. */
export function nextPage(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/';
}
