"""Hexagons of H3 as another view of the same points; PRIO-GRID stays what is computed on.

Zones are of 25 km² or more, so resolutions finer than 6 (36 km² on average) are refused. Needs the extra ``hexagons``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError

FINEST = 6


def hexagons(lon: Any, lat: Any, resolution: int) -> Any:
    """Return the H3 cells (uint64) of points.

    Raises:
        OperatorError: ``missing-extra``; ``too-fine``, hexagons below the smallest zone.
    """
    if not 0 <= resolution <= FINEST:
        raise OperatorError(f"expected a resolution from 0 to {FINEST}: smaller hexagons are no area any more",
                            code="too-fine")
    try:
        import h3.api.numpy_int as h3
    except ImportError:
        raise OperatorError("hexagons need the extra: install hamsaya[hexagons]", code="missing-extra") from None
    points, back = np.unique(np.stack([lat, lon], 1), axis=0, return_inverse=True)
    cells = np.array([h3.latlng_to_cell(one, two, resolution) for one, two in points.tolist()], "u8")
    return cells[back.ravel()]


def centres(cells: Any) -> tuple[Any, Any]:
    """Return longitudes and latitudes of hexagons' centres, degrees."""
    import h3.api.numpy_int as h3

    places = np.array([h3.cell_to_latlng(cell) for cell in cells.tolist()], "f8").reshape(-1, 2)
    return places[:, 1], places[:, 0]
