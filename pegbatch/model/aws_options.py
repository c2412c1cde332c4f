"""What the properties `pegbatch.aws.*` add to every SubmitJob.

Source: AWS Batch API, SubmitJob (shareIdentifier, schedulingPriorityOverride, tags, parameters).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pegbatch.errors import InputError, Problem

SHARE_IDENTIFIER = "pegbatch.aws.share_identifier"
SCHEDULING_PRIORITY = "pegbatch.aws.scheduling_priority"
TAGS = "pegbatch.aws.tags"
PROPAGATE_TAGS = "pegbatch.aws.tags.propagate"
PARAMETERS = "pegbatch.aws.parameters"
PLATFORM = "pegbatch.aws.platform"
ON_DEMAND_QUEUE = "pegbatch.aws.on_demand_queue"

EC2, FARGATE = "EC2", "FARGATE"
"""Values of PLATFORM."""
PRIORITIES = range(10_000)
SHARE_CHARACTERS_MAX = 255
TAGS_MAX = 50
TAG_KEY_MAX = 128
TAG_VALUE_MAX = 256
SHOWN_MAX = 80
"""Characters of a value in a message."""

Pairs = Mapping[str, str]

_QUEUE = re.compile(
    r"(?:arn:aws[a-z-]*:batch:[a-z0-9-]+:\d{12}:job-queue/)?[A-Za-z0-9][A-Za-z0-9_-]{0,127}"
).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsOptions:
    """The properties as typed values."""

    share_identifier: str = ""
    """Empty: none, as queues without a fair-share policy want it."""
    scheduling_priority: int | None = None
    tags: Pairs = field(default_factory=dict)
    propagate_tags: bool = True
    """Tags go on to the ECS task as well."""
    parameters: Pairs = field(default_factory=dict)
    """Of all transformations."""
    parameters_by: Mapping[str, Pairs] = field(default_factory=dict)
    """By name of a transformation, complete or bare."""
    platform: str = ""
    """EC2 or FARGATE; empty: what the queue's environments are."""
    on_demand_queue: str = ""
    """Name or ARN of the queue for tries that are not to run on spare machines; empty: none."""

    def on_fargate(self, seen: bool) -> bool:
        """Tell whether jobs run on Fargate: as the property says, else as was seen."""
        return self.platform == FARGATE if self.platform else seen

    def parameters_of(self, transformations: Iterable[str]) -> dict[str, str]:
        """Return the job-definition parameters of transformations by complete name, sorted.

        Shapes: the complete name wins over the bare one, and that over what is for all.
        """
        found = dict(self.parameters)
        for name in transformations:
            found.update(self.parameters_by.get(_bare(name), {}))
            found.update(self.parameters_by.get(name, {}))
        return dict(sorted(found.items()))


def read_aws_options(
    properties: Mapping[str, str], where: Callable[[str], str | None] = lambda key: None
) -> AwsOptions:
    """Read the properties `pegbatch.aws.*`.

    Errors: InputError with every value that does not fit, each with the place that where tells.
    """
    problems: list[Problem] = []

    def read(key: str) -> str:
        return properties.get(key, "").strip()

    def pairs(key: str) -> Pairs:
        try:
            return _pairs(read(key))
        except ValueError as error:
            problems.append(Problem(f"{key} = {_cut(read(key))}: {error}", where(key)))
            return {}

    options = AwsOptions(
        share_identifier=read(SHARE_IDENTIFIER),
        scheduling_priority=int(read(SCHEDULING_PRIORITY)) if _is_priority(properties) else None,
        tags=pairs(TAGS),
        propagate_tags=read(PROPAGATE_TAGS).lower() != "false",
        parameters=pairs(PARAMETERS),
        parameters_by={
            key.removeprefix(f"{PARAMETERS}."): pairs(key)
            for key in sorted(properties)
            if key.startswith(f"{PARAMETERS}.")
        },
        platform=read(PLATFORM).upper(),
        on_demand_queue=read(ON_DEMAND_QUEUE),
    )
    problems += (
        Problem(f"{key} = {_cut(read(key))}: {message}", where(key))
        for key, message in _unfit(options, properties)
    )
    if problems:
        raise InputError(problems=problems)
    return options


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"


def _bare(name: str) -> str:
    return name.rpartition("::")[2].partition(":")[0]


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        name, sign, value = item.partition("=")
        if not sign or not name.strip():
            raise ValueError("must be a list of name=value, with commas between")
        found[name.strip()] = value.strip()
    return found


def _is_priority(properties: Mapping[str, str]) -> bool:
    text = properties.get(SCHEDULING_PRIORITY, "").strip()
    return text.isascii() and text.isdecimal() and int(text) in PRIORITIES


def _unfit(options: AwsOptions, properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what breaks a rule of Batch, by property."""
    share = options.share_identifier
    if share and not (share.isascii() and share.isalnum() and len(share) <= SHARE_CHARACTERS_MAX):
        yield SHARE_IDENTIFIER, f"must be up to {SHARE_CHARACTERS_MAX} letters and digits"
    if properties.get(SCHEDULING_PRIORITY, "").strip():
        if options.scheduling_priority is None:
            yield SCHEDULING_PRIORITY, "must be a whole number, 0 to 9999"
        elif not share:
            yield SCHEDULING_PRIORITY, f"counts only where {SHARE_IDENTIFIER} is set"
    for key, words in ((PROPAGATE_TAGS, ("true", "false")), (PLATFORM, ("ec2", "fargate"))):
        if properties.get(key, "").strip().lower() not in ("", *words):
            yield key, f"must be {' or '.join(words)}"
    if options.on_demand_queue and not _QUEUE(options.on_demand_queue):
        yield ON_DEMAND_QUEUE, "must be the name or the ARN of a job queue"
    yield from ((TAGS, message) for message in _unfit_tags(options.tags))


def _unfit_tags(tags: Pairs) -> Iterator[str]:
    if len(tags) > TAGS_MAX:
        yield f"{len(tags)} tags, at most {TAGS_MAX} are allowed"
    for name, value in tags.items():
        if name.lower().startswith("aws:"):
            yield f"{name}: names that begin with aws: are Amazon's"
        if len(name) > TAG_KEY_MAX or len(value) > TAG_VALUE_MAX:
            yield f"{name}: at most {TAG_KEY_MAX} characters, and {TAG_VALUE_MAX} of the value"
