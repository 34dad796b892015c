"""Compiled code works where nothing can be kept on disk: a read-only image, a user without a home."""

from __future__ import annotations

from typing import Any

import pytest

from hamsaya.monitor.compiled import compiled, inlined


@pytest.mark.parametrize("decorator", [compiled, inlined])
def test_a_function_that_cannot_be_kept_is_compiled_all_the_same(decorator: Any) -> None:
    """Code without a file of its own has no place to be kept, as code in a folder that nobody may write."""
    made: dict[str, Any] = {}
    exec("def twice(number):\n    return 2 * number", made)
    assert decorator(made["twice"])(21) == 42
