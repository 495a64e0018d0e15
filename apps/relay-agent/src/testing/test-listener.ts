import { Listener, type Serve } from '../listen/listener.js';

export interface TestListener {
  readonly listener: Listener;
  /** The names of the errors that ended connections. */
  readonly errors: string[];
}

/** A listener on a free port, as the agent has it. */
export async function startListener(serve: Serve): Promise<TestListener> {
  const errors: string[] = [];
  const listener = await Listener.listen({
    address: { host: '127.0.0.1', port: 0 },
    access: { mode: 0o600, owner: null },
    setting: 'the test',
    maxConnections: 10,
    idleMs: 10_000,
    serve,
    onError: (error) => errors.push(error.name),
  });
  return { listener, errors };
}
