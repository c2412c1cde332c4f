"""What any input file is and what it holds, whatever its kind."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import BinaryIO, cast

from pegbatch.errors import Problem
from pegbatch.model.catalogs import ReplicaCatalog, SiteCatalog, TransformationCatalog
from pegbatch.model.inspection import Inspection, Kind
from pegbatch.model.workflow import Workflow
from pegbatch.parse.catalogs import read_replicas, read_sites, read_transformations
from pegbatch.parse.dax_xml import parse_dax
from pegbatch.parse.json_files import inspect_aws, inspect_wfformat
from pegbatch.parse.kinds import detect_kind
from pegbatch.parse.properties import read_properties
from pegbatch.parse.settings import merge_settings
from pegbatch.parse.variables import AsWritten
from pegbatch.parse.workflow_yaml import parse_workflow

_REFERENCE = re.compile(rb"\$\{([^{}\s]+)\}")
_LONGEST_REFERENCE = 256
_SHOWN = 5
"""Variables that the warning names one by one."""


def inspect_data(data: bytes, source: str) -> Inspection:
    """Say what a file is, with counts as written and everything that is odd about it.

    Shapes: `${VAR}` stays as written, and is told of in one warning; what keeps a workflow from
    being planned is among the warnings.
    Errors: InputError where the file is malformed, or no kind that is known.
    """
    return _INSPECTORS[detect_kind(data, source)](data, source)


STREAMED: frozenset[Kind] = frozenset(("dax-xml", "wf-yaml"))
"""Kinds that need not be in memory whole to be looked at."""


def inspect_stream(kind: Kind, stream: BinaryIO, source: str) -> Inspection:
    """Say what a large file of one of the streamed kinds holds; otherwise like `inspect_data`."""
    spotter = _Spotter(stream)
    parse = parse_dax if kind == "dax-xml" else parse_workflow
    workflow = parse(cast(BinaryIO, spotter), source, AsWritten())
    return _workflow(workflow, kind, spotter.seen())


class _Spotter:
    """Hands on what it reads and keeps the `${VAR}` in it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._names: dict[bytes, None] = {}
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        found = _REFERENCE.findall(self._tail + data)
        self._names.update(dict.fromkeys(found))
        self._tail = data[-_LONGEST_REFERENCE:]
        return data

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int) -> int:
        return self._stream.seek(offset)

    def seen(self) -> bytes:
        """Return every reference once, as text that holds nothing else."""
        return b"".join(b"${%s}" % name for name in self._names)


def _dax(data: bytes, source: str) -> Inspection:
    return _workflow(parse_dax(io.BytesIO(data), source, AsWritten()), "dax-xml", data)


def _workflow_yaml(data: bytes, source: str) -> Inspection:
    return _workflow(parse_workflow(io.BytesIO(data), source, AsWritten()), "wf-yaml", data)


def _workflow(workflow: Workflow, kind: Kind, data: bytes) -> Inspection:
    inline = (workflow.sites, workflow.transformation_catalog, workflow.replicas)
    told = [problem for catalog in inline if catalog for problem in catalog.warnings]
    warnings = dict.fromkeys((*workflow.defects, *workflow.warnings, *told))
    return Inspection(
        kind=kind,
        version=workflow.version,
        jobs=workflow.counts.jobs,
        edges=workflow.counts.edges,
        files=workflow.counts.files,
        warnings=(*warnings, *_references(data, workflow.source)),
    )


_Catalog = SiteCatalog | TransformationCatalog | ReplicaCatalog


def _catalog(catalog: _Catalog, kind: Kind, data: bytes) -> Inspection:
    return Inspection(
        kind=kind,
        version=catalog.version,
        entries=catalog.entries,
        warnings=(*catalog.warnings, *_references(data, catalog.source)),
    )


def _sites(kind: Kind) -> Callable[[bytes, str], Inspection]:
    return lambda data, source: _catalog(read_sites(data, source, AsWritten()), kind, data)


def _transformations(kind: Kind) -> Callable[[bytes, str], Inspection]:
    return lambda data, source: _catalog(
        read_transformations(data, source, AsWritten()), kind, data
    )


def _replicas(kind: Kind) -> Callable[[bytes, str], Inspection]:
    return lambda data, source: _catalog(read_replicas(data, source, AsWritten()), kind, data)


def _properties(data: bytes, source: str) -> Inspection:
    lines = read_properties(data, source)
    return Inspection(
        kind="properties",
        version="",
        entries=len(lines),
        warnings=merge_settings([lines], AsWritten()).warnings,
    )


def _references(data: bytes, source: str) -> tuple[Problem, ...]:
    """Return one warning that names the variables a file refers to, if there are any."""
    names = [name.decode("utf-8", "replace") for name in dict.fromkeys(_REFERENCE.findall(data))]
    if not names:
        return ()
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    shown = ", ".join(f"${{{name}}}" for name in names[:_SHOWN])
    return (Problem(f"needs environment variables: {shown}{more}", source),)


_INSPECTORS: dict[Kind, Callable[[bytes, str], Inspection]] = {
    "dax-xml": _dax,
    "wf-yaml": _workflow_yaml,
    "sc-xml": _sites("sc-xml"),
    "sc-yaml": _sites("sc-yaml"),
    "tc-text": _transformations("tc-text"),
    "tc-yaml": _transformations("tc-yaml"),
    "rc-file": _replicas("rc-file"),
    "rc-yaml": _replicas("rc-yaml"),
    "properties": _properties,
    "aws-json": inspect_aws,
    "wfformat-json": inspect_wfformat,
}
