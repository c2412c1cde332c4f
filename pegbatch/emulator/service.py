"""From a request to an answer: route, check, faults, operation, answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pegbatch.emulator.doorkeeper import check_call, check_region
from pegbatch.emulator.faults import AFTERWARDS, Faults, refusal
from pegbatch.emulator.http_server import Request, Response
from pegbatch.emulator.operations import (
    consumables,
    definitions,
    environments,
    jobs,
    logs,
    policies,
    queues,
    stopping,
    submit,
    tags,
)
from pegbatch.emulator.refusals import Refusal, broken
from pegbatch.emulator.state.jobs import Json
from pegbatch.emulator.wire import Api, Call, is_logs, load_api
from pegbatch.emulator.world import World
from pegbatch.errors import StoreError

logger = logging.getLogger(__name__)

Operation = Callable[[World, Call], Json]

BATCH: dict[str, Operation] = {
    "CancelJob": stopping.cancel,
    "CancelJobs": stopping.cancel_many,
    "CreateComputeEnvironment": environments.create,
    "CreateConsumableResource": consumables.create,
    "CreateJobQueue": queues.create,
    "CreateSchedulingPolicy": policies.create,
    "DeleteComputeEnvironment": environments.delete,
    "DeleteConsumableResource": consumables.delete,
    "DeleteJobQueue": queues.delete,
    "DeleteSchedulingPolicy": policies.delete,
    "DeregisterJobDefinition": definitions.deregister,
    "DescribeComputeEnvironments": environments.describe,
    "DescribeConsumableResource": consumables.describe,
    "DescribeJobDefinitions": definitions.describe,
    "DescribeJobQueues": queues.describe,
    "DescribeJobs": jobs.describe,
    "DescribeSchedulingPolicies": policies.describe,
    "GetJobQueueSnapshot": queues.snapshot,
    "ListConsumableResources": consumables.list_resources,
    "ListJobs": jobs.list_jobs,
    "ListSchedulingPolicies": policies.list_policies,
    "ListTagsForResource": tags.list_tags,
    "RegisterJobDefinition": definitions.register,
    "SubmitJob": submit.submit,
    "TagResource": tags.tag,
    "TerminateJob": stopping.terminate,
    "TerminateJobs": stopping.terminate_many,
    "UntagResource": tags.untag,
    "UpdateComputeEnvironment": environments.update,
    "UpdateConsumableResource": consumables.update,
    "UpdateJobQueue": queues.update,
    "UpdateSchedulingPolicy": policies.update,
}
LOGS: dict[str, Operation] = {
    "DescribeLogGroups": logs.describe_groups,
    "DescribeLogStreams": logs.describe_streams,
    "FilterLogEvents": logs.filter_events,
    "GetLogEvents": logs.get_events,
}


class Service:
    """Batch and Logs on one address."""

    def __init__(self, world: World, faults: Faults, after_call: Callable[[], None]) -> None:
        """Take what operations work on; after_call saves what a call changed, before its answer."""
        self._world = world
        self._faults = faults
        self._after_call = after_call
        self._batch = load_api("batch", frozenset(BATCH))
        self._logs = load_api("logs", frozenset(LOGS))

    def handle(self, request: Request) -> Response | None:
        """Answer one request; None where the connection is to be dropped."""
        api, operations = (self._logs, LOGS) if is_logs(request) else (self._batch, BATCH)
        request_id = self._world.new_id()
        try:
            check_call(request)
            check_region(request, self._world.settings.region)
            return self._do(api, operations, request, request_id)
        except Refusal as error:
            return api.write_error(error, request_id)
        except StoreError as error:
            return api.write_error(broken(str(error)), request_id)
        except Exception as error:
            logger.exception("a bug in the embedded AWS at %s", request.path)
            return api.write_error(broken(f"a bug in the embedded AWS: {error!r}"), request_id)

    def _do(
        self, api: Api, operations: dict[str, Operation], request: Request, request_id: str
    ) -> Response | None:
        name, path = api.find(request)
        fault = self._faults.next(name, self._world.now())
        if fault is not None and fault not in AFTERWARDS:
            answer = refusal(fault)
            if answer is None:
                return None
            raise answer
        call = api.read(request, name, path)
        try:
            body = operations[name](self._world, call)
        finally:
            self._after_call()
        return None if fault in AFTERWARDS else api.write(call, body, request_id)
