import type { Provider } from '@nestjs/common';

export type Clock = () => Date;

export const CLOCK = Symbol('clock');

export const systemClock: Provider = { provide: CLOCK, useValue: () => new Date() };
