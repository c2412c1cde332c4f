"""The entities that jobs need: definitions, environments, queues, policies, consumables.

Bodies are kept as the API shows them. Whoever changes one calls `save`, so that it reaches the
database and the scheduler.
"""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.rules.names import arn, plain_name
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.state.placement import Environment, Placement, Queue

DEFINITION = "job-definition"
ENVIRONMENT = "compute-environment"
QUEUE = "job-queue"
POLICY = "scheduling-policy"
CONSUMABLE = "consumable-resource"
KINDS = (DEFINITION, ENVIRONMENT, QUEUE, POLICY, CONSUMABLE)
WORDS = {
    DEFINITION: "job definition",
    ENVIRONMENT: "compute environment",
    QUEUE: "job queue",
    POLICY: "scheduling policy",
    CONSUMABLE: "consumable resource",
}


class Registry:
    """All entities by kind and name (`name:revision` for definitions)."""

    def __init__(self, home: str, placement: Placement) -> None:
        """Start empty, in `region:account`; placement is told of what jobs run on and consume."""
        self._home = home
        self._placement = placement
        self._bodies: dict[str, dict[str, Json]] = {kind: {} for kind in KINDS}
        self.unsaved: dict[tuple[str, str], Json | None] = {}
        """What the database does not know yet; None for what is gone."""

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of an entity."""
        return arn(self._home, kind, name)

    def all(self, kind: str) -> Iterator[tuple[str, Json]]:
        """Yield the entities of a kind in the order of their creation."""
        yield from self._bodies[kind].items()

    def count(self, kind: str) -> int:
        """Return how many entities of a kind there are."""
        return len(self._bodies[kind])

    def get(self, kind: str, name_or_arn: str) -> Json | None:
        """Return an entity, or None."""
        return self._bodies[kind].get(plain_name(kind, name_or_arn))

    def need(self, kind: str, name_or_arn: str) -> Json:
        """Return an entity, or refuse."""
        body = self.get(kind, name_or_arn)
        if body is None:
            raise Refusal(f"{WORDS[kind]} {name_or_arn} does not exist")
        return body

    def check_free(self, kind: str, name: str) -> None:
        """Refuse a name that is taken."""
        if name in self._bodies[kind]:
            raise Refusal(f"Object already exists: {WORDS[kind]} {name}")

    def save(self, kind: str, name: str, body: Json) -> None:
        """Add an entity or take note of its change."""
        self._bodies[kind][name] = body
        self.unsaved[kind, name] = body
        self._place(kind, name, body)

    def remove(self, kind: str, name: str) -> None:
        """Forget an entity."""
        self._bodies[kind].pop(name, None)
        self.unsaved[kind, name] = None
        for known in (self._placement.environments, self._placement.queues):
            if kind in (ENVIRONMENT, QUEUE):
                known.pop(name, None)

    def by_arn(self, text: str) -> tuple[str, str, Json] | None:
        """Return (kind, name, body) of the entity with an ARN."""
        for kind in KINDS:
            if f":{kind}/" in text:
                name = plain_name(kind, text)
                body = self._bodies[kind].get(name)
                return (kind, name, body) if body is not None else None
        return None

    def definition(self, text: str) -> Json:
        """Return a definition by name, name:revision or ARN; without revision the latest ACTIVE.

        Errors: Refusal for none and for an INACTIVE one.
        Source: API SubmitJob, jobDefinition.
        """
        name, _, revision = plain_name(DEFINITION, text).partition(":")
        if revision:
            body = self._bodies[DEFINITION].get(f"{name}:{revision}")
            if body is None or body["status"] != "ACTIVE":
                raise Refusal(f"job definition {text} does not exist or is INACTIVE")
            return body
        active = [b for b in self.revisions(name) if b["status"] == "ACTIVE"]
        if not active:
            raise Refusal(f"job definition {text} does not exist or has no ACTIVE revision")
        return active[-1]

    def revisions(self, name: str) -> list[Json]:
        """Return all revisions of a definition, oldest first."""
        bodies = self._bodies[DEFINITION].values()
        return sorted(
            (body for body in bodies if body["jobDefinitionName"] == name),
            key=lambda body: int(body["revision"]),
        )

    def _place(self, kind: str, name: str, body: Json) -> None:
        if kind == ENVIRONMENT:
            self._placement.environments[name] = _environment(name, body)
        elif kind == QUEUE:
            self._placement.queues[name] = self._queue(name, body)
        elif kind == CONSUMABLE:
            self._placement.consumables[name] = body["totalQuantity"]

    def _queue(self, name: str, body: Json) -> Queue:
        order = sorted(body["computeEnvironmentOrder"], key=lambda entry: int(entry["order"]))
        weights = None
        policy = body.get("schedulingPolicyArn")
        if policy is not None:
            shares = (self.get(POLICY, policy) or {}).get("fairsharePolicy", {})
            weights = {
                entry["shareIdentifier"]: float(entry.get("weightFactor", 1.0))
                for entry in shares.get("shareDistribution", ())
            }
        names = tuple(plain_name(ENVIRONMENT, entry["computeEnvironment"]) for entry in order)
        limits = tuple(
            (action["reason"], float(action["maxTimeSeconds"]))
            for action in body.get("jobStateTimeLimitActions", ())
        )
        return Queue(name, body["priority"], names, weights, limits)


def _environment(name: str, body: Json) -> Environment:
    resources = body.get("computeResources", {})
    bound = resources.get("maxvCpus", body.get("unmanagedvCpus", 0) or float("inf"))
    is_open = body["state"] == "ENABLED" and body["status"] in ("VALID", "UPDATING")
    return Environment(name, bound, is_open, invalid=body["status"] == "INVALID")
