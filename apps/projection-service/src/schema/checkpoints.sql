-- When a consumer had first caught up. From then on its read model is complete; before, it is partly filled and no
-- process sends it to relays. Emptying the checkpoint empties this too.
ALTER TABLE projection.checkpoints ADD COLUMN caught_up_at timestamptz;
GRANT SELECT (consumer, caught_up_at) ON projection.checkpoints TO postern_relay_reader;
