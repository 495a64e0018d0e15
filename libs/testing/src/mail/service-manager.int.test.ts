import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithPrograms } from '../programs.js';
import { holdingSocket } from './service-manager.js';

describeWithPrograms(describe, 'a command on the socket of its manager', { python3: 'python3' }, () => {
  it('is all that SIGTERM ends, also while the manager starts it again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-manager-'));
    for (let delayMs = 0; delayMs < 10; delayMs++) {
      const [program = '', ...args] = holdingSocket(join(folder, `${delayMs}`), 'socket');
      // In a process group of its own, which a signal to pid 0 would end.
      const manager = spawn(program, [...args, 'sh', '-c', 'echo runs; exec sleep 60'], { detached: true });
      const ended = once(manager, 'exit');
      const errors = text(manager.stderr);
      const lines = createInterface({ input: manager.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('runs');
      manager.kill('SIGHUP');
      expect((await lines.next()).value).toBe('The command ended.');
      await sleep(delayMs);
      manager.kill('SIGTERM');
      // 256 - 15: the command ended by SIGTERM.
      expect([await ended, await errors]).toEqual([[241, null], '']);
    }
    await rm(folder, { recursive: true });
  });
});
