"""What makes two requests the same one."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.request import Request

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replay"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def is_valid_key(key: str) -> bool:
    """1 to 128 visible ASCII characters; a UUID is the usual choice."""
    return _KEY.fullmatch(key) is not None


def fingerprint(request: Request) -> str:
    """SHA-256 over method, address with its query, and what the body says: JSON without regard to the order of keys,
    forms field by field, files by their content.
    """
    told = [request.method, request.get_full_path(), _plain(request.data)]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def _plain(data: Any) -> Any:
    if isinstance(data, QueryDict):
        return {name: [_plain(value) for value in values] for name, values in data.lists()}
    if isinstance(data, UploadedFile):
        return ["file", data.name, _digest(data)]
    return data


def _digest(upload: UploadedFile[Any]) -> str:
    seen = hashlib.sha256()
    for chunk in upload.chunks():
        seen.update(chunk)
    upload.seek(0)
    return seen.hexdigest()
