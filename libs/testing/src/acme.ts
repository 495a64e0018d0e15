import { asking, type Ask } from './asking.js';

/** A tenant with a key for each kind of people, and what asks with it. */
export interface Acme {
  readonly operator: Ask;
  readonly admin: Ask;
  readonly relay: Ask;
  readonly adminKey: string;
  readonly relayKey: string;
}

/** Makes the tenant `acme`, an admin's key of it and a relay's key. */
export async function createAcme(url: string, operatorKey: string | null): Promise<Acme> {
  const operator = asking(url, operatorKey ?? '');
  await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
  const issue = async (path: string, role: string, name: string): Promise<string> => {
    const { status, body } = await operator('POST', path, { role, name });
    if (status !== 201) throw new Error(`No key of the role ${role}: ${JSON.stringify(body)}`);
    return body.key;
  };
  const adminKey = await issue('/v1/tenants/acme/api-keys', 'admin', 'ci');
  const relayKey = await issue('/v1/api-keys', 'relay', 'mx1');
  return { operator, admin: asking(url, adminKey), relay: asking(url, relayKey), adminKey, relayKey };
}
