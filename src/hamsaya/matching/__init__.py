"""Names across scripts: matching keys for private hit/no-hit, and a ranked list with reasons for analysts."""
