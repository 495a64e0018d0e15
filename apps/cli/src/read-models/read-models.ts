import { changesModel, denialsModel } from '@postern/audit-trail-service';
import { directoryModel, relayPoliciesModel } from '@postern/projection-service';
import type { ReadModel } from '@postern/read-models';

/** Every read model, by the name that an operator gives. */
export const READ_MODELS: Readonly<Record<ReadModelName, ReadModel>> = {
  'relay-policies': relayPoliciesModel,
  directory: directoryModel,
  changes: changesModel,
  denials: denialsModel,
};

export const READ_MODEL_NAMES = ['relay-policies', 'directory', 'changes', 'denials'] as const;
export type ReadModelName = (typeof READ_MODEL_NAMES)[number];
