import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

const MARK = 'BENCH_OWN_NETWORK';

/** Whether this process runs in a network that `runInOwnNetwork` made. */
export const hasOwnNetwork = process.env[MARK] === 'yes';

/**
 * Runs this program again in a network of its own, which has a loopback and nothing else, so that cuts concern nobody else on the machine.
 * Resolves to the exit code. Needs Linux, root, `unshare`, `ip` and `iptables`.
 */
export async function runInOwnNetwork(): Promise<number> {
  const [program, ...args] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(
    'unshare',
    ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', program ?? '', ...args],
    {
      stdio: 'inherit',
      env: { ...process.env, [MARK]: 'yes' },
    },
  );
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0)
    console.error('The bench failed. It needs Linux, root, and Debian’s iproute2, iptables and util-linux.');
  return code ?? 1;
}

/**
 * Drops packets from and to a TCP port of the loopback, without a word to either side. `share`: of the packets, 0 to 1. Returns what ends it.
 */
export function dropPackets(port: number, share: number): () => void {
  if (!hasOwnNetwork) throw new Error('Packets are dropped in a network of the bench’s own alone.');
  const loss = share < 1 ? ['-m', 'statistic', '--mode', 'random', '--probability', String(share)] : [];
  const rules = ['--dport', '--sport'].map((which) => [
    'INPUT',
    '-i',
    'lo',
    '-p',
    'tcp',
    which,
    String(port),
    ...loss,
    '-j',
    'DROP',
  ]);
  for (const rule of rules) execFileSync('iptables', ['-A', ...rule]);
  return () => {
    for (const rule of rules) execFileSync('iptables', ['-D', ...rule]);
  };
}
