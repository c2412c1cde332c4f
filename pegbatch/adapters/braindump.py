"""`braindump.yml` of a submit directory: who planned what, where, in the keys of Pegasus.

Pegasus's client takes no key that it does not know.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from pegbatch.adapters.private_files import open_private
from pegbatch.model.dag import dag_file, dag_name

BRAINDUMP = "braindump.yml"
BASE_KEY = "basedir"
"""What `--dir` said: below it the embedded AWS lives."""
PROPERTIES_KEY = "properties"
"""The properties file of the plan, which has what is kept in no plan."""
_NAMES = {
    "app", "basedir", "dag", "dax", "dax_index", "dax_label", "pegasus_wf_name", "planner",
    "planner_version", "properties", "root_wf_uuid", "rundir", "submit_dir", "submit_hostname",
    "timestamp", "type", "user", "vogroup", "wf_uuid",
}  # fmt: skip


def read_braindump(folder: Path) -> dict[str, str]:
    """Return what a submit directory says of itself; nothing where it is unreadable.

    Shapes: keys of Pegasus with texts; what else stands there is left out.
    """
    try:
        known = yaml.safe_load((folder / BRAINDUMP).read_bytes())
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    pairs = known.items() if isinstance(known, dict) else ()
    return {key: value for key, value in pairs if key in _NAMES and isinstance(value, str)}


def new_braindump(
    *, user: str, base: Path, vogroup: str, workflow_file: Path, workflow: str, label: str
) -> dict[str, str]:
    """Return what a new plan says of itself, but for the place where it is going to lie.

    Shapes: label names the run where it has another name than its workflow, else it is empty.
    """
    name, number = dag_name(label or workflow), str(uuid.uuid4())
    return {
        "user": user,
        BASE_KEY: str(base),
        "vogroup": vogroup,
        "dax": str(workflow_file),
        "dax_label": workflow,
        "dax_index": "0",
        "pegasus_wf_name": name,
        "dag": dag_file(name),
        "type": "dag",
        "planner": "pegbatch",
        "planner_version": version("pegbatch"),
        "submit_hostname": socket.gethostname(),
        "timestamp": datetime.now(UTC).strftime("%Y%m%dT%H%M%S+0000"),
        "root_wf_uuid": number,
        "wf_uuid": number,
    }


def write_braindump(folder: Path, content: Mapping[str, str]) -> None:
    """Write it; it is on the disk when this returns.

    Errors: OSError.
    """
    text = yaml.safe_dump(dict(content), sort_keys=True)
    with open_private(folder / BRAINDUMP) as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def place_braindump(draft: Path, target: Path) -> None:
    """Let a submit directory that is about to get its name say where it lies.

    Errors: OSError.
    """
    known: dict[str, Any] = read_braindump(draft)
    if known:
        write_braindump(draft, {**known, "submit_dir": str(target), "rundir": target.name})
