/** The name of the consumer that keeps the relay policies, and of its checkpoint. */
export const POLICIES_CONSUMER = 'relay-policies';

/**
 * SQL, true where the relay policies are complete: their consumer has caught up at least once since its checkpoint was empty.
 * A table that is being filled has a digest that fits what is in it, so a relay could not tell that users are missing.
 */
export const POLICIES_COMPLETE = `EXISTS (
  SELECT FROM projection.checkpoints WHERE consumer = '${POLICIES_CONSUMER}' AND caught_up_at IS NOT NULL)`;
