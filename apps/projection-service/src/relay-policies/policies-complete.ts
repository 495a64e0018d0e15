/** The name of the consumer that keeps the relay policies, and of its checkpoint. */
export const POLICIES_CONSUMER = 'relay-policies';

/** And of the one that keeps the tenants' replies. */
export const REPLIES_CONSUMER = 'tenant-replies';

/**
 * SQL, true where the relay policies and the tenants' replies are complete: their consumers have caught up at least once since their
 * checkpoints were empty. A table that is being filled has a digest that fits what is in it, so a relay could not tell that users are
 * missing; and of the replies it would take those that a stream begins with for all.
 */
export const POLICIES_COMPLETE = `(
  SELECT count(DISTINCT consumer) = 2 FROM projection.checkpoints
   WHERE consumer IN ('${POLICIES_CONSUMER}', '${REPLIES_CONSUMER}') AND caught_up_at IS NOT NULL)`;
