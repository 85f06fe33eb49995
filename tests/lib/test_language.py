"""What is kept speaks the project's language; what is shown, the viewer's."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from leadmaster.lib.language import in_project_language, kept


def test_what_is_kept_is_spanish_whoever_reads_the_page() -> None:
    with translation.override("en"):
        assert gettext("Cambió el mensaje.") != "Cambió el mensaje."
        assert kept(gettext_lazy("Cambió el mensaje.")) == "Cambió el mensaje."
        assert translation.get_language() == "en"


def test_an_act_speaks_it_throughout_and_the_page_goes_on_in_its_own() -> None:
    @in_project_language
    def act(text: str) -> str:
        if text == "break":
            raise ValueError
        return gettext("Cambió el mensaje.")

    with translation.override("en"):
        assert act("go") == "Cambió el mensaje."
        with pytest.raises(ValueError):  # noqa: PT011 - the test's own
            act("break")
        assert translation.get_language() == "en"
