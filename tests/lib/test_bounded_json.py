"""How deep JSON from outside may be, whatever Python reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmaster.lib.bounded_json import MAX_DEPTH, TooDeepError, loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_what_is_not_deep_is_read_as_json_reads_it(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)

    assert loads(text) == value
    assert loads(text.encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', '["]",'])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 100_000])
def test_what_is_deeper_is_refused_whether_it_ends_or_not(opening: str, depth: int) -> None:
    closing = "".join("]" if sign == "[" else "}" for sign in reversed(opening) if sign in "[{")

    for text in (opening * depth, f"{opening * depth}1{closing * depth}"):
        with pytest.raises(TooDeepError):
            loads(text)


def test_the_bound_itself_is_allowed_and_brackets_in_texts_do_not_count() -> None:
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert loads(json.dumps({"text": '[{"' * 1_000 + "\\"})) == {"text": '[{"' * 1_000 + "\\"}
    assert loads(json.dumps([{}] * 10_000)) == [{}] * 10_000


@pytest.mark.parametrize("text", ['"abc', '"abc\\', "[", '{"a": NaN}', ""])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        loads(text, strict=True)

    assert not isinstance(refused.value, TooDeepError)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_hides_no_depth(encoding: str) -> None:
    with pytest.raises(TooDeepError):
        loads(("[" * 100).encode(encoding))
