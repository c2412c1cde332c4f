"""Text to model: one file per format, every problem with `file:line`, all of them at once."""
