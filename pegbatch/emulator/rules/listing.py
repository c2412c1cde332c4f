"""Selectors, filters and pages of the list and describe operations."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules import names
from pegbatch.emulator.state.jobs import Job, Json

T = TypeVar("T")
FILTERS = (
    "JOB_NAME",
    "JOB_DEFINITION",
    "BEFORE_CREATED_AT",
    "AFTER_CREATED_AT",
    "SHARE_IDENTIFIER",
)
STATUS_PAGE = 1000
FILTER_PAGE = 100


def check_listing(body: Json) -> None:
    """Refuse anything but exactly one selector and at most one known filter.

    Source: API ListJobs.
    """
    selectors = [key for key in ("jobQueue", "arrayJobId", "multiNodeJobId") if key in body]
    if len(selectors) != 1:
        raise Refusal("exactly one of jobQueue, arrayJobId and multiNodeJobId must be specified")
    filters = body.get("filters", ())
    if len(filters) > 1:
        raise Refusal("only one filter can be used at a time")
    for entry in filters:
        if entry.get("name") not in FILTERS:
            raise Refusal(f"filter {entry.get('name')!r} is none of {', '.join(FILTERS)}")
        if not entry.get("values"):
            raise Refusal(f"filter {entry['name']} has no values")
        if entry["name"].endswith("CREATED_AT") and not entry["values"][0].isdecimal():
            raise Refusal(f"filter {entry['name']} takes milliseconds since 1970")


def job_filter(entry: Json, definition_arn: Callable[[Job], str]) -> Callable[[Job], bool]:
    """Return the test that one filter of ListJobs makes; several values are alternatives."""
    name, values = entry["name"], entry["values"]
    if name == "BEFORE_CREATED_AT":
        return lambda job: job.created * 1000 < int(values[0])
    if name == "AFTER_CREATED_AT":
        return lambda job: job.created * 1000 > int(values[0])
    if name == "SHARE_IDENTIFIER":
        return lambda job: job.spec.share in values
    if name == "JOB_NAME":
        wanted = [value.lower() for value in values]
        return lambda job: any(_starts(value, job.spec.name.lower()) for value in wanted)
    return lambda job: any(_of_definition(value, job, definition_arn(job)) for value in values)


def page(
    items: Sequence[T], key: Callable[[T], tuple[int, ...]], body: Json, most: int
) -> tuple[Sequence[T], str | None]:
    """Cut one page out of items sorted by key: what follows nextToken, and the next token.

    Shapes: key must be ascending and unique; a token names the last item of a page, so that
    items which come or go between two pages shift nothing.
    Errors: Refusal for a token of nobody's and for maxResults below 1.
    """
    wanted = body.get("maxResults", most)
    if wanted < 1:
        raise Refusal(f"maxResults is {wanted}, less than 1")
    wanted = min(wanted, most)
    start = 0
    token = body.get("nextToken")
    if token is not None:
        start = _after(items, key, _decode(token))
    found = items[start : start + wanted]
    more = start + wanted < len(items)
    return found, _encode(key(found[-1])) if more and found else None


def _after(items: Sequence[T], key: Callable[[T], tuple[int, ...]], last: tuple[int, ...]) -> int:
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if key(items[middle]) <= last:
            low = middle + 1
        else:
            high = middle
    return low


def _encode(key: tuple[int, ...]) -> str:
    return base64.urlsafe_b64encode(",".join(str(part) for part in key).encode()).decode()


def _decode(token: str) -> tuple[int, ...]:
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
        return tuple(int(part) for part in text.split(","))
    except (ValueError, binascii.Error):
        raise Refusal("nextToken is not valid") from None


def _starts(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _of_definition(value: str, job: Job, arn: str) -> bool:
    parts = names.split_arn(value)
    return arn == value if parts else _starts(value, job.spec.definition)
