"""An independent judge of runs with several tries: what was submitted, in which order, with what.

It knows the true edges of the workflow, and reads the plan's files, what Batch was asked for, the
records, and the events of the embedded AWS; it shares no code with planner, engine and worker.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from tests.plan_checker import MOST_LINKS
from tests.replay import BUSY, ENDED, Json, Unit
from tests.tries import Tries


def problems_of_tries(tries: Tries) -> list[str]:
    """Return a sentence for everything in a run and its tries that is not as promised."""
    found = [problem for check in (_once, _sizes) for problem in check(tries)]
    if found:
        return found
    checks = (_bags, _links, _waits, _verdicts, _clean_ups, _order, _records, _skips)
    return [problem for check in checks for problem in check(tries)]


def _once(tries: Tries) -> Iterator[str]:
    """No array twice in one try; all of them in the first; no try left out."""
    seen: set[tuple[int, str]] = set()
    for job in tries.jobs:
        if (job.number, job.array) in seen:
            yield f"{job.array} was submitted twice in try {job.number}"
        seen.add((job.number, job.array))
        if job.array not in tries.submitted.jobs:
            yield f"{job.array} of try {job.number} is not in the plan"
    if tries.numbers != list(range(1, len(tries.numbers) + 1)):
        yield f"the tries are {tries.numbers}"
    if 1 in tries.by_try and tries.by_try[1].keys() != tries.submitted.jobs.keys():
        yield f"try 1 lacks {sorted(tries.submitted.jobs.keys() - tries.by_try[1].keys())}"


def _sizes(tries: Tries) -> Iterator[str]:
    for job in tries.jobs:
        if job.number == 1 and job.size != tries.submitted.jobs[job.array]["size"]:
            yield f"{job.array} has {job.size} children"
        if job.array in tries.submitted.computing and len(tries.bags_of[job.id]) != job.size:
            yield f"{job.array} of try {job.number}: {job.size} children, and other index lines"


def _bags(tries: Tries) -> Iterator[str]:
    """A later try runs exactly the bags with anything missing, each in one child."""
    for number in tries.numbers[1:]:
        wanted = tries.missing(number)
        jobs = tries.by_try[number]
        found = {
            name: tries.bags_of[job.id] for name, job in jobs.items() if job.id in tries.bags_of
        }
        for name in sorted(wanted.keys() | found.keys()):
            if sorted(wanted.get(name, [])) != sorted(found.get(name, [])):
                yield (
                    f"try {number} runs the bags {found.get(name)} of {name},"
                    f" and {wanted.get(name)} have tasks without a success"
                )


def _links(tries: Tries) -> Iterator[str]:
    """Links lead into the same try, are few, and are N_TO_N between equal arrays alone."""
    by_id = {job.id: job for job in tries.jobs}
    for job in tries.jobs:
        if len(job.links) > MOST_LINKS or len(set(job.links)) != len(job.links):
            yield f"{job.array} of try {job.number} has the links {job.links}"
        for id, kind in job.links:
            before = by_id.get(id)
            if before is None or before.number != job.number:
                yield f"{job.array} of try {job.number} waits for {id}, which is not of this try"
            elif kind == "N_TO_N" and not before.size == job.size > 1:
                yield f"{job.array} of try {job.number} is N_TO_N with {before.array}"


def _reach(tries: Tries, number: int) -> dict[str, tuple[set[str], set[str]]]:
    """Return for each array of a try: those that have ended as a whole, those child by child."""
    reach: dict[str, tuple[set[str], set[str]]] = {}
    jobs = tries.by_try[number]
    names = {job.id: name for name, job in jobs.items()}

    def visit(name: str) -> tuple[set[str], set[str]]:
        if name not in reach:
            whole: set[str] = set()
            same: set[str] = set()
            # A link that leads elsewhere is told of by itself.
            for id, kind in ((id, kind) for id, kind in jobs[name].links if id in names):
                parent = names[id]
                above_whole, above_same = visit(parent)
                whole |= above_whole
                (same if kind == "N_TO_N" else whole).update(above_same | {parent})
            reach[name] = (whole, same)
        return reach[name]

    for name in jobs:
        visit(name)
    return reach


def _ties(tries: Tries, number: int) -> Iterator[tuple[Unit, Unit]]:
    """Yield the pairs of bags of a try of which one holds a parent of a task of the other."""
    places, units = tries.submitted.places, tries.units[number]
    pairs = {
        (places[parent], places[child])
        for child, parents in tries.parents.items()
        for parent in parents
    }
    for before, after in sorted(pairs):
        if before != after and before in units and after in units:
            yield before, after


def _waits(tries: Tries) -> Iterator[str]:
    """Each true edge of which both ends are in a try is covered by its links."""
    for number in tries.numbers:
        reach = _reach(tries, number)
        for before, after in _ties(tries, number):
            (_, first), (_, second) = tries.units[number][before], tries.units[number][after]
            whole, same = reach[after[0]]
            if before[0] not in whole and not (before[0] in same and first == second):
                yield f"nothing makes {after} wait for {before} in try {number}"


def _verdicts(tries: Tries) -> Iterator[str]:
    """Each try has the verdict, and it waits for everything that computes."""
    jobs = tries.submitted.jobs
    verdict = next(name for name, job in jobs.items() if job["kind"] == "verdict")
    for number in tries.numbers:
        if verdict not in tries.by_try[number]:
            yield f"try {number} has no verdict"
            continue
        whole, _ = _reach(tries, number)[verdict]
        computing = {n for n in tries.by_try[number] if jobs[n]["kind"] in ("compute", "stage-in")}
        if computing - whole:
            yield f"the verdict of try {number} does not wait for {sorted(computing - whole)}"


def _clean_ups(tries: Tries) -> Iterator[str]:
    """A clean-up of a try waits for all arrays of the try that make or read what it deletes."""
    users: dict[str, set[str]] = defaultdict(set)
    for id, line in tries.submitted.tasks.items():
        for use in (*line["inputs"], *line["outputs"]):
            users[use["url"]].add(tries.submitted.places[id][0])
    for number in tries.numbers:
        reach = _reach(tries, number)
        for name in tries.by_try[number]:
            if tries.submitted.jobs[name]["kind"] != "clean-up":
                continue
            urls = {url for line in _lines(tries, name) for url in line["delete"]}
            needed = {array for url in urls for array in users[url]} & reach.keys()
            if needed - reach[name][0]:
                yield f"{name} of try {number} does not wait for {sorted(needed - reach[name][0])}"


def _lines(tries: Tries, name: str) -> list[Json]:
    """Return the lines of a job that is none of those that compute."""
    return [json.loads(line) for line in tries.submitted.text(name)]


def _order(tries: Tries) -> Iterator[str]:
    """In each try a child starts after the children that hold its tasks' parents have ended."""
    for number in tries.numbers:
        for before, after in _ties(tries, number):
            (job, child), (later, index) = (tries.units[number][unit] for unit in (before, after))
            starts = [e for e in tries.changes[later.id, index] if e["state"] in BUSY]
            ends = [e for e in tries.changes[job.id, child] if e["state"] in ENDED]
            if starts and (not ends or starts[0]["number"] < ends[0]["number"]):
                yield f"{after} started before {before} had ended, in try {number}"
    for (id, child), events in tries.changes.items():
        ends = [event for event in events if event["state"] in ENDED]
        if len(ends) != 1 or events[-1] is not ends[0]:
            yield f"child {child} of {id} has {len(ends)} ends"


def _records(tries: Tries) -> Iterator[str]:
    """At most one success a task, and nothing after it; nothing runs before its parents succeed."""
    for id, rows in tries.records.items():
        states = [row["state"] for row in rows]
        if "succeeded" in states[:-1]:
            yield f"task {id} has records after its success: {states}"
        for row in rows:
            if row["state"] == "skipped":
                continue
            for parent in sorted(tries.parents[id]):
                success = tries.successes.get(parent)
                if success is None or success["end"] > row["start"]:
                    yield f"task {id} ran in try {row['try']} before {parent} had succeeded"


def _skips(tries: Tries) -> Iterator[str]:
    """A task is skipped only while a parent has not succeeded."""
    places = tries.submitted.places
    for id, rows in tries.records.items():
        for row in () if id in tries.doomed else rows:
            if row["state"] != "skipped":
                continue
            late = [
                parent
                for parent in tries.parents[id]
                if parent not in tries.successes
                or _moment(tries.successes[parent], places[parent] == places[id])
                > _moment(row, places[parent] == places[id])
            ]
            if not late:
                yield f"task {id} was skipped in try {row['try']}, its parents had succeeded"


def _moment(row: Json, same_bag: bool) -> tuple[int, int, float]:
    """Return when a record was made; attempts, and rounds of the last one, count within one bag."""
    return (row["try"], row["attempt"], row["end"]) if same_bag else (row["try"], 0, 0.0)
