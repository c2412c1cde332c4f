"""The planner as a whole: a workflow goes through the refinements in order and comes out a plan.

check          the workflow holds together: references resolve, file names are legal, arguments
               split into words; explicit edges and data edges make one graph without a cycle.
map_to_site    the execution site, an executable for each transformation, profiles resolved by
               precedence (transformation catalog, site, job, properties).
locate_inputs  each file that no task makes gets a URL; local ones will be sent to
               `inputs/<sha256>` of the staging site. Output sites become places.
level          each task's longest distance from a root.
cluster        Pegasus's horizontal clusters.
make_arrays    tasks of a level with equal resources become one array.
align          units are ordered so that links can be N_TO_N.
pack           units are put in bags, arrays are cut to what Batch takes.
link           arrays depend on arrays; implied links go, barriers come.
add_verdict    the last job.

Each refinement takes the value of the one before and adds columns to it (stages). Nothing here
asks the outside: what has to be known is in `Given.facts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.plan import Plan
from pegbatch.planner.add_verdict import add_verdict
from pegbatch.planner.align import align
from pegbatch.planner.check import check
from pegbatch.planner.cluster import cluster
from pegbatch.planner.level import level
from pegbatch.planner.link import link
from pegbatch.planner.locate_inputs import locate_inputs
from pegbatch.planner.make_arrays import make_arrays
from pegbatch.planner.map_to_site import map_to_site
from pegbatch.planner.pack import pack
from pegbatch.planner.stages import Given, Linked

REFINEMENTS: tuple[Callable[[Any], Any], ...] = (
    check,
    map_to_site,
    locate_inputs,
    level,
    cluster,
    make_arrays,
    align,
    pack,
    link,
    add_verdict,
)


_SECRET = re.compile(r"password|secret|token|credential", re.IGNORECASE).search
"""Properties whose values stay out of the plan, which is copied to the bucket."""


def plan_workflow(given: Given) -> PlannedWorkflow:
    """Plan a workflow.

    Errors: InputError, PlanError; each with every problem that one refinement found.
    """
    return finish(refine(given))


def refine(given: Given) -> Linked:
    """Put a workflow through all refinements.

    Errors: as `plan_workflow`.
    """
    stage: Any = given
    for refinement in REFINEMENTS:
        stage = refinement(stage)
    linked: Linked = stage
    return linked


def finish(linked: Linked) -> PlannedWorkflow:
    """Return the plan and its tasks, without what only planning needs."""
    return PlannedWorkflow(
        plan=_header(linked),
        workflow=linked.workflow,
        graph=linked.graph,
        executables=linked.executables,
        inputs=linked.inputs,
        output_places=linked.output_places,
        delivered=linked.delivered,
        uploads=linked.uploads,
        task_settings=linked.task_settings,
        settings_table=linked.settings_table,
        task_indices=linked.task_indices,
        clusters=linked.clusters,
        cluster_names=linked.cluster_names,
        arrays=linked.arrays,
        array_of=linked.array_of,
        bag_of=linked.bag_of,
        warnings=linked.warnings,
    )


def _header(linked: Linked) -> Plan:
    workflow, places = linked.workflow, linked.output_places
    return Plan(
        workflow=workflow.name,
        tasks=len(workflow.tasks),
        files=workflow.counts.files,
        levels=linked.level_count,
        jobs=linked.jobs,
        staging_url=linked.staging_url,
        uploads=len(linked.uploads),
        outputs=sum(linked.delivered) * len(places.remote + places.local),
        runnable=linked.options.catalogs,
        properties={
            key: value.value
            for key, value in sorted(linked.settings.properties.items())
            if not _SECRET(key)
        },
    )
