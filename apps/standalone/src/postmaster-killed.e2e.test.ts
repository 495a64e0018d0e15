import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  pidIn,
  sendSignal,
  startPosternProcess,
  type Ask,
  type PosternProcess,
  until,
  createAcme,
} from '@postern/testing';

const LANES = 16;
const KILLS = 3;

let folder: string;
let postern: PosternProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-killed-'));
  postern = await startPosternProcess({ POSTERN_DATA_DIR: folder, POSTERN_LOG_LEVEL: 'error' });
});
afterAll(async () => {
  await postern?.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

async function killPostmaster(): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  const file = names.find((name) => name.endsWith('postmaster.pid')) ?? '';
  sendSignal(await pidIn(join(folder, file)), 'SIGKILL');
}

describe('requests in flight when the database’s postmaster dies', () => {
  it('are answered 503 where they are not answered well, never as a defect', async () => {
    const { operator, admin, relay } = await createAcme(postern.url, postern.operatorKey);
    const user = (await admin('POST', '/v1/tenants/acme/smtp-users', { username: 'app@acme.example' })).body;
    const path = `/v1/tenants/acme/smtp-users/${user.id}`;
    const entries = [{ range: '192.0.2.1' }];
    const calls: ((n: number) => ReturnType<Ask>)[] = [
      (n) => admin('POST', '/v1/tenants/acme/smtp-users', { username: `u${n}@acme.example` }),
      (n) =>
        admin('POST', '/v1/tenants/acme/smtp-users', { username: `k${n}@acme.example` }, { 'idempotency-key': `${n}` }),
      () => admin('PUT', `${path}/restriction`, { entries }, { 'if-match': '*' }),
      () => relay('POST', '/v1/relay/decisions', { username: 'app@acme.example', ip: '198.51.100.1' }),
      (n) => operator('POST', '/v1/tenants', { id: `t${n}`, name: 'T' }),
      (n) => operator('POST', '/v1/api-keys', { role: 'relay', name: `r${n}` }),
      () => admin('GET', path),
      () => admin('GET', `/v1/tenants/acme/denials`),
    ];
    const answers = new Map<string, number>();
    const wrong: unknown[] = [];
    const load = { ended: false, sent: 0 };
    const lane = async (of: number): Promise<void> => {
      while (!load.ended) {
        const n = (load.sent += 1);
        const call = calls[(of + n) % calls.length];
        const { status, body } = await (call?.(n) ?? Promise.reject(new Error('no call'))).catch((error: unknown) => {
          load.ended = true;
          throw new Error(`Postern does not answer. It printed last: ${postern.output().slice(-3_000)}`, {
            cause: error,
          });
        });
        answers.set(`${status} ${body?.code ?? ''}`, (answers.get(`${status} ${body?.code ?? ''}`) ?? 0) + 1);
        if (status >= 500 && status !== 503) wrong.push(body);
      }
    };
    const lanes = Array.from({ length: LANES }, (_, of) => lane(of));
    for (let kill = 0; kill < KILLS; kill += 1) {
      const enough = load.sent + 200;
      await until(() => load.sent >= enough);
      await killPostmaster();
      await until(async () => !(await fetch(`${postern.url}/health/ready`)).ok);
      await until(async () => (await fetch(`${postern.url}/health/ready`)).ok);
    }
    load.ended = true;
    await Promise.all(lanes);
    expect({ wrong, log: wrong.length > 0 ? postern.output() : '' }).toEqual({ wrong: [], log: '' });
    expect(answers.get('503 not-ready')).toBeGreaterThan(0);
  });
});
