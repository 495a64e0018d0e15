export { BUILD } from './build.js';
export { type ConsumerReport, consumerReports, observeConsumer } from './consumer-metrics.js';
export { CHECK_TIMEOUT_MS, Readiness, type ReadinessCheck } from './health.js';
export { LOG_BUFFER_BYTES, NestLogger, createLogger } from './logger.js';
export { collectProcessMetrics, counter, delayHistogram, gauge, metrics } from './metrics.js';
