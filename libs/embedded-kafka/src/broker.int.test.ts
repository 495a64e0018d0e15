import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithKafka, KAFKA_CACHE } from '@postern/testing';
import { startKafkaBroker } from './broker.js';

describeWithKafka(describe, 'an embedded Kafka broker', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-kafka-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is started, killed, started again on its folder and port, and stopped', async () => {
    const options = { dataDir: join(folder, 'broker'), cacheDir: KAFKA_CACHE };
    const first = await startKafkaBroker(options);
    const [, port] = first.address.split(':');
    expect(await answers(first.address)).toBe(true);
    await first.kill();
    expect(await answers(first.address)).toBe(false);
    const second = await startKafkaBroker({ ...options, port: Number(port) });
    expect(second.address).toBe(first.address);
    expect(await answers(second.address)).toBe(true);
    await second.stop();
    await second.ended;
    expect(await answers(second.address)).toBe(false);
  });

  it('continues when another is started on its folder or port, and each such start says what to do', async () => {
    const dataDir = join(folder, 'in use');
    const broker = await startKafkaBroker({ dataDir, cacheDir: KAFKA_CACHE });
    const port = Number(broker.address.split(':')[1]);
    const log = await readFile(join(dataDir, 'broker.log'), 'utf8');
    const inUse = `Another Kafka broker (pid ${broker.pid}) is running on ${dataDir}. Stop it, or set POSTERN_DATA_DIR to another folder and POSTERN_BROKER_PORT to another port.`;
    for (const options of [{ port }, {}]) {
      const start = startKafkaBroker({ dataDir, cacheDir: KAFKA_CACHE, ...options });
      await expect(start).rejects.toMatchObject({ message: inUse });
    }
    await expect(
      startKafkaBroker({ dataDir: join(folder, 'other'), cacheDir: KAFKA_CACHE, port }),
    ).rejects.toMatchObject({
      message: `Port ${port} of 127.0.0.1 is in use. Stop the program that listens on it, or set POSTERN_BROKER_PORT to another port.`,
    });
    expect(await answers(broker.address)).toBe(true);
    expect((await readFile(join(dataDir, 'broker.log'), 'utf8')).slice(0, log.length)).toBe(log);
    await broker.stop();
  });

  it('says in one line that Java, Maven or what Maven fetches is missing', async () => {
    const java = 'A Kafka broker without Docker needs Java 17 or newer (Debian: openjdk-17-jre-headless)';
    expect(await failureOfStart(KAFKA_CACHE, { PATH: folder })).toBe(`${java}. Install it, then start again.`);
    expect(await failureOfStart(folder, { PATH: folder })).toBe(
      `${java} and Maven (Debian: maven). Install what is missing, then start again.`,
    );
    await mkdir(join(folder, '.m2'));
    await writeFile(join(folder, '.m2', 'settings.xml'), '<settings><offline>true</offline></settings>');
    expect(await failureOfStart(join(folder, 'cache'), { MAVEN_OPTS: `-Duser.home=${folder}` })).toMatch(
      /^Maven could not fetch Kafka 4\.3\.1: .+[^.]\. Check that Maven can .* then start again\.$/,
    );
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  /** In a process of its own, since its environment decides what a start finds. */
  async function failureOfStart(cacheDir: string, environment: Readonly<Record<string, string>>): Promise<string> {
    const library = pathToFileURL(join(process.cwd(), 'dist', 'libs', 'embedded-kafka', 'src', 'index.js')).href;
    const options = { dataDir: join(folder, 'none'), cacheDir };
    const code = `import { startKafkaBroker } from ${JSON.stringify(library)};
      await startKafkaBroker(${JSON.stringify(options)}).then((broker) => broker.stop(), (error) => process.stdout.write(error.message));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return text(child.stdout);
  }
});

function answers(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((done) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
