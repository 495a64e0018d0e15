/** Of the process at the URL alone, without PostgreSQL: it says more than the clock where others use the cores too. */
export async function cpuSeconds(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
}
