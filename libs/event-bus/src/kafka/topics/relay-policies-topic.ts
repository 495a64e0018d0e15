import { RELAY_POLICIES_TOPIC } from '@postern/contracts';
import type { TopicSettings } from './topic-settings.js';

/** Written from the read model: the last message of a username is its whole state, and compaction keeps that. */
export const RELAY_POLICIES: TopicSettings = { topic: RELAY_POLICIES_TOPIC, cleanup: 'compact', retentionMs: null };
