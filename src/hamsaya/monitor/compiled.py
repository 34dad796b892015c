"""numba's decorators with types, and what all compiled functions of this room share.

Compiled code is kept on disk for the next process: beside the module where its folder can be written, else in the
user's cache folder (numba decides; NUMBA_CACHE_DIR names another). Where none can be written it is kept for this
process only. It runs without the interpreter's lock, so threads serve as workers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic as _intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Return the function compiled."""
    return _kept(function, {})


def compiled_untyped(function: Callable[..., Any]) -> Any:
    """Return a function without types compiled."""
    return _kept(function, {})


def inlined(function: F) -> F:
    """Return a small function compiled into each of its callers."""
    return _kept(function, {"inline": "always"})


def _kept(function: F, options: dict[str, Any]) -> F:
    try:
        return cast(F, numba.njit(cache=True, nogil=True, **options)(function))
    except RuntimeError:  # No folder can be written (read-only image, no home): compile anew in each process.
        return cast(F, numba.njit(nogil=True, **options)(function))


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that writes machine code of its own into compiled callers."""
    result: Callable[..., Any] = _intrinsic(function)
    return result
