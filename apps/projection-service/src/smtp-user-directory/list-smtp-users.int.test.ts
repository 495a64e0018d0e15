import { recorded, UserStory } from '@postern/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { DataSource } from 'typeorm';
import { createWorld, type RunningApp, type World } from '../testing/projection-app.js';
import { applyDirectory } from './project/apply-directory.js';

let world: World;
let service: RunningApp;
let admin: string;
let writer: DataSource;

interface Page {
  readonly items: { readonly id: string; readonly username: string; readonly createdAt: string }[];
  readonly nextCursor: string | null;
}

const stories = Array.from({ length: 25 }, (_, i) =>
  new UserStory().registered(`Mailer-${i}@acme.example`).restricted('203.0.113.1'),
);
const removed = new UserStory().registered('mailer-gone@acme.example').removed();
const otherTenant = new UserStory('other' as TenantId).registered('mailer@other.example');

beforeAll(async () => {
  world = await createWorld();
  await world.newTenant('acme');
  admin = await world.newKey('admin', 'acme');
  writer = await openDataSource(world.database.url, 'postern_projection', { poolSize: 1 });
  const events = recorded([...stories, removed, otherTenant].flatMap((story) => story.history));
  await writer.transaction((m) => applyDirectory(m, events));
  // The first three at one instant: only their ids distinguish them.
  await writer.query(
    `UPDATE projection.smtp_users u SET created_at = created_at + greatest(0, i - 3) * interval '1 second'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS s(id, i) WHERE u.id = s.id`,
    [stories.map((story) => story.smtpUserId)],
  );
  service = await world.start();
});
afterAll(async () => {
  await writer?.destroy();
  await world?.end();
});

async function list(query = ''): Promise<{ status: number; body: Page & Record<string, unknown> }> {
  const url = `/v1/tenants/acme/smtp-users${query}`;
  const answer = await service.app.inject({ url, headers: { authorization: `Bearer ${admin}` } });
  return { status: answer.statusCode, body: answer.json() };
}

describe('the list of SMTP users', () => {
  it('shows the newest first, each as it is shown alone, without removed ones and other tenants’', async () => {
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(body.nextCursor).toBeNull();
    const newest = stories.toReversed().map((story) => story.smtpUserId);
    expect(body.items.slice(0, 22).map((item) => item.id)).toEqual(newest.slice(0, 22));
    expect(body.items.map((item) => item.id).toSorted()).toEqual(newest.toSorted());
    expect(body.items[0]).toMatchObject({
      username: 'Mailer-24@acme.example',
      restriction: { restricted: true, version: 2 },
    });
  });

  it.each([1, 7, 24, 25])('pages through all of them once, by %i', async (limit) => {
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await list(`?limit=${limit}${cursor}`);
      seen.push(...body.items.map((item) => item.id));
      if (body.nextCursor === null) break;
      expect(body.items.length).toBe(limit);
      cursor = `&cursor=${body.nextCursor}`;
    }
    const whole = (await list()).body.items.map((item) => item.id);
    expect(seen).toEqual(whole);
  });

  it('finds a part of a username in any case; no character is a pattern', async () => {
    const usernames = async (part: string) =>
      (await list(`?query=${encodeURIComponent(part)}`)).body.items.map((item) => item.username);
    expect(await usernames('mailer-7')).toEqual(['Mailer-7@acme.example']);
    expect((await usernames('ER-1')).length).toBe(11);
    expect(await usernames('%')).toEqual([]);
    expect(await usernames('mailer_7')).toEqual([]);
    expect(await usernames('mailer\\-7')).toEqual([]);
    expect(await usernames('gone')).toEqual([]);
    expect(await usernames('other')).toEqual([]);
  });

  it('continues within a search', async () => {
    const { body } = await list('?query=er-1&limit=6');
    const rest = await list(`?query=er-1&limit=6&cursor=${body.nextCursor}`);
    expect([body.items.length, rest.body.items.length, rest.body.nextCursor]).toEqual([6, 5, null]);
  });

  it('skips none and repeats none while SMTP users are registered before and after the position', async () => {
    const there = (await list('?query=mailer')).body.items.map((item) => item.id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: { body: Page } = await list(`?query=mailer&limit=6${cursor}`);
      seen.push(...body.items.map((item) => item.id));
      cursor = body.nextCursor === null ? null : `&cursor=${body.nextCursor}`;
      const later = new UserStory().registered(`mailer-later-${seen.length}@acme.example`);
      await writer.transaction((m) => applyDirectory(m, recorded(later.history)));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => there.includes(id))).toEqual(there);
  });

  it.each([
    ['?limit=0', '?limit'],
    ['?limit=501', '?limit'],
    ['?limit=ten', '?limit'],
    ['?cursor=abc', '?cursor'],
    ['?query=', '?query'],
    ['?page=2', '?page'],
  ])('refuses %s', async (query, pointer) => {
    const { status, body } = await list(query);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer }] });
  });
});
