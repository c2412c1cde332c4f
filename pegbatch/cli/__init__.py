"""The command line: options to plain values, use case, print, exit code."""
