"""How wide a table of people may be, whatever it comes in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError

# The widest exports of a CRM have three hundred.
MAX_COLUMNS = 1_000


def too_many_columns() -> TabularError:
    return TabularError(
        "too_many_columns",
        _(
            "Tiene datos más allá de la columna %(limit)s: deja el teléfono, el nombre y lo que usa el mensaje, y vuelve a "
            "subirlo."
        )
        % {"limit": MAX_COLUMNS},
    )
