"""The logs of a run: which there are, where they lie, and a task's own part of them."""
