"""Offer programs: those that a workflow may use which is planned while the run goes on.

It is planned in a container that has nothing of this machine, so that every program of the
catalogs that travels with its tasks is sent before the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.model.layout import input_url
from pegbatch.planner.choose_executables import pick_place
from pegbatch.planner.places import Places, UnusablePlaceError
from pegbatch.planner.sites import choose_site
from pegbatch.planner.stages import Given


def offered_programs(given: Given) -> Iterator[str]:
    """Yield the paths of the programs on this machine; none without such a workflow.

    Errors: PlanError where the site cannot be chosen.
    """
    if not given.workflow.sub_workflows:
        return
    for scope in given.scopes or (given,):
        site = choose_site(scope.sites, scope.options.sites)
        places = Places.of(scope, site, given.facts)
        for entry in scope.transformations.transformations.values():
            try:
                place = pick_place(entry, site)
            except UnusablePlaceError:
                continue  # nobody has asked for it yet
            if place.kind == "stageable":
                path = places.path_to_send(place.pfn, place.site, place.where)
                if path is not None:
                    yield path


def offered_urls(given: Given, staging_url: str) -> Iterator[str]:
    """Yield where they come to lie; what is not there is nobody's yet."""
    for path in offered_programs(given):
        facts = given.facts.files.get(path)
        if facts is not None:
            yield input_url(staging_url, facts.sha256)
