"""The embedded AWS: Batch and Logs on a loopback port, buckets as directories."""
