import { listenerFigures } from '@postern/database';
import { counter, gauge } from '@postern/observe';

export const wakes = counter(
  'postern_wakes_total',
  'How often a change was found in the database, after a notification or by a poll',
  ['listener', 'by'],
  (metric) => {
    metric.reset();
    for (const { name, found } of listenerFigures()) {
      metric.inc({ listener: name, by: 'notification' }, found.notification);
      metric.inc({ listener: name, by: 'poll' }, found.poll);
    }
  },
);

export const listening = gauge(
  'postern_listener_connected',
  '1 while the connection of the listener answers its probes. Otherwise changes are found by polls, a second late.',
  ['listener'],
  (metric) => {
    metric.reset();
    for (const { name, listening } of listenerFigures()) metric.set({ listener: name }, listening ? 1 : 0);
  },
);
