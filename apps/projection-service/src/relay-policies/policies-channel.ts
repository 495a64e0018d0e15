/** NOTIFY's channel, with the revision. It only wakes readers of `relay_policies`. */
export const POLICIES_CHANNEL = 'projection_relay_policies';
