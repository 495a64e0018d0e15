/** The name of the publisher's checkpoint. */
export const PUBLISHER = 'publisher';
/** The table in which it stands: that of who reads the journal's feed to send it on. */
export const CHECKPOINTS = 'journal.checkpoints';
