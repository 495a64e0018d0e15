/** The names that an operator gives. What they stand for is loaded by the commands that need it. */
export const READ_MODEL_NAMES = ['relay-policies', 'tenant-replies', 'directory', 'changes', 'denials'] as const;
export type ReadModelName = (typeof READ_MODEL_NAMES)[number];

/** What the topics are called after `postern.` and before their version. */
export const TOPIC_NAMES = ['smtp-users', 'auth-denials', 'tenants', 'relay-policies'] as const;
export type TopicName = (typeof TOPIC_NAMES)[number];
