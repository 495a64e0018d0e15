export { AccessRows } from './access-rows.js';
export { createAcme, type Acme } from './acme.js';
export { describeWithChromium, TestBrowser, type Visit, type VisitOptions } from './browser.js';
export * as dashboardStory from './dashboard-story.js';
export { asking, askingSignedIn, type Answer, type Ask } from './asking.js';
export { DocumentedApi, type ReceivedAnswer } from './documented-api.js';
export { DocumentedCaller, type DocumentedCall } from './documented-caller.js';
export { type ApiAnswer, type ApiContents, type ApiDocument, type ApiOperation } from './openapi-shape.js';
export { describeWithKafka } from './describe-with-kafka.js';
export { describeWithPython } from './describe-with-python.js';
export { deliverPartitioned } from './partitioned-delivery.js';
export { seededRandom, type Random } from './random.js';
export { deleteTopic, followTopic, type FollowedTopic, type ReadMessage } from './follow-topic.js';
export { describeWithNginx, hasNginx, runNginx, startNginx, type Nginx } from './nginx.js';
export { describeWithPrograms, missingPrograms } from './programs.js';
export { MailWorld } from './mail/mail-world.js';
export { POSTFIX_WITH_DOVECOT, startPostfixWithDovecot, type PostfixPorts } from './mail/postfix-with-dovecot.js';
export { makeCertificate } from './mail/certificate.js';
export { exampleFile } from './mail/configuration.js';
export { startDovecot } from './mail/dovecot.js';
export { EXIM, startExim } from './mail/exim.js';
export { HARAKA, startHaraka } from './mail/haraka.js';
export { holdingSocket } from './mail/service-manager.js';
export { smtpLogin, SmtpSession, type SmtpOptions } from './mail/smtp-session.js';
export { NetworkPath, type Direction } from './network-path.js';
export {
  runCommand,
  startCommand,
  type CommandEnd,
  type CommandLine,
  type Environment,
  type RunningCommand,
} from './run-command.js';
export { pidIn, sendSignal } from './send-signal.js';
export { sendMessage } from './send-message.js';
export { startPosternProcess, type PosternProcess } from './postern-process.js';
export { createTestDatabase, onDatabase, openClient, type TestDatabase } from './test-database.js';
export { PARTITIONS, ServicesWorld, type WorldUser } from './services-world.js';
export { instancesOf, metricOf, missingOf, seriesOf, type Instance, type ServiceName } from './instances.js';
export { until } from './until.js';
export { KAFKA_CACHE, type TestKafka } from './test-kafka.js';
export { insertDeadLetter } from './dead-letter.js';
export { insertBackdated, type Dated } from './backdated.js';
export {
  historyOf,
  METADATA,
  recorded,
  shuffledByUser,
  UserStory,
  type Happened,
  type Step,
} from './smtp-user-histories.js';
