"""Distances of spike trains, in closed form. Trains are times in ms."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidError


def _train(times: npt.ArrayLike) -> Any:
    return np.sort(np.asarray(times, dtype=np.float64).ravel())


def _positive(value: float, what: str) -> float:
    if not value > 0.0:
        raise InvalidError(f"{what} is {value:g}; it must be positive", key=what)
    return float(value)


def correlation(x: npt.ArrayLike, y: npt.ArrayLike, tau: float = 5.0) -> float:
    """Spike correlation of the trains filtered with tau (ms): 1 for equal and for two empty trains, 0 if one is
    empty."""
    a, b = _train(x), _train(y)
    result = _c.lib.pm_train_correlation(a.ctypes.data, len(a), b.ctypes.data, len(b), _positive(tau, "tau"))
    return float(result)


def van_rossum(x: npt.ArrayLike, y: npt.ArrayLike, tau: float = 5.0) -> float:
    """van Rossum distance with the time constant tau (ms); one spike more or less is sqrt(1/2)."""
    a, b = _train(x), _train(y)
    result = _c.lib.pm_train_van_rossum(a.ctypes.data, len(a), b.ctypes.data, len(b), _positive(tau, "tau"))
    return float(result)


def victor_purpura(x: npt.ArrayLike, y: npt.ArrayLike, cost: float = 1.0) -> float:
    """Victor-Purpura distance: a spike more or less costs 1, a spike moved by d ms costs cost * d (cost per ms)."""
    if not cost >= 0.0:
        raise InvalidError(f"cost is {cost:g}; it must not be negative", key="cost")
    a, b, distance = _train(x), _train(y), ctypes.c_double()
    _c.call(
        "pm_train_victor_purpura", a.ctypes.data, len(a), b.ctypes.data, len(b), float(cost), ctypes.byref(distance)
    )
    return distance.value
