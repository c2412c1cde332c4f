"""What `pegbatch debug` is made of."""
