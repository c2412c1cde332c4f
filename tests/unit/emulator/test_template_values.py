"""Properties of a template as members of a request."""

from __future__ import annotations

from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from pegbatch.emulator.template_values import as_request


def request_of(operation: str, properties: dict[str, Any]) -> Any:
    model = ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")
    return as_request(properties, model.operation_model(operation).input_shape)


def test_names_numbers_and_booleans_become_those_of_the_api() -> None:
    properties = {
        "Type": "MANAGED",
        "UnmanagedvCpus": "4",
        "ComputeResources": {"MaxvCpus": "8", "Ec2KeyPair": 5, "InstanceTypes": ["optimal"]},
        "ReplaceComputeEnvironment": "false",
    }
    assert request_of("CreateComputeEnvironment", properties) == {
        "type": "MANAGED",
        "unmanagedvCpus": 4,
        "computeResources": {"maxvCpus": 8, "ec2KeyPair": "5", "instanceTypes": ["optimal"]},
    }


def test_keys_of_maps_stay_and_single_values_become_lists() -> None:
    properties = {
        "Parameters": {"Upper": "A", "lower": 1},
        "PropagateTags": "true",
        "ContainerProperties": {"Command": "one", "Environment": [{"Name": "N", "Value": 1}]},
    }
    assert request_of("RegisterJobDefinition", properties) == {
        "parameters": {"Upper": "A", "lower": "1"},
        "propagateTags": True,
        "containerProperties": {
            "command": ["one"],
            "environment": [{"name": "N", "value": "1"}],
        },
    }
