"""How a run stands now: counts, speed, cost so far, and why it does not start."""
