"""pegbatch: Pegasus workflows as linked array jobs on AWS Batch."""
