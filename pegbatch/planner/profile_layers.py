"""Profile precedence: where the profiles of a task come from, weakest layer first.

Properties, job, site, transformation catalog; a later layer wins.
Source: Pegasus user guide, "Profiles", and its planner's order of merging.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.settings import Settings
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.run_sub_workflows import runs_sub_workflow
from pegbatch.planner.scopes import Scope, where_of
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


_OWN_LAYERS = ("job", "transformation catalog", "transformation catalog, site")
_ONCE = Layer("sub-workflows", "", (Profile("dagman", "retry", "0"),))


def shared_layers(scope: Scope) -> tuple[Layer, Layer, Layer]:
    """Return the layers that all tasks of a workflow share: properties, site, its properties."""
    settings, site = scope.given.settings, scope.site
    return (
        Layer("properties", "", profiles_of_properties(settings)),
        Layer("site catalog", site.where, site.profiles),
        Layer("properties of the site", "", profiles_of_site_properties(settings, site.name)),
    )


def profile_layers(
    checked: Checked, scope: Scope, task: int, shared: tuple[Layer, Layer, Layer]
) -> tuple[Layer, ...]:
    """Return the layers of one task, weakest first; scope is that of the task."""
    workflow = checked.workflow
    weakest, of_site, of_site_properties = shared
    number = workflow.tasks.profiles[task]
    job = Layer("job", where_of(checked, task), workflow.profile_sets[number])
    name = workflow.transformations[workflow.tasks.transformations[task]]
    layers = (weakest, job, of_site, of_site_properties, *_of_transformation(scope, name))
    return _of_sub_workflow(layers) if runs_sub_workflow(name) else layers


def _of_sub_workflow(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Return the layers that count for the task of a sub-workflow, weakest first.

    Shapes: of its job and of the catalog's entry `pegbatch::sub-workflow` all; of the others its
    environment. It is tried once where these say nothing: what has failed in it was tried before.
    """
    return (
        _ONCE,
        *(
            layer
            if layer.source in _OWN_LAYERS
            else replace(layer, profiles=tuple(p for p in layer.profiles if p.namespace == "env"))
            for layer in layers
        ),
    )


def _of_transformation(scope: Scope, name: TransformationName) -> Iterable[Layer]:
    entry, site = scope.given.transformations.transformations.get(name), scope.site
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
