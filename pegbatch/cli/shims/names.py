"""Which commands there are, and where each of them lives."""

from __future__ import annotations

SHIMS = {
    "pegasus-version": "version",
    "pegasus-plan": "plan",
    "pegasus-run": "run",
    "pegasus-status": "status",
    "pegasus-analyzer": "analyzer",
    "pegasus-statistics": "statistics",
    "pegasus-remove": "remove",
    "pegasus-graphviz": "graphviz",
    "pegasus-aws-batch": "aws_batch",
    "pegasus-config": "config",
    "condor_q": "queue",
}
"""Name of the command to module in this folder, which has it as `command`."""
PROGRAMS = {"pegasus-keg": "keg"}
"""Name of a program that workflows bring to their tasks to module in this folder, copied whole."""
WATCH = "watch"
"""Module of the process that `pegasus-run` leaves; no command of anybody's."""
PEGASUS_VERSION = "5.1.3"
"""Whose commands these stand in for."""
