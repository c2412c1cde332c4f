"""What went wrong in a run, in words: what `analyze` prints."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from pegbatch.model.analysis import (
    Analysis,
    Cause,
    FailureGroup,
    TaskStory,
    last_words,
    log_url,
)
from pegbatch.model.history import Execution
from pegbatch.model.plain import plain_line
from pegbatch.model.run_status import TaskCounts
from pegbatch.model.sub_workflows import SUB_WORKFLOW
from pegbatch.report.counts import count_text
from pegbatch.report.status import LONGEST_LINE, headline

LINES_SHOWN = 10
"""Last lines of what a task said."""
WIDTH = 90
"""Characters of a line of advice."""
_LABEL = 9
"""Characters of the longest label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How much is told, and where the run lies."""

    submit_dir: str
    """As a shell takes it."""
    top: int | None = 10
    """Groups that are shown; None: all."""
    quiet: bool = False
    """Leaves out what tasks said."""


def analysis_text(analysis: Analysis, telling: Telling) -> str:
    """Return the totals, then the groups of failures, then what to type next."""
    status = analysis.status
    parts = [headline(status), "", *_totals(status.tasks)]
    if status.state == "planned":
        return "\n".join([*parts, "", f"not run yet: pegbatch run {telling.submit_dir}"])
    shown = analysis.groups[: telling.top]
    for number, group in enumerate(shown, 1):
        parts += ["", f"{number}. {group_title(group)}", *_group(group, analysis, telling)]
    left = analysis.groups[len(shown) :]
    if left:
        tasks = sum(group.tasks + group.skipped for group in left)
        kinds, those = count_text(len(left), "more kind"), count_text(tasks, "task")
        parts += ["", f"… and {kinds} of failure, {those}: --top {len(analysis.groups)} shows all"]
    parts += ["", *_end(analysis, telling)]
    return "\n".join(parts)


def _totals(tasks: TaskCounts) -> list[str]:
    counts = {
        "total": tasks.total,
        "succeeded": tasks.succeeded,
        "failed": tasks.failed,
        "skipped": tasks.skipped,
        "running": tasks.running,
        "waiting": tasks.waiting,
    }
    width = len(f"{tasks.total:,}")
    return [
        f"  {word:<9}  {count:>{width},}  {_percent(count, tasks.total):>7}"
        for word, count in counts.items()
        if count or word in ("total", "succeeded", "failed")
    ]


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else "-"


def group_title(group: FailureGroup) -> str:
    """Return how many tasks of what failed, and why."""
    count = group.tasks or group.skipped
    whose = f" of {group.transformation}" if group.transformation else ""
    if not group.transformation:
        what = count_text(count, "transfer")
    else:
        what = f"{count_text(count, 'task')}{whose}"
    verb = "failed" if group.tasks else "could not run"
    return plain_line(f"{what} {verb}: {group.cause.sentence}")


def _group(group: FailureGroup, analysis: Analysis, telling: Telling) -> Iterator[str]:
    if group.tasks:
        places = f"  (in {_some(group.arrays[:3], len(group.arrays))})"
        yield _row("tasks", f"{_some(group.ids, group.tasks)}{places}")
    if group.skipped:
        yield _row("skipped", _skipped_text(group))
    if group.executions > group.tasks > 0:
        yield _row("tried", f"{count_text(group.executions, 'time')} in all")
    if group.tasks:
        yield _row("example", who_text(group.example))
    yield from _words(group.example, telling)
    yield from _log(group, analysis)
    yield from _next(group.cause)
    if group.tasks and group.transformation:
        yield from _commands(group.example.id, group.transformation, telling)


def _skipped_text(group: FailureGroup) -> str:
    named = _some(group.skipped_ids, group.skipped)
    if not group.tasks:
        return named
    return f"{count_text(group.skipped, 'task')} behind {_it(group.tasks)}: {named}"


def _it(count: int) -> str:
    return "it" if count == 1 else "them"


def _some(names: Sequence[str], total: int) -> str:
    more = f" and {total - len(names):,} more" if total > len(names) else ""
    return ", ".join(map(plain_line, names)) + more


def who_text(execution: Execution) -> str:
    """Return which execution is shown, and how it ended."""
    parts = [execution.id, f"{execution.array} bag {execution.bag}", f"try {execution.try_}"]
    if execution.attempt:
        parts.append(f"attempt {execution.attempt}")
    parts.append(f"{execution.seconds:.1f} s")
    if execution.max_rss_mib is not None:
        parts.append(f"{execution.max_rss_mib:,.0f} MiB")
    return plain_line(", ".join(parts))


def _words(execution: Execution, telling: Telling) -> Iterator[str]:
    """Yield the last lines of what a task said."""
    stream, text = last_words(execution)
    lines = [line for line in text.strip().splitlines() if line.strip()][-LINES_SHOWN:]
    if telling.quiet or not lines:
        return
    for number, line in enumerate(lines):
        label = "" if number else stream
        yield _row(label, f"| {plain_line(line[-LONGEST_LINE:].rstrip())}")


def _log(group: FailureGroup, analysis: Analysis) -> Iterator[str]:
    if group.log_stream:
        yield _row("log", plain_line(f"CloudWatch stream {group.log_stream}"))
    elif group.tasks and (url := log_url(analysis.runs, group.example)):
        yield _row("log", plain_line(url))


def _next(cause: Cause) -> Iterator[str]:
    if cause.advice:
        first, *others = wrap(plain_line(cause.advice), WIDTH, break_long_words=False)
        yield _row("next", first)
        yield from (_row("", line) for line in others)


def _commands(task_id: str, transformation: str, telling: Telling) -> Iterator[str]:
    commands = commands_of(task_id, transformation, telling.submit_dir)
    return (_row(label, command) for label, command in commands)


def commands_of(task_id: str, transformation: str, submit_dir: str) -> Iterator[tuple[str, str]]:
    """Yield what looks closer at a task: (what for, command).

    Shapes: the planner of a sub-workflow is not debugged, since it would submit jobs.
    """
    words = f"{submit_dir} {task_word(task_id)}"
    if transformation != str(SUB_WORKFLOW):
        yield "debug", f"pegbatch debug {words}"
    yield "read", f"pegbatch logs {words}"


def task_word(task_id: str) -> str:
    """Return a task's id as a shell and pegbatch take it, whatever it begins with."""
    word = shlex.quote(task_id)
    if plain_line(task_id) != task_id:
        # Bash's way to write what would not be seen as it is.
        bare = task_id.replace("\\", "\\\\").replace("'", "\\'")
        word = f"$'{plain_line(bare)}'"
    return f"-- {word}" if task_id.startswith("-") else word


def _row(label: str, text: str) -> str:
    return f"   {label:<{_LABEL}}{text}".rstrip()


def _end(analysis: Analysis, telling: Telling) -> Iterator[str]:
    """Yield what is left to say of the whole run."""
    if analysis.unexplained:
        tasks = count_text(analysis.unexplained, "task")
        yield f"{tasks} left no record, and nothing says why{_why(analysis)}"
    if analysis.mended:
        yield f"{count_text(analysis.mended, 'task')} failed first and succeeded when tried again"
    if analysis.status.state in ("submitting", "running"):
        so_far = "this is so far" if analysis.groups else "nothing has failed so far"
        yield f"the run goes on, and {so_far}; what has tries left is tried again"
        yield f"wait: pegbatch wait {telling.submit_dir}"
    elif analysis.status.state == "succeeded":
        yield "nothing is left that failed"
    else:
        yield f"what has not succeeded, and only that: pegbatch run {telling.submit_dir}"


def _why(analysis: Analysis) -> str:
    return " but that the run was cancelled" if analysis.status.state == "cancelled" else ""


def story_text(story: TaskStory, telling: Telling) -> str:
    """Return one task: how it stands and why, each execution, its last words, what to type."""
    task = story.task
    head = f"{task.id} ({task.transformation}), {task.array} bag {task.bag}: {story.state}"
    rows = [plain_line(head), *_reasons(story)]
    rows += ["", *_executions(story.executions)] if story.executions else []
    if story.executions:
        last = story.executions[-1]
        rows += ["", *_words(last, telling)]
        url = log_url(story.runs, last)
        rows += [_row("log", plain_line(url))] if url else []
    if story.state != "waiting":
        rows += _commands(story.root or task.id, "" if story.root else task.transformation, telling)
    return "\n".join(rows)


def _reasons(story: TaskStory) -> Iterator[str]:
    if story.cause is not None:
        yield _row("why", plain_line(story.cause.sentence))
    if story.root is not None and story.root_cause is not None:
        yield _row("root", plain_line(f"{story.root}: {story.root_cause.sentence}"))
    cause = story.root_cause or story.cause
    if cause is not None:
        yield from _next(cause)
    if story.skipped:
        yield _row("skipped", f"{count_text(story.skipped, 'task')} behind it")


def _executions(executions: Iterable[Execution]) -> Iterator[str]:
    yield "   TRY  ATTEMPT  STATE      SECONDS  MEMORY     REASON"
    for one in executions:
        rss = "-" if one.max_rss_mib is None else f"{one.max_rss_mib:,.0f} MiB"
        reason = plain_line(one.reason.partition("\n")[0])[:LONGEST_LINE]
        yield (
            f"   {one.try_:>3}  {one.attempt:>7}  {one.state:<9}  {one.seconds:>7.1f}  {rss:<9}"
            f"  {reason}"
        ).rstrip()
