"""gunicorn for LeadMaster: `gunicorn --config deploy/gunicorn.conf.py leadmaster.wsgi`.

HOST, WEB_PORT and WEB_CONCURRENCY (gunicorn's own word for how many processes) come from the environment; whatever is
given on the command line wins.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('WEB_PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "3"))
worker_class = "gthread"
threads = 8
# A request that hangs a whole process ends with it, and another one is started.
timeout = 60
graceful_timeout = 30
control_socket_disable = True
# The proxy in front writes an access log already.
accesslog = None

# The processes count request times together in these files, so that /metrics tells of all of them whoever answers.
_PREFIX = "leadmaster-metrics-"
if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=_PREFIX)


def on_exit(server: Any) -> None:
    """The files end with the server, unless another one has taken over from it (USR2) and goes on counting."""
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    if not server.reexec_pid and Path(folder).name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
