"""What the profiles of a task come to, once their layers are laid over each other."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pegbatch.model.bags import TaskSettings
from pegbatch.model.plan import Resources
from pegbatch.model.profiles import Profiles
from pegbatch.model.regex_cost import explodes
from pegbatch.planner.tuning import Tuning, aggregator_name

ATTEMPTS_MAX = 10
"""Source: AWS Batch API, RetryStrategy."""

CORES_DEFAULT = 1
MEMORY_DEFAULT_MIB = 2048
RETRY_DEFAULT = 1
"""Source: Pegasus's defaults of these profiles."""

LABEL = "label"
"""The key that Pegasus reads labels of clusters from, unless it is told another."""

NUMBER_MAX = 2**31 - 1
"""Of anything that Batch takes as a number; more is a slip of the keyboard."""

Resolved = tuple[TaskSettings, list[tuple[str, str | None]]]
"""What profiles come to, and what is wrong with them: messages, each with a hint or None."""

_CURRENT = {"job.runtime": "runtime", "collapser": "job.aggregator"}
"""Keys as old versions of Pegasus spell them."""


class ProfileResolver:
    """Resolves profiles under one tuning; most tasks share all but a few of theirs."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        # A label may be read from any key, and that of the cores, say, says both.
        label = {LABEL} & {tuning.label_key}
        self._own = frozenset(("pegasus", key) for key in {"maxwalltime", "runtime", *label})
        """What a workflow gives to each task anew, like the variables of the environment."""
        self._known: dict[tuple[tuple[tuple[str, str], str], ...], Resolved] = {}
        """By the profiles but for these."""

    def resolve(self, layers: Sequence[Profiles]) -> Resolved:
        """Return what the layers come to, weakest layer first, and what is wrong with them.

        Units: `memory` is MiB, `maxwalltime` minutes, `runtime` seconds, as in Pegasus.
        """
        merged, own = _merged(layers), self._own
        shared = tuple(
            [item for item in merged.items() if item[0][0] != "env" and item[0] not in own]
        )
        known = self._known.get(shared)
        if known is None:
            known = self._known[shared] = _resolved(dict(shared), self._tuning)
        if len(shared) == len(merged):
            return known
        settings, wrong = known
        if wrong:
            return _resolved(merged, self._tuning)
        wrong = []
        read = _Reader(merged, wrong)
        found = replace(
            settings,
            timeout_seconds=read.seconds("maxwalltime"),
            runtime_seconds=read.number("runtime", float),
            label=read.label(self._tuning),
            env=read.environment(),
        )
        return found, wrong


def _merged(layers: Sequence[Profiles]) -> dict[tuple[str, str], str]:
    merged: dict[tuple[str, str], str] = {}
    for layer in layers:
        for namespace, key, value in layer:
            folded = key if namespace == "env" else key.lower()
            if namespace == "pegasus":
                folded = _CURRENT.get(folded, folded)
            merged[namespace, folded] = value
    return merged


def _resolved(merged: dict[tuple[str, str], str], tuning: Tuning) -> Resolved:
    wrong: list[tuple[str, str | None]] = []
    read = _Reader(merged, wrong)
    timeout = read.seconds("maxwalltime")
    checkpoint = read.seconds("checkpoint.time")
    resources = Resources(
        vcpus=read.whole("cores", 1) or CORES_DEFAULT,
        memory_mib=read.whole("memory", 1) or MEMORY_DEFAULT_MIB,
        gpus=read.whole("gpus", 0) or 0,
    )
    settings = TaskSettings(
        resources=resources,
        tries=1 + _retries(read),
        timeout_seconds=timeout,
        runtime_seconds=read.number("runtime", float),
        clusters_num=read.whole("clusters.num", 1),
        clusters_size=read.whole("clusters.size", 1),
        clusters_maxruntime=read.number("clusters.maxruntime", _at_least_zero),
        label=read.label(tuning),
        side_by_side=Resources(
            vcpus=read.whole("pmc_request_cpus", 1) or resources.vcpus,
            memory_mib=read.whole("pmc_request_memory", 1) or resources.memory_mib,
            gpus=resources.gpus,
        ),
        aggregator=read.aggregator() or tuning.aggregator,
        env=read.environment(),
        checkpoint_seconds=checkpoint,
        failure_message=read.pattern("exitcode.failuremsg"),
        success_message=read.pattern("exitcode.successmsg"),
    )
    return settings, wrong


def attempts_of(tries: int, infrastructure_retries: int) -> int:
    """Return the attempts that Batch is told: tries of the task and of the infrastructure.

    Source: design, "Retries"; AWS Batch allows 1 to 10.
    """
    return min(ATTEMPTS_MAX, tries + infrastructure_retries)


def _retries(read: _Reader) -> int:
    retries = read.whole("retry", 0, namespace="dagman")
    return RETRY_DEFAULT if retries is None else retries


def _at_least_zero(text: str) -> float:
    number = float(text)
    if number < 0:
        raise ValueError(text)
    return number


class _Reader:
    """Reads values of merged profiles; what does not fit is noted and left out."""

    def __init__(
        self, merged: dict[tuple[str, str], str], wrong: list[tuple[str, str | None]]
    ) -> None:
        self._merged = merged
        self._wrong = wrong

    def whole(self, key: str, least: int, *, namespace: str = "pegasus") -> int | None:
        """Return a whole number, parts of one rounded up."""
        number = self.number(key, float, namespace=namespace)
        if number is None:
            return None
        if number < least:
            self._complain(namespace, key, f"must be {least} or more")
            return None
        return math.ceil(number)

    def seconds(self, key: str) -> int | None:
        """Return what is given in minutes; nothing where that is 0."""
        minutes = self.number(key, _at_least_zero)
        return math.ceil(minutes * 60) if minutes else None

    def number(
        self, key: str, convert: Callable[[str], float], *, namespace: str = "pegasus"
    ) -> float | None:
        """Return a finite number."""
        text = self._merged.get((namespace, key))
        if text is None or not text.strip():
            return None
        try:
            number = convert(text)
            if not math.isfinite(number):
                raise ValueError(text)
        except ValueError:
            self._complain(namespace, key, "must be a plain number, without a unit")
            return None
        if abs(number) > NUMBER_MAX:
            self._complain(namespace, key, f"must not be above {NUMBER_MAX:,}")
            return None
        return number

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Return the environment variables, sorted; a name that no process can have is noted."""
        pairs = sorted((k, v) for (namespace, k), v in self._merged.items() if namespace == "env")
        for key, _ in pairs:
            if not key or "=" in key or "\0" in key:
                self._complain("env", key, "is no variable: its name must be without =")
        return tuple(pairs)

    def label(self, tuning: Tuning) -> str:
        """Return the label of the task's cluster; empty for none."""
        return self._merged.get(("pegasus", tuning.label_key), "").strip()

    def pattern(self, key: str) -> str:
        """Return a regular expression; empty where there is none."""
        text = self._merged.get(("pegasus", key), "")
        if not text:
            return ""
        try:
            re.compile(text.encode())
            endless = explodes(text)
        except (re.error, RecursionError, OverflowError) as error:
            self._complain("pegasus", key, f"is not a regular expression: {error}")
            return ""
        if endless:
            self._complain("pegasus", key, "has a repetition in a repetition: it may never end")
            return ""
        return text

    def aggregator(self) -> str | None:
        """Return the aggregator of the job, where a profile names one."""
        text = self._merged.get(("pegasus", "job.aggregator"), "").strip()
        if not text:
            return None
        try:
            return aggregator_name(text)
        except ValueError as error:
            self._complain("pegasus", "job.aggregator", str(error))
            return None

    def _complain(self, namespace: str, key: str, rule: str) -> None:
        value = self._merged[namespace, key]
        self._wrong.append((f"profile {namespace} {key} = {value!r} {rule}", None))
