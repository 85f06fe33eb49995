"""The form field for an amount of money: read by the region's habits, shown back in them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from leadmaster.lib.amounts import read_amount, show_amount

_CENT = Decimal("0.01")
MOST = Decimal("999999999999.99")


class AmountField(forms.CharField):
    """Gives a Decimal with two decimals, of zero or more. Text, because a number input drops what it can't read."""

    def __init__(self, *, region: str, **kwargs: Any) -> None:
        self.region = region
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        amount = read_amount(text, region=self.region)
        example = show_amount(Decimal("12500.5"), region=self.region)
        if amount is None:
            raise forms.ValidationError(_("Escribe un monto, por ejemplo %(example)s.") % {"example": example})
        # Three digits behind the sign are thousands somewhere else: nobody guesses.
        if int(amount.as_tuple().exponent) < -2:
            raise forms.ValidationError(
                _("Escribe el monto con dos decimales como mucho, por ejemplo %(example)s.") % {"example": example}
            )
        if not 0 <= amount <= MOST:
            raise forms.ValidationError(_("El monto no puede ser negativo ni tan grande."))
        return amount.quantize(_CENT)

    def prepare_value(self, value: Any) -> Any:
        """What was typed comes back as it was typed; an amount that is kept, in the region's writing."""
        try:
            kept = value if isinstance(value, Decimal) else None if value is None else _kept(str(value))
        except InvalidOperation:
            return value
        return value if kept is None else show_amount(kept, region=self.region)


def _kept(text: str) -> Decimal | None:
    """An amount as the database writes it, `12500.50`; None for anything else, which somebody typed."""
    whole, sign, cents = text.partition(".")
    return Decimal(text) if sign and whole.isascii() and whole.isdigit() and len(cents) == 2 else None
