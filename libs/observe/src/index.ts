export { BUILD, type Build } from './build.js';
export { type Lag, observeLag } from './consumer-metrics.js';
export { observeHalted } from './consumer-metrics.js';
export { CHECK_TIMEOUT_MS, Readiness, type ReadinessCheck } from './health.js';
export { LOG_BUFFER_BYTES, NestLogger, createLogger } from './logger.js';
export { collectProcessMetrics, counter, delayHistogram, gauge, metrics } from './metrics.js';
