/** Whether an entry is honoured at `at`: it ends at the very millisecond of its `expiresAt`. */
export function isLive(entry: { readonly expiresAt: string | null }, at: Date): boolean {
  return entry.expiresAt === null || at.getTime() < Date.parse(entry.expiresAt);
}
