"""What `pegbatch check` does: on Amazon, and on the embedded AWS."""
