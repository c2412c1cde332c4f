"""The subnets of a compute environment, and whether anything outside can be reached from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.batch.platforms import is_fargate
from pegbatch.model.account import Json, Subnet

ANYWHERE = "0.0.0.0/0"


def look_at_subnets(
    ec2: AwsCaller, environment: Json, container: Mapping[str, Any]
) -> tuple[Subnet, ...]:
    """Return the subnets of an environment.

    Shapes: container of the job definition, for on Fargate it says who gets a public address.
    """
    resources = environment.get("computeResources") or {}
    names = list(resources.get("subnets") or ())
    if not names:
        return ()
    found = ec2.call("describe_subnets", SubnetIds=names).get("Subnets", ())
    networks = sorted({subnet["VpcId"] for subnet in found})
    tables = ec2.call(
        "describe_route_tables", Filters=[{"Name": "vpc-id", "Values": networks}]
    ).get("RouteTables", ())
    network = container.get("networkConfiguration") or {}
    on_fargate = is_fargate(environment)
    public = on_fargate and network.get("assignPublicIp") == "ENABLED"
    return tuple(
        Subnet(
            name=subnet["SubnetId"],
            way_out=_way_out(_table_of(subnet, tables)),
            gives_public_addresses=public
            or (not on_fargate and bool(subnet.get("MapPublicIpOnLaunch"))),
        )
        for subnet in found
    )


def _table_of(subnet: Json, tables: Sequence[Json]) -> Json | None:
    """Return the route table of a subnet: its own, or else the main one of its network."""
    main = None
    for table in tables:
        for association in table.get("Associations", ()):
            if association.get("SubnetId") == subnet["SubnetId"]:
                return table
            if association.get("Main") and table.get("VpcId") == subnet["VpcId"]:
                main = table
    return main


def _way_out(table: Json | None) -> str:
    keys = ("GatewayId", "NatGatewayId", "TransitGatewayId", "InstanceId", "NetworkInterfaceId")
    for route in (table or {}).get("Routes", ()):
        if route.get("DestinationCidrBlock") == ANYWHERE and route.get("State") != "blackhole":
            return next((str(route[key]) for key in keys if route.get(key)), "a route")
    return ""
