export const POLICIES_CONSUMER = 'relay-policies';

/** SQL: the consumer has caught up since its checkpoint was empty. Relays could not notice a table that is still being filled: its digest fits. */
export const POLICIES_COMPLETE = `(
  EXISTS (SELECT FROM projection.checkpoints WHERE consumer = '${POLICIES_CONSUMER}' AND caught_up_at IS NOT NULL))`;
