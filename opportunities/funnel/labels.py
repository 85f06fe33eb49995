"""What a stage's data is called on screens."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

_LABELS = {
    "amount": gettext_lazy("Monto"),
    "product": gettext_lazy("Producto"),
    "reference": gettext_lazy("Referencia"),
}


def label_of(name: str) -> str:
    """A datum's name for people: the known ones translated, others as the funnel's owner wrote them."""
    return str(_LABELS[name]) if name in _LABELS else name.replace("_", " ").capitalize()
