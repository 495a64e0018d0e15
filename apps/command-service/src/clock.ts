import type { Provider } from '@nestjs/common';

/** Now, for what events and decisions say about time; a test may set it. */
export type Clock = () => Date;

/** The token under which the `Clock` is injected. */
export const CLOCK = Symbol('clock');

export const systemClock: Provider = { provide: CLOCK, useValue: () => new Date() };
