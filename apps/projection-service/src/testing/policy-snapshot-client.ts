import type { RelayPolicy } from '@postern/contracts';

/** For tests: takes a snapshot and reads it whole. */
export async function takeSnapshot(
  url: string,
  key: string,
): Promise<{ readonly revision: number; readonly policies: RelayPolicy[]; readonly response: Response }> {
  const response = await fetch(`${url}/v1/relay/policies`, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  const policies = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as RelayPolicy]));
  return { revision: Number(response.headers.get('postern-revision')), policies, response };
}

/** For tests: polls until it holds; rejects after 10 s. */
export async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const late = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > late) throw new Error(`${what} did not come to pass`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
