/** The names that operators use. Commands load the models themselves when they need them. */
export const READ_MODEL_NAMES = ['relay-policies', 'directory', 'changes', 'denials'] as const;
export type ReadModelName = (typeof READ_MODEL_NAMES)[number];

export const TOPIC_NAMES = ['smtp-users', 'auth-denials', 'tenants', 'relay-policies'] as const;
export type TopicName = (typeof TOPIC_NAMES)[number];
