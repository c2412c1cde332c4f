"""What runs in the container: bag, stage in, run, stage out, record."""
