"""The properties that steer planning, read once into typed values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast, get_args

from pegbatch.errors import InputError, Problem
from pegbatch.model.settings import Settings

ARRAY_CHILDREN_MAX = 10_000
"""Source: AWS Batch API, ArrayProperties."""

ArrayBy = Literal["level", "cluster", "auto"]
OnFailure = Literal["continue", "stop"]
OutputMapper = Literal["Flat", "Hashed", "Fixed"]
ReuseScope = Literal["full", "partial", "none"]

DATA_CONFIGURATION = "pegasus.data.configuration"

AWS_BATCH = "AWSBatch"
SEQEXEC = "seqexec"
MPIEXEC = "mpiexec"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Properties of planning, with their defaults."""

    data_edges: bool = True
    """`pegasus.parser.dax.data.dependencies`."""
    array_by: ArrayBy = "level"
    """`pegbatch.array.by`."""
    pack_size: int | None = None
    """`pegbatch.pack.size`: tasks a bag."""
    pack_runtime_seconds: float | None = None
    """`pegbatch.pack.runtime`."""
    pack_vcpus: int | None = None
    """`pegbatch.pack.vcpus`: vCPUs that work at the same time; bags are cut to fill them evenly."""
    pack_start_seconds: float | None = None
    """`pegbatch.pack.start`: what a container takes to start."""
    max_children: int = ARRAY_CHILDREN_MAX
    """`pegbatch.pack.max_children`: bags that a level (or cluster) may have."""
    infrastructure_retries: int = 2
    """`pegbatch.infrastructure_retries`."""
    reuse_scope: ReuseScope = "full"
    """`pegasus.data.reuse.scope`: which tasks may be spared by outputs that exist."""
    register: bool = True
    """`pegasus.register`: delivered outputs go into a replica catalog."""
    on_failure: OnFailure = "continue"
    """`pegbatch.on_failure`."""
    aggregator: str = AWS_BATCH
    """`pegasus.clusterer.job.aggregator`."""
    by_runtime: bool = False
    """`pegasus.clusterer.preference`: horizontal clusters are cut by runtime, not by count."""
    site_sizes: tuple[tuple[str, int], ...] = ()
    """`pegasus.clusterer.nodes`: (site, tasks a cluster) where no profile says clusters.size."""
    allow_single: bool = True
    """`pegasus.clusterer.allow.single`."""
    output_mapper: OutputMapper = "Flat"
    """`pegasus.dir.storage.mapper`: how outputs lie on the output sites."""
    storage_deep: bool = False
    """`pegasus.dir.storage.deep`: outputs keep the folders of the submit directory."""
    clean_up_num: int | None = None
    """`pegasus.file.cleanup.clusters.num`: children of a clean-up job."""
    clean_up_size: int | None = None
    """`pegasus.file.cleanup.clusters.size`: bags of tasks for each child of a clean-up job."""
    stage_in_bags: int = 20
    """`pegasus.stagein.clusters`: most children of a stage-in array; no server is flooded."""
    label_key: str = "label"
    """`pegasus.clusterer.label.key`: the profile that names a task's cluster."""
    first_job_fail: bool = False
    """`pegasus.clusterer.job.aggregator.seqexec.firstjobfail`."""
    pmc_vcpus: int = 4
    """`pegbatch.pmc.vcpus`: of a bag under mpiexec, where the catalog says nothing."""


def read_tuning(settings: Settings) -> Tuning:
    """Read the planning properties.

    Errors: InputError with every value that does not fit, each with file and line.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {
        field: value
        for field, (key, read) in _READERS.items()
        if (value := _value(settings, key, read, problems)) is not None
    }
    if problems:
        raise InputError(problems=problems)
    return dataclasses.replace(Tuning(), **found)


def tuning_warnings(settings: Settings) -> tuple[Problem, ...]:
    """Say what the properties ask for that is done in another way."""
    asked = settings.get(DATA_CONFIGURATION).strip()
    if not asked or asked.lower() == "nonsharedfs":
        return ()
    return (
        Problem(
            f"{DATA_CONFIGURATION} = {asked}: data goes through S3 all the same, as with "
            "nonsharedfs",
            settings.where(DATA_CONFIGURATION),
            "set it to nonsharedfs, or leave it out",
        ),
    )


def _value(
    settings: Settings, key: str, read: Callable[[str], Value], problems: list[Problem]
) -> Value | None:
    text = settings.get(key).strip()
    if not text:
        return None
    try:
        return read(text)
    except ValueError as error:
        problems.append(Problem(f"{key} = {text}: {error}", settings.where(key)))
        return None


def _whole(text: str, least: int) -> int:
    number = int(text) if text.lstrip("-").isdecimal() else None
    if number is None or number < least:
        raise ValueError(f"must be a whole number, {least} or more")
    return number


def _positive(text: str) -> int:
    return _whole(text, 1)


def _count(text: str) -> int:
    return _whole(text, 0)


def _seconds(text: str) -> float:
    number = _number(text)
    if not 0 < number < float("inf"):
        raise ValueError("must be a number of seconds above 0")
    return number


def _seconds_from_0(text: str) -> float:
    number = _number(text)
    if not 0 <= number < float("inf"):
        raise ValueError("must be a number of seconds, 0 or more")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _array_by(text: str) -> ArrayBy:
    return cast(ArrayBy, _one_of(text, get_args(ArrayBy)))


def _on_failure(text: str) -> OnFailure:
    return cast(OnFailure, _one_of(text, get_args(OnFailure)))


def _reuse_scope(text: str) -> ReuseScope:
    return cast(ReuseScope, _one_of(text.lower(), get_args(ReuseScope)))


def _output_mapper(text: str) -> OutputMapper:
    known = {name.lower(): name for name in get_args(OutputMapper)}
    if text.lower() not in known:
        raise ValueError(
            f"must be one of {', '.join(known.values())}; other mappers (Replica) are not supported"
        )
    return cast(OutputMapper, known[text.lower()])


def _one_of(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise ValueError(f"must be one of {', '.join(words)}")
    return text


def _aggregator(text: str) -> str:
    return aggregator_name(text)


def aggregator_name(text: str) -> str:
    """Return the aggregator in its usual spelling.

    Errors: ValueError where it is none that pegbatch has.
    """
    known = _AGGREGATORS.get(text.lower())
    if known is None:
        raise ValueError("must be AWSBatch, seqexec or mpiexec; no other aggregator is supported")
    return known


_AGGREGATORS = {
    **{name.lower(): name for name in (AWS_BATCH, SEQEXEC, MPIEXEC)},
    "pmc": MPIEXEC,
}


def _preference(text: str) -> bool:
    if text.lower() not in ("runtime", "count"):
        raise ValueError("must be runtime or count")
    return text.lower() == "runtime"


def _site_sizes(text: str) -> tuple[tuple[str, int], ...]:
    pairs = [item.partition("=") for item in text.split(",") if item.strip()]
    if not all(site.strip() and size.strip().isdecimal() for site, _, size in pairs):
        raise ValueError("must be a list of site=number")
    return tuple((site.strip(), _positive(size.strip())) for site, _, size in pairs)


def _label_key(text: str) -> str:
    return text.lower()


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "output_mapper": ("pegasus.dir.storage.mapper", _output_mapper),
    "storage_deep": ("pegasus.dir.storage.deep", _boolean),
    "clean_up_num": ("pegasus.file.cleanup.clusters.num", _positive),
    "clean_up_size": ("pegasus.file.cleanup.clusters.size", _positive),
    "stage_in_bags": ("pegasus.stagein.clusters", _positive),
    "data_edges": ("pegasus.parser.dax.data.dependencies", _boolean),
    "array_by": ("pegbatch.array.by", _array_by),
    "pack_size": ("pegbatch.pack.size", _positive),
    "pack_runtime_seconds": ("pegbatch.pack.runtime", _seconds),
    "pack_vcpus": ("pegbatch.pack.vcpus", _positive),
    "pack_start_seconds": ("pegbatch.pack.start", _seconds_from_0),
    "max_children": ("pegbatch.pack.max_children", _positive),
    "infrastructure_retries": ("pegbatch.infrastructure_retries", _count),
    "reuse_scope": ("pegasus.data.reuse.scope", _reuse_scope),
    "register": ("pegasus.register", _boolean),
    "on_failure": ("pegbatch.on_failure", _on_failure),
    "aggregator": ("pegasus.clusterer.job.aggregator", _aggregator),
    "by_runtime": ("pegasus.clusterer.preference", _preference),
    "site_sizes": ("pegasus.clusterer.nodes", _site_sizes),
    "allow_single": ("pegasus.clusterer.allow.single", _boolean),
    "label_key": ("pegasus.clusterer.label.key", _label_key),
    "first_job_fail": ("pegasus.clusterer.job.aggregator.seqexec.firstjobfail", _boolean),
    "pmc_vcpus": ("pegbatch.pmc.vcpus", _positive),
}
