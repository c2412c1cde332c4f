"""The planner as a whole: a workflow goes through the refinements in order and comes out a plan.

adopt_executables  uses of executables become requirements of transformations.
require_files  what compound transformations need becomes an input of their tasks.
map_outputs    what a workflow around this one wants is delivered.
offer_files    sub-workflows that are planned in the run may read what jobs before them make.
check          the workflow holds together: references resolve, file names are legal, arguments
               split into words; explicit edges and data edges make one graph without a cycle.
reduce         tasks whose outputs exist already are taken out (data reuse).
map_to_site    the execution site, an executable for each transformation, profiles resolved by
               precedence (transformation catalog, site, job, properties).
locate_inputs  each file that no task makes gets a URL; local ones will be sent to
               `inputs/<sha256>` of the staging site. Output sites become places.
deliver_reused  outputs of tasks that were taken out still reach the output sites.
level          each task's longest distance from a root.
cluster        clusters by the techniques asked for; those that are one bag are levelled again.
make_arrays    tasks of a level with equal resources become one array.
separate       groups of tasks that never meet get arrays of their own (`auto`), where a rehearsal
               of the plan says that it ends earlier for it.
align          units are ordered so that links can be N_TO_N.
pack           units are put in bags, arrays are cut to what Batch takes.
stage_inputs   files on the web are brought by stage-in arrays.
link           arrays depend on arrays; implied links go, barriers come.
add_verdict    the last job of the workflow.
clean_up       jobs that delete files once nobody can need them; nothing waits for them.

Sub-workflows whose file is at hand have become a part of the workflow before (expand): a refinement
asks the catalogs, properties and options of the one that a task, a transformation or a file belongs
to (scopes). Jobs of other sub-workflows are tasks like any.

Each refinement takes the value of the one before and adds columns to it (stages). Nothing here
asks the outside: what has to be known is in `Given.facts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import compress
from typing import Any

from pegbatch.errors import Problem
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.containers import TaskContainer
from pegbatch.model.plan import Plan
from pegbatch.model.settings import Settings
from pegbatch.model.sub_workflows import SubWorkflowTask
from pegbatch.planner.add_verdict import add_verdict
from pegbatch.planner.adopt_executables import adopt_executables
from pegbatch.planner.align import align
from pegbatch.planner.check import check
from pegbatch.planner.clean_up import clean_up
from pegbatch.planner.cluster import cluster
from pegbatch.planner.deliver import drop_ambiguous, registered_files
from pegbatch.planner.deliver_reused import copy_reused, deliver_reused
from pegbatch.planner.level import level
from pegbatch.planner.link import link
from pegbatch.planner.locate_inputs import locate_inputs
from pegbatch.planner.make_arrays import make_arrays
from pegbatch.planner.map_outputs import map_outputs
from pegbatch.planner.map_to_site import map_to_site
from pegbatch.planner.offer_files import offer_files
from pegbatch.planner.pack import pack
from pegbatch.planner.reduce import reduce
from pegbatch.planner.require_files import require_files
from pegbatch.planner.scopes import given_of
from pegbatch.planner.separate import separate
from pegbatch.planner.sites import s3_users
from pegbatch.planner.stage_inputs import stage_inputs
from pegbatch.planner.stages import Given, Linked

REFINEMENTS: tuple[Callable[[Any], Any], ...] = (
    adopt_executables,
    require_files,
    map_outputs,
    offer_files,
    check,
    reduce,
    map_to_site,
    locate_inputs,
    deliver_reused,
    level,
    cluster,
    make_arrays,
    separate,
    align,
    pack,
    stage_inputs,
    copy_reused,
    link,
    add_verdict,
    clean_up,
)


_SECRET = re.compile(
    r"password|secret|token|credential|webho|notify\.(?!(?:sns|on)$)", re.IGNORECASE
).search
"""Properties whose values stay out of the plan, which is copied to the bucket; that of a webhook
under a misspelt name, too."""


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
    registered, unregistered = _registered(linked)
    return PlannedWorkflow(
        plan=_header(linked),
        workflow=linked.workflow,
        graph=linked.graph,
        executables=linked.executables,
        inputs=linked.inputs,
        output_places=linked.output_places,
        delivered=linked.delivered,
        registered=registered,
        reused=linked.reused,
        reused_deliveries=linked.reused_deliveries,
        uploads=linked.uploads,
        task_settings=linked.task_settings,
        settings_table=linked.settings_table,
        task_indices=linked.task_indices,
        clusters=linked.clusters,
        cluster_names=linked.cluster_names,
        cluster_kinds=linked.cluster_kinds,
        cluster_resources=linked.cluster_resources,
        arrays=linked.arrays,
        array_of=linked.array_of,
        bag_of=linked.bag_of,
        warnings=linked.warnings + unregistered,
        transfer_arrays=linked.transfer_arrays,
        clean_ups=linked.clean_ups,
        inner_places=linked.inner_places,
    )


def _registered(linked: Linked) -> tuple[bytearray, tuple[Problem, ...]]:
    """Return the files that are registered, empty where the properties say that none is; warn."""
    workflows = [given_of(linked, number) for number in range(max(1, len(linked.scopes)))]
    if not any(one.tuning.register for one in workflows):
        return bytearray(), ()
    registered = registered_files(linked.workflow, linked.delivered)
    for lfn, scope in enumerate(linked.workflow.lfn_scopes or ()):
        registered[lfn] &= workflows[scope].tuning.register
    return registered, drop_ambiguous(linked, registered) if linked.scopes else ()


def _label(linked: Linked) -> str:
    options = linked.options
    if not (options.job_prefix or options.basename):
        return ""
    return options.job_prefix + (options.basename or linked.workflow.name)


def _containers(linked: Linked) -> tuple[TaskContainer, ...]:
    """Return the containers that jobs run in, by name."""
    used = {job.container for job in linked.jobs}
    known = (executable.container for executable in linked.executables)
    named = {one.name: one for one in known if one is not None and one.name in used}
    return tuple(named[name] for name in sorted(named))


def _sub_workflows(linked: Linked) -> tuple[SubWorkflowTask, ...]:
    """Return the tasks that run sub-workflows, by array and bag."""
    ids, jobs = linked.workflow.tasks.ids, linked.workflow.sub_workflows
    return tuple(
        SubWorkflowTask(
            id=ids[task],
            array=linked.arrays[linked.array_of[task]].name,
            bag=linked.bag_of[task],
            file=jobs[task].file,
        )
        for task in sorted(jobs, key=lambda task: (linked.array_of[task], linked.bag_of[task]))
    )


def _deliveries(linked: Linked) -> int:
    """Return how many files the run delivers, one at two places counted twice."""
    places, lfns = linked.output_places, linked.workflow.lfns
    if not (linked.inner_places or places.mapped):
        return sum(linked.delivered) * len(places.remote + places.local)
    found = compress(range(len(lfns)), linked.delivered)
    return sum(len(linked.places_of(lfn).destinations(lfns[lfn])) for lfn in found)


def _s3_users(linked: Linked) -> dict[str, str]:
    """Return, by bucket, the user that the catalogs name for it; those of the workflow first."""
    users = s3_users(linked.sites)
    for scope in linked.scopes[1:]:
        users = s3_users(scope.sites) | users
    return users


def _header(linked: Linked) -> Plan:
    workflow = linked.workflow
    return Plan(
        workflow=workflow.name,
        tasks=len(workflow.tasks),
        files=workflow.counts.files,
        levels=linked.level_count,
        jobs=linked.jobs,
        staging_url=linked.staging_url,
        uploads=len(linked.uploads),
        outputs=_deliveries(linked) + len(linked.reused_deliveries),
        reused=len(linked.reused),
        s3_users=_s3_users(linked),
        runnable=linked.options.catalogs,
        hooks=workflow.hooks,
        containers=_containers(linked),
        sub_workflows=_sub_workflows(linked),
        planned_in=tuple(workflow.scopes[1:]),
        label=_label(linked),
        run_folder=linked.options.run_folder,
        properties=kept_properties(linked.settings),
    )


def kept_properties(settings: Settings) -> dict[str, str]:
    """Return the properties in force, but for those that are kept in no plan."""
    found = sorted(settings.properties.items())
    return {key: value.value for key, value in found if not _SECRET(key)}
