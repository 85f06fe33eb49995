"""The vendors' own descriptions of their APIs, cut down to what our clients ask: a judge of every request and answer."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from whatsapp.contract.http import Reply, Request
from whatsapp.gateways import registry

SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs"
_HOST = "https://vendor.example"

_META = (
    "/{Version}/{Phone-Number-ID}/messages",
    "/{Version}/{WhatsApp-Account-Number-ID}",
    "/whatsapp/webhooks",
)
_EVOLUTION = (
    "/message/sendText/{instance}",
    "/instance/connectionState/{instance}",
    "/instance/connect/{instance}",
    "/instance/restart/{instance}",
    "/instance/logout/{instance}",
)
_FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    registry.META_CLOUD: ("meta-business-messaging-v23.yaml", _META),
    registry.EVOLUTION: ("evolution-api-v2.json", _EVOLUTION),
}


@functools.cache
def document(kind: str) -> dict[str, Any]:
    """The description of this kind with these paths and whatever they refer to. Once per process: Meta's has a megabyte."""
    name, paths = _FILES[kind]
    text = (SPECS / name).read_text("utf-8")
    whole = json.loads(text) if name.endswith(".json") else yaml.load(text, Loader=_LOADER)
    # As JSON: in YAML a status may be a number.
    kept: dict[str, Any] = json.loads(json.dumps(cut(whole, paths)))
    return kept


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def cut(whole: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Only these paths, and of the components what they need."""
    kept: dict[str, Any] = {name: whole[name] for name in ("openapi", "info")}
    kept |= {"servers": [{"url": _HOST}], "paths": {path: whole["paths"][path] for path in paths}, "components": {}}
    waiting = list(_references(kept["paths"]))
    security = whole.get("components", {}).get("securitySchemes")
    if security:
        kept["components"]["securitySchemes"] = security
    while waiting:
        _hash, _components, group, name = waiting.pop().split("/")
        here = kept["components"].setdefault(group, {})
        if name not in here:
            here[name] = _mended(whole["components"][group][name], _UNTOLD.get(name, {}))
            waiting += _references(here[name])
    return kept


# What Meta's guide documents for every message and its description forgot.
_UNTOLD: Mapping[str, dict[str, Any]] = {
    "BaseMessageProperties": {"biz_opaque_callback_data": {"type": "string", "maxLength": 512}}
}


def _mended(schema: Any, untold: Mapping[str, Any]) -> Any:
    """Meta closes one half of a message to what the other half names, so that none of its own examples would be valid:
    what is closed is the whole."""
    if untold:
        return {**schema, "properties": {**schema["properties"], **untold}}
    halves = schema.get("allOf") if isinstance(schema, dict) else None
    if not halves or not any(half.get("additionalProperties") is False for half in halves):
        return schema
    opened = [{name: part for name, part in half.items() if name != "additionalProperties"} for half in halves]
    return {**schema, "allOf": opened, "unevaluatedProperties": False}


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref" and isinstance(value, str):
                yield value
            elif name == "mapping" and isinstance(value, dict):
                yield from (each for each in value.values() if str(each).startswith("#/"))
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


@functools.cache
def description(kind: str) -> OpenAPI:
    return OpenAPI.from_dict(document(kind))


def described(kind: str, request: Request) -> bool:
    """Whether the description has this operation at all."""
    return any(
        re.fullmatch(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path)), request.path)
        and request.method.lower() in operations
        for path, operations in document(kind)["paths"].items()
    )


def problems(kind: str, request: Request, reply: Reply) -> list[str]:
    """What the vendor's description finds wrong with a request of ours, and with the answer that our emulator gave."""
    api, asked = description(kind), _asked(request)
    found = []
    try:
        api.validate_request(asked)
    except OpenAPIError as error:
        found.append(f"{request.method} {request.path}: {error!r} {error.__cause__!r}")
    if 200 <= reply.status < 300:
        answer = MockResponse(data=reply.body, status_code=reply.status, content_type=reply.content_type)
        try:
            api.validate_response(asked, answer)
        except OpenAPIError as error:
            found.append(f"{reply.status} of {request.path}: {error!r} {error.__cause__!r}")
    return found


def _asked(request: Request) -> MockRequest:
    path = request.path + (f"?{urlencode(request.query)}" if request.query else "")
    return MockRequest(
        _HOST,
        request.method,
        path.partition("?")[0],
        args=dict(request.query),
        headers={name.title(): value for name, value in request.headers.items()},
        data=request.body,
        content_type=request.headers.get("content-type", "application/json"),
    )
