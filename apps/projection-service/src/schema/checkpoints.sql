-- When a consumer had first caught up behind its checkpoint. A read model is complete from then on, and half-filled before:
-- no process gives it to relays. It is kept with the checkpoint, so that who empties the one empties the other.
ALTER TABLE projection.checkpoints ADD COLUMN caught_up_at timestamptz;
GRANT SELECT (consumer, caught_up_at) ON projection.checkpoints TO postern_relay_reader;
