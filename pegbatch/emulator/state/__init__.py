"""The scheduler's state machine: events in, effects out; no clock, process or file."""
