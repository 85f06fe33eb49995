"""Set Django up, then call what the command line names."""

from __future__ import annotations

import importlib
import sys

import django

django.setup()
_module, _, _name = sys.argv[1].partition(":")
getattr(importlib.import_module(f"{__package__}.{_module}"), _name)(*sys.argv[2:])
