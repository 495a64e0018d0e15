import type { PosternProcess } from './postern-process.js';

export type ServiceName = 'command-service' | 'projection-service' | 'audit-trail-service';

/** One process of a service, as the supervisor keeps it. */
export interface Instance {
  /** `command-service 1` */
  readonly name: string;
  readonly url: string;
  /** Of the present process: the supervisor reports the new one after a restart. */
  readonly pid: number;
}

/** The instances of a service, from what the supervisor printed. */
export function instancesOf(postern: PosternProcess, service: ServiceName): Instance[] {
  const output = postern.output();
  return [...output.matchAll(/^ {2}(\S+) (\d) +(http:\S+) +pid (\d+)$/gm)]
    .filter(([, name]) => name === service)
    .map(([, name, number, url = '', pid]) => {
      const again = [...output.matchAll(new RegExp(`^${name} ${number} is ready again: pid (\\d+)$`, 'gm'))].at(
        -1,
      )?.[1];
      return { name: `${name} ${number}`, url, pid: Number(again ?? pid) };
    });
}

/** The sum of a metric's values; NaN, which equals nothing, where the process does not answer. */
export async function metricOf({ url }: Pick<Instance, 'url'>, name: RegExp): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  if (!answer) return NaN;
  const lines = (await answer.text()).split('\n').filter((line) => name.test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** The value of one series by its complete name; undefined if it does not exist. */
export async function seriesOf({ url }: Instance, name: string): Promise<number | undefined> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  const line = (await answer?.text())?.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/** What `/health/ready` says: null when ready, else its text; an instance that does not answer is not ready. */
export async function missingOf({ url }: Pick<Instance, 'url'>): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok ? null : await answer.text();
  } catch (error) {
    return String(error);
  }
}
