export const POLICIES_CONSUMER = 'relay-policies';

export const REPLIES_CONSUMER = 'tenant-replies';

/**
 * SQL that is true if relay policies and tenants' replies are complete: their consumers have caught up since their
 * checkpoints were empty. A relay could not see that a table is still being filled, because its digest fits what it
 * has.
 */
export const POLICIES_COMPLETE = `(
  SELECT count(DISTINCT consumer) = 2 FROM projection.checkpoints
   WHERE consumer IN ('${POLICIES_CONSUMER}', '${REPLIES_CONSUMER}') AND caught_up_at IS NOT NULL)`;
