import { createRequire } from 'node:module';

/** What of kafkajs's queue of requests is used here; each connection has one. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Milliseconds since 1970; -1 where the broker never throttled. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
  prototype: RequestQueue;
};
const schedule = prototype.scheduleCheckPendingRequests;

/**
 * kafkajs 2.2.4 looks at the queue of a connection by a timer also where nothing waits in it, and computes a time in the past for that:
 * once a millisecond, for ever, on each connection. Node 26 tells of it by a `TimeoutNegativeWarning`. Where nothing waits there is
 * nothing to look at; whatever comes to wait sets its timer itself.
 */
prototype.scheduleCheckPendingRequests = function scheduleWhereSomethingWaits(this: RequestQueue): void {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
};
