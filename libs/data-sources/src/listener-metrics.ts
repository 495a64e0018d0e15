import { listenerFigures } from '@postern/database';
import { Counter, Gauge } from 'prom-client';
import { metrics } from '@postern/observe';

export const wakes = new Counter({
  name: 'postern_wakes_total',
  help: 'Times that something new was found in the database, by what made the process look: a notification, or a poll because none came.',
  labelNames: ['listener', 'by'],
  registers: [metrics],
  collect() {
    this.reset();
    for (const { name, found } of listenerFigures()) {
      this.inc({ listener: name, by: 'notification' }, found.notification);
      this.inc({ listener: name, by: 'poll' }, found.poll);
    }
  },
});

export const listening = new Gauge({
  name: 'postern_listener_connected',
  help: '1 while the listener has a connection that answers its probes; otherwise changes are found by polls, a second late.',
  labelNames: ['listener'],
  registers: [metrics],
  collect() {
    this.reset();
    for (const { name, listening } of listenerFigures()) this.set({ listener: name }, listening ? 1 : 0);
  },
});
