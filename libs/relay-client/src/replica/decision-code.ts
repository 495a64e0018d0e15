/**
 * What a replica finds, as a number, so that the path of a decision allocates nothing. The four states of DESIGN's first
 * invariant stay apart: UNKNOWN, UNRESTRICTED, restricted (MATCHED or a mismatch), restricted with NO_LIVE_ENTRY.
 */
export const UNKNOWN = 0;
export const UNRESTRICTED = 1;
export const MATCHED = 2;
/** From here on: mismatches. */
export const NOT_AUTHORIZED = 3;
export const NO_LIVE_ENTRY = 4;
export const SOURCE_IP_INVALID = 5;
/** Added to a mismatch whose user is in `report-only`: it is recorded, and let through unless it is SOURCE_IP_INVALID. */
export const IN_REPORT_ONLY = 8;

export type DecisionCode = number;
