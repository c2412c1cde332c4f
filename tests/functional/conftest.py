"""What every functional test may ask for."""

from __future__ import annotations

from tests.functional.seen_runs import half_failed_run, healthy_run, lost_children_run

__all__ = ["half_failed_run", "healthy_run", "lost_children_run"]
