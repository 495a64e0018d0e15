import { counter } from '@postern/observe';

export const loginsStored = counter(
  'postern_logins_stored_total',
  'Allowed logins that relays reported and Postern counted.',
);

export const loginsRejected = counter(
  'postern_logins_rejected_total',
  'Records of logins that were rejected, by reason.',
  ['reason'],
);

export const loginBatchesRepeated = counter(
  'postern_login_batches_repeated_total',
  'Batches of logins that were sent again. They are not counted twice.',
);

export const loginsNotKept = counter(
  'postern_logins_not_kept_total',
  'Logins that were counted without their address, because their SMTP user had too many addresses that day.',
);

export const sourcesDeleted = counter(
  'postern_sources_deleted_total',
  'Rows of observed sources (one for each SMTP user, address and day) that were deleted, because they are older than the retention period.',
);
