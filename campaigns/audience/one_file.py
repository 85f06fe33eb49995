"""One file of a person is read at a time: eight big ones at once would leave nobody else an answer."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from leadmaster.accounts.models import User


@contextmanager
def one_file_at_a_time(person: User) -> Iterator[None]:
    """Raises AudienceError while another file of `person` is read, in whatever process.

    The lock lies beside the uploads, which all web processes share, and ends with the process that holds it.
    """
    folder = Path(settings.MEDIA_ROOT) / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"person-{person.pk}").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AudienceError(
                "busy", _("Todavía se está leyendo otro archivo tuyo: espera a que termine y vuelve a intentarlo.")
            ) from error
        yield
