"""AWS::Batch::* in CloudFormation stacks, made in the embedded AWS instead of moto's Batch.

Runs in moto's process: moto reads the template and asks these classes to make, change and delete
each resource, which they do through the API, as CloudFormation does.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel

from pegbatch.emulator.rules import names
from pegbatch.emulator.template_values import as_request

logger = logging.getLogger(__name__)
LIFE_TAG = "pegbatch:stacks-of"
"""On what a stack made: which process of moto knows that stack."""
WAIT_SECONDS = 30.0
_LOOK_SECONDS = 0.02
_REFUSED = ("ClientException", "InvalidSignatureException")
"""What a template asks for in vain; the second: it is for another region."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The calls that make one type of resource."""

    type: str
    create: str
    update: str
    delete: str
    key: str
    """Names the resource in updates and deletions."""
    name: str
    arn: str
    describe: tuple[str, str, str] | None = None
    """Operation, its argument and the list in its answer, where a resource has a life cycle."""


KINDS = (
    Kind(
        "ComputeEnvironment",
        "create_compute_environment",
        "update_compute_environment",
        "delete_compute_environment",
        "computeEnvironment",
        "computeEnvironmentName",
        "computeEnvironmentArn",
        ("describe_compute_environments", "computeEnvironments", "computeEnvironments"),
    ),
    Kind(
        "JobQueue",
        "create_job_queue",
        "update_job_queue",
        "delete_job_queue",
        "jobQueue",
        "jobQueueName",
        "jobQueueArn",
        ("describe_job_queues", "jobQueues", "jobQueues"),
    ),
    Kind(
        "JobDefinition",
        "register_job_definition",
        "register_job_definition",
        "deregister_job_definition",
        "jobDefinition",
        "jobDefinitionName",
        "jobDefinitionArn",
    ),
    Kind(
        "SchedulingPolicy",
        "create_scheduling_policy",
        "update_scheduling_policy",
        "delete_scheduling_policy",
        "arn",
        "name",
        "arn",
    ),
    Kind(
        "ConsumableResource",
        "create_consumable_resource",
        "update_consumable_resource",
        "delete_consumable_resource",
        "consumableResource",
        "consumableResourceName",
        "consumableResourceArn",
    ),
)


def install(url: str) -> None:
    """Let stacks put their Batch resources into the embedded AWS at this address.

    What stacks of an earlier embedded AWS on the same folder made is there still, while moto has
    forgotten the stacks: it is known by its tag, and the next stack that has it takes it over.
    """
    life = uuid.uuid4().hex
    models = [_model(kind, url, life) for kind in KINDS]
    # moto finds its models by class, and of one type the last: ours are made after its own.
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
    found = parsing.get_model_map()
    assert all(found[model.cloudformation_type()] is model for model in models)


class Resources:
    """Makes, changes and deletes the resources of one kind."""

    def __init__(self, kind: Kind, url: str, region: str, account: str, life: str) -> None:
        """Take the kind, where to make it, and what tells this process from others."""
        self.kind = kind
        self._home = f"{region}:{account}"
        self._life = life
        self._client: Any = boto3.client(
            "batch",
            endpoint_url=url,
            region_name=region,
            config=Config(retries={"total_max_attempts": 3}, proxies={}),
        )

    def create(self, name: str, properties: Mapping[str, Any]) -> str:
        """Make one and return its ARN."""
        body = self._request(self.kind.create, properties)
        body[self.kind.name] = name
        body["tags"] = {**body.get("tags", {}), LIFE_TAG: self._life}
        left = self._left(name)
        if left is not None:
            logger.warning("%s of a stack that is gone is taken over by a new stack", left)
            self._call("tag_resource", resourceArn=left, tags=body["tags"])
            return self.update(left, name, properties)
        arn = str(self._call(self.kind.create, **body)[self.kind.arn])
        self._await(arn)
        return arn

    def _left(self, name: str) -> str | None:
        """Return the ARN of one that a stack of an earlier process made."""
        if self.kind.update == self.kind.create:
            # There is always room for another revision.
            return None
        kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.kind.type).lower()
        arn = names.arn(self._home, kind, name)
        try:
            tags = self._client.list_tags_for_resource(resourceArn=arn)["tags"]
        except ClientError:
            return None
        return None if tags.get(LIFE_TAG) in (None, self._life) else arn

    def update(self, arn: str, name: str, properties: Mapping[str, Any]) -> str:
        """Change one and return its ARN, another one where it is made anew."""
        if self.kind.update == self.kind.create or _name_in(arn) != name:
            fresh = self.create(name, properties)
            self.delete(arn)
            return fresh
        body = self._request(self.kind.update, properties)
        body[self.kind.key] = arn
        self._call(self.kind.update, **body)
        self._await(arn)
        return arn

    def delete(self, arn: str) -> None:
        """Delete one; where that takes it, disabled first."""
        if self.kind.describe is not None:
            if self._status(arn) is None:
                return
            self._call(self.kind.update, **{self.kind.key: arn, "state": "DISABLED"})
            self._await(arn)
        self._call(self.kind.delete, **{self.kind.key: arn})
        self._await(arn)

    def _request(self, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        name = self._client.meta.method_to_api_mapping[operation]
        shape = self._client.meta.service_model.operation_model(name).input_shape
        body: dict[str, Any] = as_request(properties, shape)
        return body

    def _call(self, operation: str, **body: Any) -> Any:
        try:
            return getattr(self._client, operation)(**body)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REFUSED:
                raise
            # What CloudFormation would say; anything else is taken for a fault of the server.
            raise ValidationError(message=str(error)) from error

    def _await(self, arn: str) -> None:
        """Wait until a resource has settled or is gone."""
        patience = time.monotonic() + WAIT_SECONDS
        while self._status(arn) in ("CREATING", "UPDATING", "DELETING"):
            if time.monotonic() > patience:
                raise ValidationError(message=f"{arn} does not settle")
            time.sleep(_LOOK_SECONDS)

    def _status(self, arn: str) -> str | None:
        if self.kind.describe is None:
            return None
        operation, argument, member = self.kind.describe
        found = self._call(operation, **{argument: [arn]})[member]
        return str(found[0]["status"]) if found else None


def _name_in(arn: str) -> str:
    return arn.rpartition("/")[2].partition(":")[0]


class BatchResource:
    """One resource of a stack, as moto keeps it."""

    def __init__(self, resources: Resources, arn: str) -> None:
        """Take who can change it, and its ARN."""
        self._resources = resources
        self.arn = arn

    @property
    def physical_resource_id(self) -> str:
        """Return what `Ref` gives."""
        return self.arn

    def get_cfn_attribute(self, attribute: str) -> str:
        """Return what `Fn::GetAtt` gives: every attribute there is, is the ARN."""
        return self.arn

    def is_created(self) -> bool:
        """Tell that it is there: making it waits for that."""
        return True

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete it."""
        self._resources.delete(self.arn)


def _model(kind: Kind, url: str, life: str) -> type[Any]:
    """Return the class by which moto makes and changes resources of a kind."""

    class Model(BatchResource, CloudFormationModel):
        """One type of resource."""

        @staticmethod
        def cloudformation_name_type() -> str:
            return kind.name[0].upper() + kind.name[1:]

        @staticmethod
        def cloudformation_type() -> str:
            return f"AWS::Batch::{kind.type}"

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in ("Arn", kind.arn[0].upper() + kind.arn[1:])

        @classmethod
        def create_from_cloudformation_json(
            cls,
            resource_name: str,
            cloudformation_json: Any,
            account_id: str,
            region_name: str,
            **kwargs: Any,
        ) -> Any:
            resources = Resources(kind, url, region_name, account_id, life)
            arn = resources.create(resource_name, cloudformation_json["Properties"])
            return cls(resources, arn)

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: Any,
            new_resource_name: str,
            cloudformation_json: Any,
            account_id: str,
            region_name: str,
        ) -> Any:
            properties = cloudformation_json["Properties"]
            old = original_resource.physical_resource_id
            name = properties.get(cls.cloudformation_name_type(), _name_in(old))
            resources = Resources(kind, url, region_name, account_id, life)
            return cls(resources, resources.update(old, name, properties))

    return Model
