"""What went wrong in a run: causes in words, root causes, and failures that are alike."""
