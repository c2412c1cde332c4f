"""The table of tasks while a workflow file is read: names interned, columns grown, checks made."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from pegbatch.errors import InputError, Problem
from pegbatch.model.catalogs import ReplicaCatalog, SiteCatalog, TransformationCatalog
from pegbatch.model.hooks import Hooks
from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.sub_workflows import SUB_WORKFLOW
from pegbatch.model.workflow import (
    CHECKPOINT,
    INPUT,
    NO_FILE,
    OUTPUT,
    Edges,
    SubWorkflowJob,
    TaskTable,
    TransformationName,
    Workflow,
    WorkflowCounts,
)
from pegbatch.parse.edges import NO_TASK, EdgeColumns
from pegbatch.parse.findings import Findings
from pegbatch.parse.use_columns import UseColumns

_BOTH = INPUT | OUTPUT
_PLAIN_FLAGS = frozenset(
    flags for flags in range(256) if not flags & CHECKPOINT and flags & _BOTH != _BOTH
)
"""Flags of a use of which nothing need be said."""
_RECURSIVE = Profile("pegasus", "type", "recursive")
"""How workflows of version 2 mark a job that plans another workflow."""


class WorkflowBuilder(Findings):
    """Takes jobs and edges in document order and ends in a frozen `Workflow`.

    What is wrong with them is collected; nothing is raised before `finish`.
    """

    def __init__(self, source: str, kind: str) -> None:
        super().__init__(source)
        self.name = ""
        self.version = ""
        self.common_profiles: Profiles = ()
        """Profiles of the workflow itself: every task has them, its own ones win."""
        self.sites: SiteCatalog | None = None
        self.transformation_catalog: TransformationCatalog | None = None
        self.replicas: ReplicaCatalog | None = None
        self.hooks: Hooks = ()
        """Of the workflow as a whole."""
        self._kind = kind
        self._ids: list[str] = []
        self._lines = array("l")
        self._transformations = array("i")
        self._arguments: list[str] = []
        self._profiles = array("i")
        self._streams: tuple[dict[int, int], ...] = ({}, {}, {})
        """LFN numbers of stdin, stdout and stderr of the tasks that redirect them."""
        self._uses = UseColumns()
        self._sub_workflows: dict[int, SubWorkflowJob] = {}
        self._foreign_files: set[str] = set()
        self._transformation_numbers: dict[TransformationName, int] = {}
        self._set_numbers: dict[Profiles, int] = {(): 0}
        self._recursive_sets: set[int] = set()
        self._hook_numbers: dict[Hooks, int] = {(): 0}
        self._hooked_tasks: dict[int, int] = {}
        self._edges = EdgeColumns()
        self._foreign_jobs = 0

    # Tasks ----------------------------------------------------------------------------------

    def add_task(
        self,
        identifier: str,
        line: int,
        transformation: TransformationName,
        arguments: str,
        profiles: Profiles,
        streams: Sequence[str | None],
        uses: Sequence[tuple[str, int]],
        hooks: Hooks = (),
    ) -> None:
        """Add one job.

        Shapes: streams are the LFNs of stdin, stdout and stderr, None where not redirected;
        uses are (LFN, flags), a repeated LFN becomes one row with the flags of all.
        """
        task = len(self._ids)
        self._note_id(identifier, line, task)
        if hooks:
            known = self._hook_numbers
            self._hooked_tasks[task] = known.setdefault(hooks, len(known))
        self._ids.append(identifier)
        self._lines.append(line)
        numbers = self._transformation_numbers
        self._transformations.append(numbers.setdefault(transformation, len(numbers)))
        self._arguments.append(arguments)
        self._profiles.append(self._profile_set(profiles, identifier, line) if profiles else 0)
        rows = self._uses.add_task(uses)
        if not _PLAIN_FLAGS.issuperset(rows.values()):
            self._check_uses(uses, rows, identifier, line)
        if streams.count(None) != len(streams):
            self._redirect(task, streams)

    def _redirect(self, task: int, streams: Sequence[str | None]) -> None:
        for column, lfn in zip(self._streams, streams, strict=True):
            if lfn is not None:
                column[task] = self._uses.unused(lfn)

    def add_sub_workflow(
        self,
        identifier: str,
        line: int,
        what: SubWorkflowJob,
        arguments: str,
        profiles: Profiles,
        uses: Sequence[tuple[str, int]],
        hooks: Hooks = (),
    ) -> None:
        """Add one job that stands for a whole workflow: a task whose arguments are options.

        Shapes: as `add_task`; the workflow's file is an input, also where no use names it.
        """
        task = len(self._ids)
        streams = (None, None, None)
        self.add_task(identifier, line, SUB_WORKFLOW, arguments, profiles, streams, uses, hooks)
        self._sub_workflows[task] = what
        self._uses.add_input(what.file)

    def refuse_planned_workflow(
        self, what: str, identifier: str, line: int, names: Iterable[str]
    ) -> None:
        """Count a job that stands for a workflow planned for HTCondor, and say why it cannot be.

        Shapes: what names the element, names are the LFNs of its `uses`.
        """
        self._count_foreign(identifier, line, names)
        self.defect(
            line,
            f"{what} {identifier!r} stands for a workflow that is planned already, which only "
            "HTCondor's DAGMan can run",
            "name the abstract workflow that it was planned from, in a pegasusWorkflow (or <dax>) "
            "job",
        )

    def add_unknown_job(self, kind: str, identifier: str, line: int, names: Iterable[str]) -> None:
        """Count a job of a type that does not exist, and say so."""
        self._count_foreign(identifier, line, names)
        self.defect(
            line,
            f"the job {identifier!r} has the unknown type {kind!r}",
            "write job, or leave `type` out",
        )

    def _count_foreign(self, identifier: str, line: int, names: Iterable[str]) -> None:
        self._note_id(identifier, line, NO_TASK)
        self._foreign_jobs += 1
        self._foreign_files.update(names)

    def _refuse_recursive(self, identifier: str, line: int) -> None:
        self.defect(
            line,
            f"the recursive job {identifier!r} calls the planner of Pegasus 2 by itself",
            "name the workflow's file in a <dax> job, or in a pegasusWorkflow job, instead",
        )

    def _note_id(self, identifier: str, line: int, task: int) -> None:
        if not self._edges.add_job(identifier, task):
            self.defect(
                line,
                f"the job id {identifier!r} is given twice",
                "every job needs an id of its own",
            )

    def _profile_set(self, profiles: Profiles, identifier: str, line: int) -> int:
        numbers = self._set_numbers
        number = numbers.get(profiles)
        if number is None:
            number = numbers[profiles] = len(numbers)
            if _RECURSIVE in profiles:
                self._recursive_sets.add(number)
        if number in self._recursive_sets:
            self._refuse_recursive(identifier, line)
        return number

    def _check_uses(
        self,
        uses: Sequence[tuple[str, int]],
        rows: Mapping[int, int],
        identifier: str,
        line: int,
    ) -> None:
        """Say what is odd about a job's uses, each file once."""
        for lfn in dict.fromkeys(lfn for lfn, _ in uses):
            flags = rows[self._uses.numbers[lfn]]
            if flags & _BOTH == _BOTH and not flags & CHECKPOINT:
                self._refuse_both(lfn, identifier, line)

    def _refuse_both(self, lfn: str, identifier: str, line: int) -> None:
        self.defect(
            line,
            f"the file {lfn!r} is input and output of the job {identifier!r}",
            "let the job write a file of another name",
        )

    # Edges and the end ----------------------------------------------------------------------

    def add_edge(self, parent: str, child: str, line: int) -> None:
        """Add one explicit edge; its jobs may come later in the document."""
        self._edges.add(parent, child, line)

    def add_parents(self, child: str, parents: Sequence[str], lines: Sequence[int]) -> None:
        """Add the explicit edges to one child, each with its line."""
        self._edges.add_parents(child, parents, lines)

    def finish(self) -> Workflow:
        """Return the workflow.

        Errors: InputError with all problems found.
        """
        if self.problems:
            raise InputError(problems=self.problems)
        if not self._ids and not self._foreign_jobs:
            self.defects.append(
                Problem("there are no jobs in this workflow", self.source, "is it the right file?")
            )
        edges = self._resolved_edges()
        profiles, profile_sets = self._final_profiles()
        return Workflow(
            name=self.name or PurePath(self.source).stem,
            source=self.source,
            kind=self._kind,
            version=self.version,
            tasks=self._table(profiles),
            lfns=tuple(self._uses.numbers),
            transformations=tuple(self._transformation_numbers),
            profile_sets=profile_sets,
            edges=edges,
            counts=self._counts(),
            sites=self.sites,
            transformation_catalog=self.transformation_catalog,
            replicas=self.replicas,
            hooks=self.hooks,
            hook_sets=tuple(self._hook_numbers),
            sub_workflows=self._sub_workflows,
            defects=tuple(self.defects),
            warnings=tuple(self.warnings),
        )

    def _resolved_edges(self) -> Edges:
        edges, dangling = self._edges.resolve()
        for identifier, line in dangling:
            self.defect(
                line,
                f"a dependency names the job {identifier!r}, which is not there",
                "add the job, or remove the dependency",
            )
        return edges

    def _final_profiles(self) -> tuple[array[int], Sequence[Profiles]]:
        """Put the workflow's own profiles below those of each task; set 0 stays empty."""
        common = self.common_profiles
        if not common:
            return self._profiles, tuple(self._set_numbers)
        sets = [(), *((*common, *own) for own in self._set_numbers)]
        return array("i", [number + 1 for number in self._profiles]), tuple(sets)

    def _table(self, profiles: array[int]) -> TaskTable:
        stdins, stdouts, stderrs = (self._column(numbers, NO_FILE) for numbers in self._streams)
        return TaskTable(
            ids=tuple(self._ids),
            lines=self._lines,
            transformations=self._transformations,
            arguments=tuple(self._arguments),
            profiles=profiles,
            stdins=stdins,
            stdouts=stdouts,
            stderrs=stderrs,
            use_offsets=self._uses.offsets,
            use_lfns=self._uses.lfns,
            use_flags=self._uses.flags,
            hooks=self._hook_column(),
        )

    def _hook_column(self) -> array[int] | None:
        return self._column(self._hooked_tasks, 0) if self._hooked_tasks else None

    def _column(self, numbers: Mapping[int, int], usual: int) -> array[int]:
        """Return a column in which most tasks have the same."""
        column = array("i", [usual]) * len(self._ids)
        for task, number in numbers.items():
            column[task] = number
        return column

    def _counts(self) -> WorkflowCounts:
        return WorkflowCounts(
            jobs=len(self._ids) + self._foreign_jobs,
            edges=len(self._edges),
            files=self._uses.count(self._foreign_files),
        )
