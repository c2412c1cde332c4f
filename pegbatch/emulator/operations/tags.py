"""Tags of definitions, environments, queues, policies, consumables and jobs."""

from __future__ import annotations

from collections.abc import Callable

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules.names import check_tags, split_arn
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.wire import Call
from pegbatch.emulator.world import World


def tag(world: World, call: Call) -> Json:
    """TagResource: add tags, replace those of the same key."""
    tags, save = _find(world, call.body["resourceArn"])
    changed = {**tags, **call.body["tags"]}
    check_tags(changed)
    save(changed)
    return {}


def untag(world: World, call: Call) -> Json:
    """UntagResource."""
    tags, save = _find(world, call.body["resourceArn"])
    save({key: value for key, value in tags.items() if key not in call.body["tagKeys"]})
    return {}


def list_tags(world: World, call: Call) -> Json:
    """ListTagsForResource."""
    tags, _ = _find(world, call.body["resourceArn"])
    return {"tags": tags}


def _find(world: World, arn: str) -> tuple[dict[str, str], Callable[[dict[str, str]], None]]:
    parts = split_arn(arn)
    if parts is not None and parts[0] == "job" and parts[1] in world.jobs():
        job = world.jobs()[parts[1]]

        def save_job(tags: dict[str, str]) -> None:
            job.detail = {**job.detail, "tags": tags}
            world.machine.core.effects.jobs[job.id] = job

        return job.detail["tags"], save_job
    found = world.registry.by_arn(arn)
    if found is None:
        raise Refusal(f"resource {arn} does not exist")
    kind, name, body = found

    def save(tags: dict[str, str]) -> None:
        world.registry.save(kind, name, {**body, "tags": tags})

    return body.get("tags", {}), save
