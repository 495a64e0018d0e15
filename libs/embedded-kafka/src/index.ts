export { KAFKA_VERSION, kafkaMissing } from './jars.js';
export {
  prepareKafka,
  startKafkaBroker,
  type KafkaAccount,
  type KafkaBroker,
  type KafkaBrokerOptions,
} from './broker.js';
export { freePort } from './run.js';
