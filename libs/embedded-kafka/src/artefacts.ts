import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The broker's version: the one that docker-compose.yml has, too. */
export const KAFKA_VERSION = '4.3.1';
const SCALA_VERSION = '2.13';
const SLF4J_VERSION = '1.7.36';
/** 93 jars, 54 MB: some 30 s the first time. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** What the machine has not, as a sentence that says what to install; null where a broker can run. */
export async function kafkaMissing(): Promise<string | null> {
  const missing: string[] = [];
  if (!(await runs('java', ['-version']))) missing.push('Java 17 or newer (Debian: openjdk-17-jre-headless)');
  if (!(await runs('mvn', ['-version']))) missing.push('Maven (Debian: maven)');
  return missing.length === 0 ? null : `A Kafka broker without Docker needs ${missing.join(' and ')}.`;
}

/**
 * The folder with the broker's jars below `cacheDir`, from Maven's artefacts; kept between runs. Made beside its place and
 * moved there when whole. Throws an `Error` that says what to do.
 */
export async function kafkaJars(cacheDir: string): Promise<string> {
  const jars = join(cacheDir, `kafka-${KAFKA_VERSION}`);
  if (existsSync(jars)) return jars;
  const missing = await kafkaMissing();
  if (missing !== null) throw new Error(missing);
  const making = `${jars}.${process.pid}.making`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  const pom = join(making, 'pom.xml');
  await writeFile(pom, POM);
  try {
    await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${making}`]);
    await rm(pom);
    // Another process may have been faster: its folder is as good.
    await rename(making, jars).catch((error: unknown) => {
      if (!existsSync(jars)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return jars;
}

const artefact = (group: string, name: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;

const POM = `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>postern</groupId>
  <artifactId>broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    ${artefact('org.apache.kafka', `kafka_${SCALA_VERSION}`, KAFKA_VERSION)}
    ${artefact('org.apache.kafka', 'kafka-tools', KAFKA_VERSION)}
    ${artefact('org.slf4j', 'slf4j-simple', SLF4J_VERSION)}
  </dependencies>
</project>
`;

function runs(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((done) => {
    execFile(program, args, { timeout: 30_000 }, (error) => done(error === null)).stdin?.end();
  });
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    execFile(program, args, { timeout: DOWNLOAD_TIMEOUT_MS }, (error, stdout, stderr) => {
      if (!error) return done();
      const said = (stdout + stderr).trim().split('\n').slice(-5).join('\n');
      fail(
        new Error(`Maven could not fetch Kafka ${KAFKA_VERSION}. Is its repository reachable?\n${said}`, {
          cause: error,
        }),
      );
    }).stdin?.end();
  });
}
