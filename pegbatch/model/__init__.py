"""Frozen nouns: what the rooms hand to each other. Imports nothing but `errors`."""
