"""docs/session-manager.openapi.yaml as a judge of requests, answers and callbacks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from whatsapp.contract.http import Reply, Request

PATH = Path(__file__).resolve().parents[2] / "docs" / "session-manager.openapi.yaml"


class Contract:
    def __init__(self) -> None:
        self.document: dict[str, Any] = yaml.safe_load(PATH.read_text("utf-8"))
        self._formats = FormatChecker(formats=())
        self._formats.checks("date-time")(_is_date_time)
        # (operation, status) of each answer that was judged: what a test saw of the contract.
        self.seen: set[tuple[str, str]] = set()

    def judge_request(self, request: Request) -> list[str]:
        """What is wrong with a request of ours."""
        operation = self.operation(request)
        if operation is None:
            return [f"no such operation: {request.method} {request.path}"]
        problems = []
        for parameter in map(self._resolve, operation.get("parameters", [])):
            if parameter["in"] == "header":
                value = request.headers.get(parameter["name"].lower())
                problems += self.judge(value, parameter["schema"]) if value is not None else ["header is missing"]
        body = operation.get("requestBody")
        if body is not None:
            if request.headers.get("content-type") != "application/json":
                problems.append("the body is not announced as JSON")
            problems += self.judge(
                json.loads(request.body), self._resolve(body)["content"]["application/json"]["schema"]
            )
        elif request.body:
            problems.append("a body where there should be none")
        return problems

    def judge_reply(self, request: Request, reply: Reply) -> list[str]:
        """What is wrong with an answer of the manager."""
        operation = self.operation(request)
        if operation is None:
            return [] if reply.status == 404 else [f"{reply.status} on an unknown path"]
        if str(reply.status) not in operation["responses"]:
            return [f"{operation['operationId']} may not answer {reply.status}"]
        self.seen.add((operation["operationId"], str(reply.status)))
        content = self._resolve(operation["responses"][str(reply.status)])["content"]
        if reply.content_type not in content:
            return [f"{operation['operationId']} may not answer {reply.content_type}"]
        schema = content[reply.content_type].get("schema")
        return self.judge(json.loads(reply.body), schema) if schema else []

    def judge_callback(self, signature: str, body: bytes) -> list[str]:
        """What is wrong with a callback."""
        operation = self.document["webhooks"]["callback"]["post"]
        problems = self.judge(signature, operation["parameters"][0]["schema"])
        return problems + self.judge(
            json.loads(body), operation["requestBody"]["content"]["application/json"]["schema"]
        )

    def operation(self, request: Request) -> dict[str, Any] | None:
        for path, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.path) and request.method.lower() in item:
                return dict(item[request.method.lower()])
        return None

    def judge(self, value: object, schema: dict[str, Any]) -> list[str]:
        """What is wrong with a value; references are looked up in the whole document."""
        whole = {**self.document, "$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        validator = Draft202012Validator(whole, format_checker=self._formats)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def _resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in value:
            return value
        found: Any = self.document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)


def _is_date_time(value: object) -> bool:
    """RFC 3339, with its zone."""
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None
