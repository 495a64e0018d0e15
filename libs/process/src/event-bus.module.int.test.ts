import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { migrate } from '@postern/database';
import { journalSchema } from '@postern/event-store';
import { createTestDatabase, type TestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { loadSettings, SettingsModule } from '@postern/settings';
import { feedDataSource } from './event-bus.module.js';

let database: TestDatabase;
let app: INestApplicationContext;
beforeAll(async () => {
  database = await createTestDatabase('journal', (url) => migrate(url, journalSchema));
  const settings = SettingsModule.forRoot({ ...loadSettings({}), databaseUrl: database.url });
  app = await NestFactory.createApplicationContext(
    { module: class {}, imports: [settings, feedDataSource] },
    { logger: false },
  );
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

it('the server soon ends a transaction in which a frozen publisher holds back its checkpoint, and all later events', async () => {
  const feed = app.get<DataSource>(getDataSourceToken('postern_feed'));
  expect(await feed.query('SHOW idle_in_transaction_session_timeout')).toEqual([
    { idle_in_transaction_session_timeout: '5s' },
  ]);
});
