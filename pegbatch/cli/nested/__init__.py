"""Seeing through the nesting: how commands reach the runs of sub-workflows."""
