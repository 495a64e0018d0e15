import {
  DENIAL_REASONS,
  ROLES,
  type DecisionKind,
  type DenialReason,
  type ReasonCode,
  type Role,
} from '@postern/contracts';
import { z } from 'zod';
import { oneOf, oneOfSoFar } from '../openapi/view.js';

export const decisionView = oneOf<DecisionKind>({ allow: true, deny: true, defer: true });

export const reasonView = oneOfSoFar<ReasonCode>({
  unrestricted: true,
  'entry-matched': true,
  'ip-not-authorized': true,
  'no-live-entry': true,
  'smtp-user-unknown': true,
  'source-ip-invalid': true,
  'policy-stale': true,
});

export const denialReasonView: z.ZodType<DenialReason> = z.enum(DENIAL_REASONS).meta({ 'x-may-grow': true });

export const roleView: z.ZodType<Role> = z.enum(ROLES);
