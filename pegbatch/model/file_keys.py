"""Where the files of a plan lie below its run's URL."""

from __future__ import annotations

from collections.abc import Collection

from pegbatch.model.layout import PRIVATE_KEY, data_key, private_key
from pegbatch.model.workflow import Workflow


def file_key(workflow: Workflow, lfn: int) -> str:
    """Return the key of a file by its number: those of sub-workflows lie apart.

    Shapes: what the run makes, or brings from the web; another one for every number of these.
    """
    name, scopes = workflow.lfns[lfn], workflow.lfn_scopes
    if scopes is None or not scopes[lfn]:
        return data_key(name)
    return private_key(workflow.scopes[scopes[lfn]], name)


def name_in_run(lfn: str, url: str) -> str:
    """Return what a file is called among all of a run: its LFN.

    Shapes: one that only a sub-workflow knows goes by its key, since others may share its LFN; url
    is relative to that of the run where the file lies in it.
    """
    return url if url.startswith(f"{PRIVATE_KEY}/") else lfn


def name_by_place(lfn: str, url: str, shared: Collection[str]) -> str:
    """Return what a file is called where others that are not made in the run may share its LFN.

    Shapes: shared are the LFNs of files that lie at several places; the one that is made in the
    run keeps the name, and of the others each goes by its place. url as in `name_in_run`.
    """
    if lfn not in shared or url == data_key(lfn):
        return name_in_run(lfn, url)
    place = url.lstrip("./")
    return place if place.endswith(f"/{lfn}") else f"{place}/{lfn}"
