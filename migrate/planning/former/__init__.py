"""After an upgrade: former images found and brought back; back to a checkpoint."""
