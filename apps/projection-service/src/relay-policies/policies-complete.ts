export const POLICIES_CONSUMER = 'relay-policies';

/**
 * SQL that is true if the relay policies are complete: their consumer has caught up since its checkpoint was empty. A
 * relay could not see that the table is still being filled, because its digest fits what it has.
 */
export const POLICIES_COMPLETE = `(
  EXISTS (SELECT FROM projection.checkpoints WHERE consumer = '${POLICIES_CONSUMER}' AND caught_up_at IS NOT NULL))`;
