"""The wire protocols of AWS Batch (rest-json) and CloudWatch Logs (json 1.1).

Routes, members and checks come from botocore's service models; nothing of the API is typed in
by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, StructureShape

from pegbatch.emulator.http_server import Request, Response
from pegbatch.emulator.refusals import Refusal, broken, not_served
from pegbatch.emulator.shapes import Check, compile_check
from pegbatch.emulator.state.jobs import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One operation that a client asked for."""

    operation: str
    body: Json
    """All members, from body, path and query string."""
    size_bytes: int
    """Length of the request's body."""


@dataclass(frozen=True, slots=True)
class _Operation:
    name: str
    check_request: Check
    check_answer: Check
    path_members: Mapping[str, str]
    """Placeholder in the path → member."""
    query_members: Mapping[str, tuple[str, bool]]
    """Name in the query string → (member, whether it is a list)."""


class Api:
    """One service as its clients see it."""

    def __init__(self, service: str, served: frozenset[str]) -> None:
        """Load botocore's model of a service and compile the operations that are served."""
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        self._target_prefix = f"{model.metadata.get('targetPrefix', '')}."
        self._served = served
        self._operations: dict[str, _Operation] = {}
        self._routes: list[tuple[str, re.Pattern[str], str]] = []
        self._fixed: dict[tuple[str, str], str] = {}
        for name in model.operation_names:
            self._add(model.operation_model(name))

    def find(self, request: Request) -> tuple[str, Mapping[str, str]]:
        """Return the operation that a request is for, and what its path says.

        Errors: Refusal for what Amazon has not, and for what we have not.
        """
        target = request.headers.get("x-amz-target", "")
        if self._target_prefix != "." and target.startswith(self._target_prefix):
            return self._known(target.removeprefix(self._target_prefix)), {}
        name = self._fixed.get((request.method, request.path))
        if name is not None:
            return self._known(name), {}
        for method, pattern, name in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                found = {key: unquote(value) for key, value in match.groupdict().items()}
                return self._known(name), found
        raise Refusal(
            f"no operation at {request.method} {request.path}",
            error_type="UnknownOperationException",
            status=404,
        )

    def read(self, request: Request, name: str, path: Mapping[str, str]) -> Call:
        """Return the checked call in a request."""
        operation = self._operations[name]
        body = _parse(request.body)
        for key, value in path.items():
            body[operation.path_members[key]] = value
        for key, value in parse_qsl(request.query):
            member, is_list = operation.query_members.get(key, (key, False))
            if is_list:
                body.setdefault(member, []).append(value)
            else:
                body[member] = value
        problems: list[str] = []
        operation.check_request(body, "", problems)
        if problems:
            raise Refusal("; ".join(problems))
        return Call(name, body, len(request.body))

    def write(self, call: Call, answer: Json, request_id: str) -> Response:
        """Return the answer to a call, checked as strictly as the request."""
        problems: list[str] = []
        self._operations[call.operation].check_answer(answer, "", problems)
        if problems:
            raise broken(f"the answer to {call.operation} is wrong: {'; '.join(problems)}")
        return Response(200, orjson.dumps(answer), _headers(request_id), self._content_type())

    def write_error(self, error: Refusal, request_id: str) -> Response:
        """Return an error as the clients of this service read it."""
        headers = {**_headers(request_id), "x-amzn-ErrorType": error.error_type}
        body = {"__type": error.error_type, "message": error.message}
        return Response(error.status, orjson.dumps(body), headers, self._content_type())

    def _content_type(self) -> str:
        return "application/json" if self._target_prefix == "." else "application/x-amz-json-1.1"

    def _known(self, name: str) -> str:
        if name not in self._operations:
            raise not_served(name)
        return name

    def _add(self, model: OperationModel) -> None:
        uri = model.http.get("requestUri", "/").partition("?")[0]
        method = model.http.get("method", "POST")
        if "{" in uri:
            pattern = re.sub(r"\\{(\w+)\+?\\}", r"(?P<\1>.+)", re.escape(uri))
            self._routes.append((method, re.compile(pattern), model.name))
        elif uri != "/":
            self._fixed[method, uri] = model.name
        if model.name in self._served:
            self._operations[model.name] = _compile(model)


def _compile(model: OperationModel) -> _Operation:
    shape = model.input_shape
    places = _places(shape) if isinstance(shape, StructureShape) else []
    return _Operation(
        name=model.name,
        check_request=compile_check(shape, known_only=False),
        check_answer=compile_check(model.output_shape, known_only=True),
        path_members={key: member for where, key, member, _ in places if where == "uri"},
        query_members={
            key: (member, is_list)
            for where, key, member, is_list in places
            if where == "querystring"
        },
    )


def _places(shape: StructureShape) -> list[tuple[str, str, str, bool]]:
    """Return (where, name there, member, whether a list) of members outside the body."""
    return [
        (
            member.serialization["location"],
            member.serialization.get("name", name),
            name,
            member.type_name == "list",
        )
        for name, member in shape.members.items()
        if "location" in member.serialization
    ]


def _parse(text: bytes) -> Json:
    if not text:
        return {}
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal(
            f"the body is not JSON: {error}", error_type="SerializationException"
        ) from None
    if not isinstance(body, dict):
        raise Refusal("the body is no JSON object", error_type="SerializationException")
    return {key: value for key, value in body.items() if value is not None}


def _headers(request_id: str) -> dict[str, str]:
    return {"x-amzn-RequestId": request_id}


@cache
def load_api(service: str, served: frozenset[str]) -> Api:
    """Return a service's API; the same one again for the same question, it never changes."""
    return Api(service, served)


def is_logs(request: Request) -> bool:
    """Tell a call of CloudWatch Logs, which names its operation in a header, from one of Batch."""
    return request.headers.get("x-amz-target", "").startswith("Logs_")


def as_json(body: Any) -> bytes:
    """Return JSON text."""
    return orjson.dumps(body)
