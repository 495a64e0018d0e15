/** A policy that the control plane sent and this relay can't read. Nothing of it is applied; the old one of its user stays. */
export class PolicyUnreadable extends Error {
  override readonly name = 'PolicyUnreadable';

  constructor(
    readonly field: string,
    found: string,
  ) {
    super(
      `A relay policy has no readable ${field}: ${JSON.stringify(found.slice(0, 100))}. ` +
        'Compare the versions of this relay and of the control plane; until then the last policies stay in force.',
    );
  }
}
