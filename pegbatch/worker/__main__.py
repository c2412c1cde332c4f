"""`python worker.pyz <run's URL> <array>`: what a container starts."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from pegbatch.adapters.store import store_from_environment
from pegbatch.errors import UsageError
from pegbatch.worker.main import Surroundings, leave, run_worker
from pegbatch.worker.orphans import Orphans
from pegbatch.worker.own_attempt import process_age
from pegbatch.worker.spawning import keep_files_from_programs
from pegbatch.worker.stop import Stop

COLLECT_AFTER = 50_000
"""Objects that were made and not dropped; Python's own 700 are those of some tasks."""


def main() -> None:
    """Run this child and exit."""
    _spare_collector()
    stop = Stop()
    stop.listen()
    keep_files_from_programs()
    environment = dict(os.environ)
    try:
        store = store_from_environment(environment)
    except UsageError as error:
        sys.stderr.write(f"worker: {error}\n")
        sys.exit(error.exit_code)
    around = Surroundings(
        store=store,
        environment=environment,
        folder=Path(environment.get("TMPDIR") or Path.cwd()),
        stop=stop,
        orphans=Orphans(),
        age=process_age,
    )
    code = run_worker(sys.argv[1:], around)
    stop.ignore()
    leave(code)


def _spare_collector() -> None:
    """Have Python look for cycles seldom, and not among what is here to stay: a bag makes few."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


if __name__ == "__main__":
    main()
