export { Backoff } from './backoff.js';
export { BatchedLookUp } from './batched-look-up.js';
export { Deadline, endsWithin } from './deadline.js';
export { KeyedQueue } from './keyed-queue.js';
export { Semaphore } from './semaphore.js';
export { WakeSignal } from './wake-signal.js';
