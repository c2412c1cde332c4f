"""Profile precedence: where the profiles of a task come from, weakest layer first.

Properties, job, site, transformation catalog; a later layer wins.
Source: Pegasus user guide, "Profiles", and its planner's order of merging.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pegbatch.model.catalogs import Site
from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.settings import Settings
from pegbatch.planner.stages import Checked

PLANNING_KEYS = frozenset(
    {
        "clusters.num", "clusters.size", "cores", "memory", "gpus", "maxwalltime", "runtime",
        "clusters.maxruntime", "label", "pmc_request_cpus", "pmc_request_memory", "collapser",
        "job.runtime", "job.aggregator",
        "checkpoint.time", "exitcode.failuremsg", "exitcode.successmsg",
        "enable_for_data_reuse",
    }
)  # fmt: skip
"""Keys of the namespace `pegasus` that may stand in the properties as `pegasus.<key>`."""

_PROFILE_NAMESPACES = ("pegasus", "dagman", "env", "condor", "globus", "hints", "selector")


@dataclass(frozen=True, slots=True)
class Layer:
    """Profiles from one source."""

    source: str
    """`properties`, `job`, `site catalog`, …"""
    where: str
    """`file:line`, or empty where each profile has a place of its own."""
    profiles: Profiles


def shared_layers(checked: Checked, site: Site) -> tuple[Layer, Layer, Layer]:
    """Return the layers that all tasks of a plan share: properties, site, its properties."""
    return (
        Layer("properties", "", profiles_of_properties(checked.settings)),
        Layer("site catalog", site.where, site.profiles),
        Layer(
            "properties of the site", "", profiles_of_site_properties(checked.settings, site.name)
        ),
    )


def profile_layers(
    checked: Checked, site: Site, task: int, shared: tuple[Layer, Layer, Layer]
) -> tuple[Layer, ...]:
    """Return the layers of one task, weakest first."""
    workflow = checked.workflow
    weakest, of_site, of_site_properties = shared
    number = workflow.tasks.profiles[task]
    where = f"{workflow.source}:{workflow.tasks.lines[task]}"
    job = Layer("job", where, workflow.profile_sets[number])
    return (weakest, job, of_site, of_site_properties, *_of_transformation(checked, site, task))


def _of_transformation(checked: Checked, site: Site, task: int) -> Iterable[Layer]:
    workflow = checked.workflow
    name = workflow.transformations[workflow.tasks.transformations[task]]
    entry = checked.transformations.transformations.get(name)
    if entry is None:
        return
    yield Layer("transformation catalog", entry.where, entry.profiles)
    here = [place for place in entry.sites if place.site == site.name]
    elsewhere = [place for place in entry.sites if place.kind == "stageable"]
    for place in (here + elsewhere)[:1]:
        yield Layer("transformation catalog, site", place.where, place.profiles)


def profiles_of_properties(settings: Settings) -> Profiles:
    """Return the profiles that the properties set for all tasks (`env.X`, `dagman.retry`, …)."""
    found = []
    for name in sorted(settings.properties):
        namespace, _, key = name.partition(".")
        lower = namespace.lower()
        if key and lower in _PROFILE_NAMESPACES and (lower != "pegasus" or key in PLANNING_KEYS):
            found.append(Profile(lower, key, settings.get(name)))
    return tuple(found)


def profiles_of_site_properties(settings: Settings, site: str) -> Profiles:
    """Return what `pegasus.catalog.site.sites.<site>.profiles.<namespace>.<key>` says of a site."""
    start = f"pegasus.catalog.site.sites.{site}.profiles."
    found = []
    for name in sorted(settings.properties):
        if name.startswith(start):
            namespace, _, key = name[len(start) :].partition(".")
            if key:
                found.append(Profile(namespace.lower(), key, settings.get(name)))
    return tuple(found)
