"""Tasks that plan and run a workflow while the run goes on: what they start with and ask for.

Such a task waits most of its time, for jobs of its own. So the profiles of site and properties,
which are meant for what computes, do not size it or end it, and it shares its child with nobody.
"""

from __future__ import annotations

from dataclasses import replace

from pegbatch.errors import Problem
from pegbatch.model.bags import Executable, TaskSettings
from pegbatch.model.containers import TaskContainer
from pegbatch.model.images import image_fault
from pegbatch.model.settings import Settings
from pegbatch.model.sub_workflows import ARGV, SUB_WORKFLOW

IMAGE = "pegbatch.sub_workflow.image"
CONTAINER_NAME = "pegbatch-sub-workflow"
"""No name of a container in a catalog has to give way: what a plan calls this one."""
_NAME = str(SUB_WORKFLOW)


def planner_program(settings: Settings) -> tuple[Executable, tuple[Problem, ...]]:
    """Return what the task of a sub-workflow starts with, and what is wrong with its image."""
    image = settings.get(IMAGE).strip().removeprefix("docker://")
    if not image:
        return Executable(ARGV[0]), ()
    fault = image_fault(image)
    if fault:
        hint = "name an image that has pegbatch: [registry/]name[:tag]"
        return Executable(ARGV[0]), (Problem(f"{IMAGE}: {fault}", settings.where(IMAGE), hint),)
    return Executable(ARGV[0], container=TaskContainer(name=CONTAINER_NAME, image=image)), ()


def planner_settings(settings: TaskSettings) -> TaskSettings:
    """Return the settings of such a task, which no clustering technique takes."""
    return replace(
        settings, clusters_num=None, clusters_size=None, clusters_maxruntime=None, label=""
    )


def runs_sub_workflow(name: object) -> bool:
    """Tell whether a transformation, or its complete name, is that of such tasks."""
    return str(name) == _NAME
