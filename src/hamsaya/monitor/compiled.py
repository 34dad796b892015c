"""numba's decorators with types, and what all compiled functions of this room share.

Compiled code is kept on disk for the next process: beside the module where its folder can be written, else in the
user's cache folder (numba decides; NUMBA_CACHE_DIR names another). It runs without the interpreter's lock, so threads
serve as workers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic as _intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Return the function compiled."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def inlined(function: F) -> F:
    """Return a small function compiled into each of its callers."""
    return cast(F, numba.njit(cache=True, nogil=True, inline="always")(function))


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that writes machine code of its own into compiled callers."""
    result: Callable[..., Any] = _intrinsic(function)
    return result
