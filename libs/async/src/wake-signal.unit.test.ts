import { describe, expect, it } from '@jest/globals';
import { WakeSignal } from './wake-signal.js';

const LONG = 3_600_000;

describe('a wake signal', () => {
  it('ends a wait', async () => {
    const signal = new WakeSignal();
    const waiting = signal.wait(LONG);
    signal.wake();
    await expect(waiting).resolves.toBe(true);
  });

  it('keeps a wake for the next wait, once', async () => {
    const signal = new WakeSignal();
    signal.wake();
    signal.wake();
    await expect(signal.wait(LONG)).resolves.toBe(true);
    await expect(signal.wait(1)).resolves.toBe(false);
  });

  it('does not end a pause, but keeps the wake for the wait after it', async () => {
    const signal = new WakeSignal();
    const pausing = signal.pause(1);
    signal.wake();
    await pausing;
    await expect(signal.wait(LONG)).resolves.toBe(true);
  });

  it.each(['wait', 'pause'] as const)('ends a %s when it is closed, and every later one', async (method) => {
    const signal = new WakeSignal();
    const first = signal[method](LONG);
    signal.close();
    await first;
    await signal[method](LONG);
    expect(signal.closed).toBe(true);
  });
});
