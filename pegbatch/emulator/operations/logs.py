"""The calls of CloudWatch Logs that reading a job's log takes.

Source: CloudWatch Logs API, GetLogEvents, FilterLogEvents, DescribeLogStreams, DescribeLogGroups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pegbatch.emulator.log_files import LogEvent, Stream
from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules.log_patterns import compile_pattern
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.views import milliseconds
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World

MAX_EVENTS = 10_000
MAX_BYTES = 1024 * 1024
EVENT_OVERHEAD = 26
"""Bytes that an event counts for beside its message."""
PAGE = 50


def get_events(world: World, call: Call) -> Json:
    """GetLogEvents: one stream, forwards or backwards; the same token again is the end."""
    stream = world.logs.find(_group(world, call.body), call.body["logStreamName"])
    if stream is None:
        raise _missing("The specified log stream does not exist.")
    start, end, limit = _window(stream, call.body)
    chosen = _within(stream.events(start), _in_time(call.body))
    events = list(_one_page((event for event in chosen if event.offset < end), limit))
    after = events[-1].next_offset if events else start
    return {
        "events": [_shown(event) for event in events],
        "nextForwardToken": f"f/{after:056d}",
        "nextBackwardToken": f"b/{events[0].offset if events else start:056d}",
    }


def filter_events(world: World, call: Call) -> Json:
    """FilterLogEvents: all streams or chosen ones, one after another, in pages."""
    streams = _chosen_streams(world, _group(world, call.body), call.body)
    test = compile_pattern(call.body.get("filterPattern", ""))
    first, offset = _place(call.body.get("nextToken", "0/0"))
    limit = call.body.get("limit", MAX_EVENTS)
    found: list[Json] = []
    size = 0
    in_time = _in_time(call.body)
    for number in range(first, len(streams)):
        for event in _within(streams[number].events(offset), in_time):
            if not test(event.message):
                continue
            size += len(event.message) + EVENT_OVERHEAD
            if len(found) >= limit or size > MAX_BYTES:
                return {"events": found, "nextToken": f"{number}/{event.offset}"}
            found.append(_filtered(streams[number], event))
        offset = 0
    return {"events": found}


def describe_streams(world: World, call: Call) -> Json:
    """DescribeLogStreams: by name or by the time of the last event."""
    group = _group(world, call.body)
    prefix = call.body.get("logStreamNamePrefix", "")
    by_time = call.body.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise _invalid("logStreamNamePrefix can't go with orderBy LastEventTime")
    order: Callable[[Stream], tuple[int, str]] = (
        (lambda s: (s.last_ms(), s.name)) if by_time else (lambda s: (0, s.name))
    )
    streams = sorted(
        (stream for stream in world.logs.all(group) if stream.name.startswith(prefix)),
        key=order,
        reverse=call.body.get("descending", False),
    )
    start = _number(call.body.get("nextToken", "0"))
    limit = call.body.get("limit", PAGE)
    shown = [_stream(world, stream) for stream in streams[start : start + limit]]
    answer: Json = {"logStreams": shown}
    if start + limit < len(streams):
        answer["nextToken"] = str(start + limit)
    return answer


def describe_groups(world: World, call: Call) -> Json:
    """DescribeLogGroups: those that jobs have written to, and Batch's own."""
    prefix = call.body.get("logGroupNamePrefix", "")
    pattern = call.body.get("logGroupNamePattern", "")
    shown = [
        {"logGroupName": name, "arn": _group_arn(world, name), "storedBytes": 0}
        for name in world.logs.groups()
        if name.startswith(prefix) and pattern in name
    ]
    return {"logGroups": shown[: call.body.get("limit", PAGE)]}


def _window(stream: Stream, body: Json) -> tuple[int, int, int]:
    """Return first offset, offset to end before, and the most events."""
    limit = body.get("limit", MAX_EVENTS)
    size = stream.size
    token = body.get("nextToken")
    if token is None:
        if body.get("startFromHead", False) or "startTime" in body or "endTime" in body:
            return 0, size + 1, limit
        return stream.line_start(size, limit), size + 1, limit
    direction, _, text = token.partition("/")
    if direction not in ("f", "b") or not text.isdecimal():
        raise _invalid("The specified nextToken is invalid.")
    offset = int(text)
    if direction == "f":
        return offset, size + 1, limit
    return stream.line_start(offset, limit), offset, limit


def _in_time(body: Json) -> Callable[[LogEvent], bool]:
    start, end = body.get("startTime", 0), body.get("endTime", float("inf"))
    return lambda event: start <= event.timestamp_ms < end


def _within(events: Iterable[LogEvent], test: Callable[[LogEvent], bool]) -> Iterator[LogEvent]:
    return (event for event in events if test(event))


def _one_page(events: Iterator[LogEvent], limit: int) -> Iterator[LogEvent]:
    size = 0
    for event in islice(events, limit):
        size += len(event.message) + EVENT_OVERHEAD
        if size > MAX_BYTES:
            return
        yield event


def _chosen_streams(world: World, group: str, body: Json) -> list[Stream]:
    names, prefix = body.get("logStreamNames"), body.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise _invalid("logStreamNames and logStreamNamePrefix can't be specified together")
    if names is None:
        return [s for s in world.logs.all(group) if s.name.startswith(prefix or "")]
    found = [(name, world.logs.find(group, name)) for name in names]
    if any(stream is None for _, stream in found):
        raise _missing("The specified log stream does not exist.")
    return [stream for _, stream in found if stream is not None]


def _place(token: str) -> tuple[int, int]:
    stream, _, offset = token.partition("/")
    return _number(stream), _number(offset)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise _invalid("The specified nextToken is invalid.")
    return int(text)


def _group(world: World, body: Json) -> str:
    """Return the group that a call names, refused where it is not there."""
    name = body.get("logGroupName") or body.get("logGroupIdentifier", "").rpartition(":")[2]
    if name not in world.logs.groups():
        raise _missing("The specified log group does not exist.")
    return str(name)


def _shown(event: LogEvent) -> Json:
    return {
        "timestamp": event.timestamp_ms,
        "message": event.message,
        "ingestionTime": event.timestamp_ms,
    }


def _filtered(stream: Stream, event: LogEvent) -> Json:
    return {
        **_shown(event),
        "logStreamName": stream.name,
        "eventId": f"{event.timestamp_ms}{event.offset:020d}",
    }


def _stream(world: World, stream: Stream) -> Json:
    first = milliseconds(stream.attempt.started)
    return {
        "logStreamName": stream.name,
        "arn": f"{_group_arn(world, stream.group)}:log-stream:{stream.name}",
        "creationTime": first,
        "firstEventTimestamp": first,
        "lastEventTimestamp": stream.last_ms(),
        "lastIngestionTime": stream.last_ms(),
        "storedBytes": stream.size,
    }


def _group_arn(world: World, group: str) -> str:
    job = world.registry.arn("job", "").split(":")
    return f"arn:aws:logs:{job[3]}:{job[4]}:log-group:{group}"


def _missing(message: str) -> Refusal:
    return Refusal(message, error_type="ResourceNotFoundException")


def _invalid(message: str) -> Refusal:
    return Refusal(message, error_type="InvalidParameterException")
