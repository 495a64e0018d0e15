/** The CPU time of the process at the URL, without PostgreSQL. It depends less on other load than the clock. */
export async function cpuSeconds(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
}
