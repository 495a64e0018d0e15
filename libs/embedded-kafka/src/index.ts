export { KAFKA_VERSION, kafkaMissing } from './artefacts.js';
export { startKafkaBroker, type KafkaAccount, type KafkaBroker, type KafkaBrokerOptions } from './broker.js';
export { freePort } from './free-port.js';
