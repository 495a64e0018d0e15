import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.js';

/** The version of docker-compose.yml. */
export const KAFKA_VERSION = '4.3.1';
const SCALA_VERSION = '2.13';
const SLF4J_VERSION = '1.7.36';
/** 93 jars, 54 MB: about 30 s the first time. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
const MAX_REASON = 300;

/** What to install, in a sentence; null if nothing is missing. */
export async function kafkaMissing(): Promise<string | null> {
  const missing = (await hasJava()) ? [] : [JAVA];
  if (!(await run('mvn', ['-version'], 30_000)).ok) missing.push('Maven (Debian: maven)');
  return missing.length === 0 ? null : `A Kafka broker without Docker needs ${missing.join(' and ')}.`;
}

/** The folder with the broker's jars below `cacheDir`. Renamed at the end, so that a killed download leaves no half folder. @throws an `Error`. */
export async function kafkaJars(cacheDir: string): Promise<string> {
  const jars = join(cacheDir, `kafka-${KAFKA_VERSION}`);
  if (existsSync(jars)) {
    if (await hasJava()) return jars;
    throw new Error(`A Kafka broker without Docker needs ${JAVA}. Install it, then start again.`);
  }
  const missing = await kafkaMissing();
  if (missing !== null) throw new Error(`${missing} Install what is missing, then start again.`);
  const temporary = `${jars}.${process.pid}.making`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const pom = join(temporary, 'pom.xml');
  await writeFile(pom, POM);
  try {
    await fetchJars(pom, temporary);
    await rm(pom);
    // Another process was faster; its folder is the same.
    await rename(temporary, jars).catch((error: unknown) => {
      if (!existsSync(jars)) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
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

const JAVA = 'Java 17 or newer (Debian: openjdk-17-jre-headless)';
const OLDEST_JAVA = 17;

async function hasJava(): Promise<boolean> {
  const found = await run('java', ['-version'], 30_000);
  return found.ok && Number(/version "(\d+)/.exec(found.output)?.[1]) >= OLDEST_JAVA;
}

async function fetchJars(pom: string, folder: string): Promise<void> {
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
  const { ok, output } = await run('mvn', args, DOWNLOAD_TIMEOUT_MS);
  if (ok) return;
  const reason = /^\[ERROR\] (.+?)\.?(?: -> \[Help 1\])?$/m.exec(output)?.[1] ?? output.trim().split('\n').at(-1) ?? '';
  throw new Error(
    `Maven could not fetch Kafka ${KAFKA_VERSION}: ${reason.slice(0, MAX_REASON)}. ` +
      'Check that Maven can write to its folder (~/.m2) and reach its repository (mirrors and proxies: ~/.m2/settings.xml), then start again.',
  );
}
