import type { RelayPolicy } from '@postern/contracts';

/** For tests: takes a snapshot and reads all of it. */
export async function takeSnapshot(
  url: string,
  key: string,
): Promise<{ readonly revision: number; readonly policies: RelayPolicy[]; readonly response: Response }> {
  const response = await fetch(`${url}/v1/relay/policies`, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  const policies = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as RelayPolicy]));
  return { revision: Number(response.headers.get('postern-revision')), policies, response };
}
