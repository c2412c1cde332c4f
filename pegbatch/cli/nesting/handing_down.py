"""What a plan hands down to the sub-workflows that are planned while its run goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pegbatch.cli.reading.job_options import read_job_options
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.catalogs import Replica
from pegbatch.model.facts import FileFacts
from pegbatch.model.handed_down import HandedDown
from pegbatch.planner.pipeline import kept_properties
from pegbatch.planner.stages import Given
from pegbatch.planner.staging import file_url
from pegbatch.planner.urls import absolute_path, file_of, local_path

CATALOG_FILE = "pegasus.catalog.{}.file"
KINDS = ("site", "transformation", "replica")


def hand_down(
    given: Given, planned: PlannedWorkflow, files: tuple[Path, ...]
) -> dict[str, HandedDown]:
    """Return what is handed down, by scope; nothing where no sub-workflow waits to be planned.

    Shapes: files are those of all catalogs.
    """
    if not planned.workflow.sub_workflows:
        return {}
    sent = {upload.sha256 for upload in planned.uploads}
    known = {path: facts for path, facts in given.facts.files.items() if facts.sha256 in sent}
    scopes = given.scopes or (given,)
    folders = dict.fromkeys((*planned.output_places.local, *_folders_of_jobs(planned, given)))
    return {
        name: replace(
            _of_scope(scope, planned.plan.staging_url, known, files),
            output_folders=tuple(folders),
        )
        for name, scope in zip(given.workflow.scopes, scopes, strict=True)
    }


def _of_scope(
    scope: Given, staging_url: str, known: Mapping[str, FileFacts], files: tuple[Path, ...]
) -> HandedDown:
    options = scope.options
    return HandedDown(
        properties=kept_properties(scope.settings),
        working_dir=options.working_dir,
        base_dir=options.base_dir,
        sites=options.sites,
        output_sites=options.output_sites,
        output_dir=options.output_dir,
        staging_sites=options.staging_sites,
        staging_url=staging_url,
        catalogs=dict(_catalogs(scope, files)),
        replicas=_inline(scope),
        files=known,
    )


def _folders_of_jobs(planned: PlannedWorkflow, given: Given) -> Iterator[str]:
    """Yield the URLs of folders of this machine that the arguments of jobs name for outputs."""
    workflow = planned.workflow
    for task in workflow.sub_workflows:
        identifier = workflow.tasks.ids[task]
        options = read_job_options(workflow.tasks.arguments[task], identifier, workflow.source)
        name = options.output_dir
        if name is not None and local_path(name) is not None:
            yield file_url(str(Path(given.options.working_dir, str(local_path(name)))))


def _catalogs(scope: Given, files: tuple[Path, ...]) -> Mapping[str, str]:
    """Return the catalogs that are files, by the property that names such a one."""
    of_replicas = [one.catalog for one in scope.replicas.sources if one.kind == "catalog"]
    sources = (scope.sites.source, scope.transformations.source, *(c.source for c in of_replicas))
    by_name = {str(path): str(path.absolute()) for path in files}
    pairs = zip(KINDS, sources, strict=False)
    return {CATALOG_FILE.format(kind): by_name[name] for kind, name in pairs if name in by_name}


def _inline(scope: Given) -> Mapping[str, tuple[Replica, ...]]:
    """Return the replicas inside the workflow, relative paths made absolute."""
    found = [one.catalog for one in scope.replicas.sources if one.kind == "inline"]
    return {
        lfn: tuple(_absolute(replica, scope.options.working_dir) for replica in replicas)
        for one in found
        for lfn, replicas in one.replicas.items()
    }


def _absolute(replica: Replica, working_dir: str) -> Replica:
    path = local_path(replica.pfn)
    if path is None:
        return replica
    naming_file = file_of(replica.where)
    return replace(
        replica, pfn=absolute_path(path, naming_file=naming_file, working_dir=working_dir)
    )
