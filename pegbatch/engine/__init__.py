"""A run: events in, state and commands out (pure), and a loop that drives the ports."""
