"""What `pegbatch-aws-batch` does: one module a use case."""
