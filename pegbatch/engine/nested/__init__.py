"""Seeing through the nesting: runs of sub-workflows within a run."""
