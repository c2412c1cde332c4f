"""What happened in a run: records, attempts and waits, put together for all who look back."""
