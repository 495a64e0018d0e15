/** Where to go after signing in: a page of this site alone, never where a link from elsewhere points. */
export function nextPage(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/';
}
