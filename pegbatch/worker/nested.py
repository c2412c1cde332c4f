"""The task of a sub-workflow: its program plans a workflow, submits it and waits.

It is a process of its own, of this interpreter, which needs all of pegbatch in the image. What it
is told lies in a file of the task's directory. It puts nothing itself: the tasks of its workflow
put what it is to make, and here it is only looked whether they have.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pegbatch.errors import ObjectMissing, PegbatchError, StoreUnreachable
from pegbatch.model.manifest import FileUse, SubWorkflowLine, TaskLine
from pegbatch.model.records import StoredOutput
from pegbatch.ports import ObjectStore
from pegbatch.worker.child import Child
from pegbatch.worker.process import Ended
from pegbatch.worker.program import Program
from pegbatch.worker.stage_in import Trouble
from pegbatch.worker.stop import EXIT_AGAIN

ORDERS = ".pegbatch-sub-workflow.json"
"""In the task's directory."""
FINAL_CODES = (2, 3, 4)
"""With which it ends where the workflow cannot be planned: another try finds the same."""
GRACE_SECONDS = 10.0
START = """import sys
try:
    from pegbatch.cli.nesting.main import main
except ImportError as error:
    sys.stderr.write(
        f"a sub-workflow is planned in its container, and this image lacks the Python package "
        f"{error.name}: install pegbatch in it, or name an image that has it by the property "
        "pegbatch.sub_workflow.image\\n"
    )
    sys.exit(4)
main(sys.argv[1])
"""


class PlannerGaveUp(Exception):
    """The planner of a sub-workflow is to be started again; what it has begun goes on."""


def planner(
    child: Child, task: TaskLine, directory: Path, environment: Mapping[str, str]
) -> Program:
    """Return the program of a sub-workflow's task; what it is told is written.

    Errors: OSError.
    """
    assert task.sub_workflow is not None
    orders = directory / ORDERS
    orders.write_text(json.dumps(_orders(child, task, task.sub_workflow)))
    return Program(
        # -P: what lies in the task's directory must not be taken for modules.
        argv=(sys.executable, "-P", "-c", START, str(orders)),
        executable=sys.executable,
        directory=directory,
        environment={**environment, **task.env, "PEGBATCH_TASK_INDEX": str(task.index)},
        timeout_seconds=task.timeout_seconds,
        grace_seconds=GRACE_SECONDS,
    )


def _orders(child: Child, task: TaskLine, told: SubWorkflowLine) -> dict[str, Any]:
    return {
        "run": child.run_url,
        "task": task.id,
        "file": told.file,
        "options": told.options,
        "inputs": [_use(child, use) for use in told.inputs],
        "outputs": [_use(child, use) for use in told.outputs],
    }


def _use(child: Child, use: FileUse) -> dict[str, Any]:
    """Return a file with absolute URLs."""
    urls = {"url": child.url(use.url), "deliver": [child.url(url) for url in use.deliver]}
    others = [child.url(url) for url in use.others]
    return {**use._asdict(), **urls, "others": others}


def check_end(child: Child, ended: Ended) -> None:
    """Break off where the planner asks for another attempt or was killed, and there is one.

    Errors: PlannerGaveUp.
    """
    killed = ended.signal is not None and not ended.timed_out and not ended.checkpointed
    if (killed or ended.exit_code == EXIT_AGAIN) and not child.last_attempt:
        raise PlannerGaveUp


def made_outputs(
    child: Child, store: ObjectStore, outputs: Iterable[FileUse]
) -> tuple[tuple[StoredOutput, ...], Trouble | None]:
    """Look for what the sub-workflow was to make.

    Errors: StoreUnreachable where another attempt may do better.
    """
    found: list[StoredOutput] = []
    wrong: list[str] = []
    for use in outputs:
        url = child.url(use.url)
        try:
            info = store.head(url)
        except ObjectMissing:
            if not use.optional:
                wrong.append(f"output {use.lfn} was not made by the sub-workflow")
        except StoreUnreachable:
            raise
        except PegbatchError as error:
            wrong.append(f"output {use.lfn}: {error}")
        else:
            stored = StoredOutput(
                lfn=use.lfn, url=url, size_bytes=info.size_bytes, sha256=info.sha256 or ""
            )
            found.append(stored)
    return tuple(found), Trouble("failed", "\n".join(wrong)) if wrong else None
