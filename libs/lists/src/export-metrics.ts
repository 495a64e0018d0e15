import { Counter, Gauge } from 'prom-client';
import { metrics } from '@postern/observe';

const registers = [metrics];

export const exportsRunning = new Gauge({
  name: 'postern_exports_running',
  help: 'Exports (NDJSON, CSV) that are being sent',
  registers,
});

export const exportsEnded = new Counter({
  name: 'postern_exports_total',
  help: 'Exports that ended: whole, failed, left by their reader, dropped since the reader took nothing (stalled), or cut off since their key was revoked (key-revoked)',
  labelNames: ['format', 'end'],
  registers,
});
