"""Planning a sub-workflow in its job, with what the plan of the outer workflow has handed down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pegbatch.adapters.plan_writer import PlannedWith, write_submit_directory
from pegbatch.adapters.planning_inputs import USUAL_NAMES
from pegbatch.adapters.private_files import write_private
from pegbatch.adapters.properties_text import properties_text
from pegbatch.adapters.submit_dir import CATALOGS_FOLDER
from pegbatch.cli.current_user import current_user
from pegbatch.cli.nesting.handing_down import hand_down
from pegbatch.cli.nesting.orders import Orders
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.planning import read_given
from pegbatch.cli.reading.job_options import JobOptions, read_job_options
from pegbatch.cli.telling import echo_warnings
from pegbatch.errors import Problem
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.handed_down import FILE, HandedDown, handed_down_from_json
from pegbatch.model.layout import join_url, plan_key
from pegbatch.model.registered import RegisteredFile
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.ports import ObjectStore
from pegbatch.report.replica_catalogs import yaml_lines

SITE = "local"
"""Of what the outer workflow hands over: its URLs say where it lies."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where a sub-workflow is planned."""

    orders: Orders
    handed: HandedDown
    folder: Path
    """For files of our own; the working directory is the task's."""


def plan_nested(orders: Orders, store: ObjectStore, folder: Path) -> Path:
    """Plan the sub-workflow whose file is in the working directory; return its submit directory.

    Errors: InputError, PlanError, OutsideError.
    """
    handed = _read_handed_down(orders, store)
    desk = _Desk(orders, handed, folder)
    options = _at_home(
        read_job_options(orders.options, f"the sub-workflow {orders.task!r}", orders.file),
        Path(handed.working_dir),
    )
    copies = {} if options.conf else _bring_copies(desk, store)
    request = _request(desk, options, copies)
    given, files = read_given(request, echo_warnings)
    planned = plan_workflow(given)
    echo_warnings(planned.warnings[len(given.warnings) :])
    echo_warnings(tuple(_unrun_hooks(planned)))
    return write_submit_directory(
        _without_known(planned, handed),
        PlannedWith(
            user=current_user(),
            base_dir=folder,
            workflow_file=Path(orders.file).absolute(),
            catalogs=files,
            copies=copies,
            handed_down=hand_down(given, planned, files),
        ),
    )


def _at_home(own: JobOptions, working_dir: Path) -> JobOptions:
    """Return options with paths from where the outer workflow was planned.

    Shapes: a file that came with the workflow is in the directory of now.
    """

    def placed(name: str) -> str:
        return name if "://" in name or Path(name).exists() else str(working_dir / name)

    return replace(
        own,
        conf=None if own.conf is None else Path(placed(str(own.conf))),
        output_dir=_below(working_dir, own.output_dir),
        caches=tuple(map(placed, own.caches)),
        reuse=tuple(map(placed, own.reuse)),
        input_dirs=tuple(map(placed, own.input_dirs)),
        inherited_rc_files=tuple(map(placed, own.inherited_rc_files)),
        transformations_dir=None
        if own.transformations_dir is None
        else Path(placed(str(own.transformations_dir))),
    )


def _below(folder: Path, name: str | None) -> str | None:
    return name if name is None or "://" in name else str(folder / name)


def _read_handed_down(orders: Orders, store: ObjectStore) -> HandedDown:
    url = join_url(orders.run, plan_key(f"{CATALOGS_FOLDER}/{FILE}"))
    return handed_down_from_json(json.loads(store.read(url)), orders.task, source=url)


def _bring_copies(desk: _Desk, store: ObjectStore) -> dict[str, Path]:
    """Bring the catalogs of the outer workflow; return them by the paths that they were read at."""
    found = {}
    for path in desk.handed.catalogs.values():
        name = desk.handed.copies[path]
        found[path] = desk.folder / "outer" / name
        found[path].parent.mkdir(exist_ok=True)
        url = join_url(desk.orders.run, plan_key(f"{CATALOGS_FOLDER}/{name}"))
        store.download(url, found[path])
    return found


def _request(desk: _Desk, own: JobOptions, copies: Mapping[str, Path]) -> PlanRequest:
    """Return what the sub-workflow is planned with: its own options, else what is handed down.

    Source: Pegasus, SUBDAXGenerator.
    """
    handed, orders = desk.handed, desk.orders
    return PlanRequest(
        workflow=Path(orders.file),
        conf=own.conf or _properties_file(desk),
        definitions=(*_named_catalogs(handed, copies), *own.definitions),
        base_dir=Path(handed.base_dir),
        sites=handed.sites if own.sites is None else own.sites,
        output_sites=handed.output_sites if own.output_sites is None else own.output_sites,
        output_dir=handed.output_dir if own.output_dir is None else own.output_dir,
        staging_sites=handed.staging_sites if own.staging_sites is None else own.staging_sites,
        cluster=own.cluster,
        catalogs=True,
        planned_by=orders.task,
        handed_over=(str(_given_files(desk)),),
        caches=own.caches,
        reuse=own.reuse,
        input_dirs=own.input_dirs,
        inherited_rc_files=(str(_inherited_replicas(desk)), *own.inherited_rc_files),
        force=own.force,
        transformations_dir=own.transformations_dir,
        output_map={file.lfn: file.urls for file in orders.outputs},
        copies=copies,
        known_files=handed.files,
    )


def _properties_file(desk: _Desk) -> Path:
    path = desk.folder / "outer.properties"
    write_private(path, properties_text(desk.handed.properties).encode())
    return path


def _named_catalogs(handed: HandedDown, copies: Mapping[str, Path]) -> Iterator[str]:
    """Yield definitions of properties: catalogs that came with the workflow, else the outer's."""
    for key, names in USUAL_NAMES.items():
        own = next((name for name in names if Path(name).is_file()), None)
        if own is None and handed.catalogs.get(key) in copies:
            own = handed.catalogs[key]
        if own is not None and copies:
            yield f"{key}={own}"


def _given_files(desk: _Desk) -> Path:
    """Write where the files lie that the outer workflow hands over."""
    files = [
        RegisteredFile(lfn=file.lfn, site=SITE, pfn=url, sha256=file.sha256, size_bytes=None)
        for file in desk.orders.inputs
        for url in file.urls
    ]
    return _write(desk.folder / "given.yml", files)


def _inherited_replicas(desk: _Desk) -> Path:
    files = [
        RegisteredFile(lfn=lfn, site=one.site, pfn=one.pfn, sha256=one.sha256, size_bytes=None)
        for lfn, replicas in desk.handed.replicas.items()
        for one in replicas
    ]
    return _write(desk.folder / "inherited.yml", files)


def _write(path: Path, files: Sequence[RegisteredFile]) -> Path:
    write_private(path, "".join(yaml_lines(files)).encode())
    return path


def _without_known(planned: PlannedWorkflow, handed: HandedDown) -> PlannedWorkflow:
    """Leave out what the outer run has sent: it is not on this machine."""
    if planned.plan.staging_url != handed.staging_url:
        return planned
    left = tuple(one for one in planned.uploads if one.source not in handed.files)
    return replace(planned, uploads=left, plan=replace(planned.plan, uploads=len(left)))


def _unrun_hooks(planned: PlannedWorkflow) -> Iterator[Problem]:
    if planned.plan.hooks:
        yield Problem(
            "the hooks of this workflow as a whole are not run, since it is a sub-workflow",
            hint="give them to the outer workflow, or to jobs",
        )
