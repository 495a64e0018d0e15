/** A record has one word for its tenant. A million records have a few thousand tenants. */
export class TenantNumbers {
  readonly ids: string[] = [];
  private readonly numbers = new Map<string, number>();

  numberOf(id: string): number {
    const existing = this.numbers.get(id);
    if (existing !== undefined) return existing;
    const number = this.ids.push(id) - 1;
    this.numbers.set(id, number);
    return number;
  }

  restore(ids: readonly string[]): void {
    for (const id of ids) this.numberOf(id);
  }
}
