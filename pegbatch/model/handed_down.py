"""What a plan hands down to workflows that are planned while its run goes on.

It lies among the catalogs of the plan (docs/formats.md), since they are planned in a container that
has nothing of the machine where the outer workflow was planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Replica
from pegbatch.model.facts import FileFacts

FILE = "handed-down.json"
"""Among the catalogs of a plan."""
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedDown:
    """Options, properties, catalogs and files of an outer workflow; paths are absolute."""

    properties: Mapping[str, str]
    """In force, but for those that are kept in no plan."""
    working_dir: str
    """What relative paths in options of the job start from."""
    base_dir: str
    sites: tuple[str, ...]
    output_sites: tuple[str, ...]
    output_dir: str | None
    staging_sites: Mapping[str, str]
    staging_url: str
    catalogs: Mapping[str, str]
    """By property that names one (`pegasus.catalog.site.file`): the file that was read."""
    copies: Mapping[str, str] = field(default_factory=dict)
    """By path of a catalog: the name of its copy among the catalogs of the plan."""
    replicas: Mapping[str, tuple[Replica, ...]]
    """By LFN: the catalog inside the outer workflow."""
    output_folders: tuple[str, ...] = ()
    """URLs of folders of the planner's machine to which the outer run delivers; nothing within it
    delivers anywhere else there."""
    files: Mapping[str, FileFacts]
    """By path: files of the planner's machine that are sent to the staging site before the run."""


def handed_down_to_json(handed: Mapping[str, HandedDown]) -> dict[str, Any]:
    """Return it as it stands in its file.

    Shapes: by scope, that of `Workflow.scopes`.
    """
    return {"format": FORMAT, "scopes": {scope: asdict(one) for scope, one in handed.items()}}


def handed_down_from_json(data: Any, task: str, *, source: str) -> HandedDown:
    """Read what `handed_down_to_json` wrote, as it counts for a task: that of its scope.

    Errors: InputError where it is no such thing.
    """
    try:
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}")
        scopes = [one for one in data["scopes"] if not one or task.startswith(f"{one}.")]
        return _read(data["scopes"][max(scopes, key=len)])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"not what a plan hands down: {error!r}", where=source, hint="plan it again"
        ) from error


def _read(data: Mapping[str, Any]) -> HandedDown:
    output_dir = data["output_dir"]
    return HandedDown(
        properties=dict(data["properties"]),
        working_dir=str(data["working_dir"]),
        base_dir=str(data["base_dir"]),
        sites=tuple(map(str, data["sites"])),
        output_sites=tuple(map(str, data["output_sites"])),
        output_dir=None if output_dir is None else str(output_dir),
        staging_sites=dict(data["staging_sites"]),
        staging_url=str(data["staging_url"]),
        catalogs=dict(data["catalogs"]),
        copies=dict(data["copies"]),
        replicas={
            lfn: tuple(Replica(**replica) for replica in found)
            for lfn, found in data["replicas"].items()
        },
        output_folders=tuple(map(str, data.get("output_folders", ()))),
        files={path: FileFacts(**facts) for path, facts in data["files"].items()},
    )
