/** How a process reaches Kafka, and what it makes there. */
export interface KafkaSettings {
  /** `host:port`; those that the client asks first. */
  readonly brokers: readonly string[];
  /** `ca`: certificates in PEM that are trusted instead of the system's; null: the system's. */
  readonly tls: { readonly ca: string | null } | null;
  readonly sasl: KafkaLogin | null;
  /** Of each topic that is made. A topic that is there must have as many. */
  readonly partitions: number;
  /** Of each topic that is made; null: three, or as many as there are brokers. */
  readonly replication: number | null;
}

export interface KafkaLogin {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

export const DEFAULT_PARTITIONS = 12;
