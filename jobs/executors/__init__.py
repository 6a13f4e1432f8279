"""Where shards are performed: here, in processes of this machine, or on many machines."""
