"""Above 50,000 points a scatter is too slow (FACTS.md): a numpy histogram painted as an image instead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RASTER_ABOVE = 50_000


def rasterise(xy: NDArray[np.float64], rgb: NDArray[np.float64], view: tuple[float, float, float, float],
              size: tuple[int, int]) -> NDArray[np.uint8]:
    """Mean colour and log density of the points in a view.

    xy: (n, 2); rgb: (n, 3), 0–255; view: x0, y0, x1, y1; size: columns, rows.
    Returns uint8 (columns, rows, 4), first row at y0, as pyqtgraph's ImageItem wants it.
    """
    columns, rows = max(1, size[0]), max(1, size[1])
    x0, y0, x1, y1 = view
    column = ((xy[:, 0] - x0) / max(x1 - x0, 1e-12) * columns).astype(np.int64)
    row = ((xy[:, 1] - y0) / max(y1 - y0, 1e-12) * rows).astype(np.int64)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    cell = column[inside] * rows + row[inside]
    count = np.bincount(cell, minlength=columns * rows).astype(np.float64)
    image = np.zeros((columns * rows, 4))
    filled = count > 0
    for channel in range(3):
        total = np.bincount(cell, weights=rgb[inside, channel], minlength=columns * rows)
        image[filled, channel] = total[filled] / count[filled]
    if filled.any():
        image[filled, 3] = 90 + 165 * np.log1p(count[filled]) / np.log1p(count.max())
    return image.reshape(columns, rows, 4).astype(np.uint8)
