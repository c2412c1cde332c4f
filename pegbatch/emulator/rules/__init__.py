"""What AWS Batch accepts and decides: pure functions over request bodies."""
