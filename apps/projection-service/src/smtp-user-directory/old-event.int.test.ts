import { insertBackdated, UserStory, until } from '@postern/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import type { SmtpUserEvent } from '@postern/contracts';
import { createWorld, type World } from '../testing/projection-app.js';

const SAMPLE = join(import.meta.dirname, '../../../../libs/contracts/samples/RestrictionAdded.v1.json');

let world: World | undefined;
afterAll(() => world?.end());

it('an event of an old schema version comes through the journal and the read models to its readers', async () => {
  world = await createWorld();
  await world.newTenant('acme');
  const headers = { authorization: `Bearer ${await world.newKey('admin', 'acme')}` };
  const story = new UserStory()
    .registered('app@acme.example')
    .did(JSON.parse(readFileSync(SAMPLE, 'utf8')) as SmtpUserEvent);
  const dates = ['2025-01-01T00:00:00.000Z', '2025-02-01T00:00:00.000Z'];
  await insertBackdated(
    world.database.url,
    story.history.map((happened, i) => ({ at: dates[i] ?? '', happened })),
  );
  const { app } = await world.start();
  const url = `/v1/tenants/acme/smtp-users/${story.smtpUserId}/restriction`;
  await until(async () => (await app.inject({ url, headers })).statusCode === 200, 'the restriction');

  const entry = {
    id: '0198c0de-0000-7000-8000-0000000000e1',
    range: '2001:db8::/64',
    typed: '2001:db8::/64',
    note: null,
    addedBy: 'ci',
    addedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    live: true,
  };
  expect((await app.inject({ url, headers })).json()).toMatchObject({ version: 2, entries: [entry] });
  const relay = { authorization: `Bearer ${await world.newKey('relay')}` };
  const policies = await app.inject({ url: '/v1/relay/policies', headers: relay });
  expect(JSON.parse(policies.body)).toMatchObject({ entries: [{ range: '2001:db8::/64', expiresAt: null }] });
});
