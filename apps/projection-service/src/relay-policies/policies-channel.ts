/** NOTIFY's channel for new relay policies; the payload is the revision. It only wakes: `relay_policies` is the truth. */
export const POLICIES_CHANNEL = 'projection_relay_policies';
/** The payload where not policies but the tenants' replies have changed. */
export const REPLIES_CHANGED = 'replies';
