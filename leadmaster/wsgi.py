"""WSGI entry point: `gunicorn leadmaster.wsgi`."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadmaster.settings")
try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    # The sentence alone, as manage.py does. By this status gunicorn knows that another worker would fare no better.
    sys.stderr.write(f"LeadMaster does not start: {error}\n")
    sys.exit(3)

# Every page of ours is here now, and stays. Looked through again by each full collection, that made some requests wait a
# tenth of a second longer than others: they look at what came later.
get_resolver().url_patterns  # noqa: B018 - reading them imports the pages
gc.collect()
gc.freeze()
