"""What runs in the job of a sub-workflow: plan, submit, wait; or go on where another one stopped.

It exits 0 or 1 as the run ends, with the code of the error where there is one, and 75 where
another attempt may do better. Then, and when it is told to end, the jobs of the sub-workflow go on,
and the next attempt takes them up.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pegbatch.adapters.clock import SystemClock
from pegbatch.adapters.restored_runs import read_known_run
from pegbatch.adapters.store import store_from_environment
from pegbatch.cli.choice import Wishes
from pegbatch.cli.driving import drive
from pegbatch.cli.nesting.attaching import attach
from pegbatch.cli.nesting.host import read_host
from pegbatch.cli.nesting.last_words import Submissions, last_words
from pegbatch.cli.nesting.orders import Orders, read_orders
from pegbatch.cli.nesting.planning import plan_nested
from pegbatch.cli.telling import say, told
from pegbatch.cli.wiring import open_run
from pegbatch.errors import (
    EXIT_BUG,
    InputError,
    JobServiceUnreachable,
    PegbatchError,
    PlanError,
    RunLocked,
    StoreUnreachable,
    SubmitUnclear,
)

EXIT_AGAIN = 75
"""Source: docs/formats.md, "Retry rule"."""
PASSING = (JobServiceUnreachable, RunLocked, StoreUnreachable, SubmitUnclear, OSError)
"""What another attempt may not meet again."""
ADVICE = (
    "this is planned in the run: mend what writes the file, or the outer workflow or its catalogs; "
    "then plan that again, and run it"
)
"""What the user of the outer run can do, who reads this in its log."""
FOLDER = ".pegbatch-sub-workflow"
"""In the task's directory, for files of our own."""


def main(orders: str) -> NoReturn:
    """Run the sub-workflow that a file of orders names, and end the process."""
    signal.signal(signal.SIGTERM, _leave)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="pegbatch: %(message)s")
    sys.exit(_exit_code(Path(orders)))


def _exit_code(path: Path) -> int:
    try:
        return _run(read_orders(path))
    except PASSING as error:
        say(f"pegbatch: {error}; to be tried again")
        return EXIT_AGAIN
    except PegbatchError as error:
        say(told(error.problems))
        if isinstance(error, (InputError, PlanError)):
            say(f"  {ADVICE}")
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return EXIT_BUG


def _run(orders: Orders) -> int:
    store = store_from_environment(os.environ)
    wanted = [url for file in orders.outputs if not file.optional for url in file.urls]
    known = read_known_run(store, orders.run)
    host = read_host(known, orders.task, os.environ, tuple(wanted))
    folder = Path(FOLDER).absolute()
    folder.mkdir()
    submit_dir = attach(store, host, folder, now=SystemClock().now())
    if submit_dir is None:
        submit_dir = plan_nested(orders, store, folder)
    say(f"pegbatch: the run of the sub-workflow is {host.run_url}")
    is_local = host.local_folder is not None
    run = open_run(submit_dir, host)
    state = drive(run, Wishes(local=is_local, aws=not is_local, wire=host.wire), Submissions().look)
    say(last_words(run, state))
    return 0 if state.outcome == "succeeded" else 1


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    say("pegbatch: told to end; the jobs of the sub-workflow go on")
    sys.exit(EXIT_AGAIN)
