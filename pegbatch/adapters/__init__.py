"""The only doors outside. Kept empty so that the worker can take one of them alone."""
