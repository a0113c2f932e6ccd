"""Distances of spike trains, in closed form, and the spikes of two runs side by side. Trains are times in ms."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Mapping

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidError
from .gradients import SPIKE
from .values import Array


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


def product(x: npt.ArrayLike, y: npt.ArrayLike, tau: float = 5.0) -> float:
    """The product of the trains filtered with tau (ms): the sum of exp(-|t_i - t_j| / tau) over pairs of spikes."""
    a, b = _train(x), _train(y)
    return float(_c.lib.pm_train_product(a.ctypes.data, len(a), b.ctypes.data, len(b), _positive(tau, "tau")))


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


@dataclass(frozen=True)
class Match:
    """Spikes of two runs: those of both, those missing from the second one, those that only it has; the largest and the
    median difference in time of those of both (ms; NaN without any)."""

    matched: int
    missing: int
    extra: int
    largest: float
    median: float


def match(reference: Mapping[str, Any], other: Mapping[str, Any], window: float = 1.0) -> Match:
    """Two runs, or tables of spikes by population, neuron by neuron: as many pairs of spikes as possible that differ by
    at most `window` ms. pm.metrics.match({"": pm.read_spikes(a)}, {"": pm.read_spikes(b)}) is `punctum compare a b`."""
    names = list(dict.fromkeys([*reference, *other]))
    first, second = (_spikes(run, names) for run in (reference, other))
    c = _c.new("pm_match")
    given = (first.ctypes.data, len(first), second.ctypes.data, len(second), float(window))
    if not window >= 0.0:
        raise InvalidError(f"window is {window:g}; it must not be negative", key="window")
    _c.call("pm_match_spikes", *given, ctypes.byref(c))
    return Match(int(c.matched), int(c.missing), int(c.extra), float(c.largest), float(c.median))


def _spikes(run: Mapping[str, Any], names: list[str]) -> Array:
    spikes = np.zeros(sum(len(part.time) for part in run.values()), SPIKE)
    at = 0
    for name, part in run.items():
        own = spikes[at : at + len(part.time)]
        own["population"], own["neuron"], own["time"] = names.index(name), part.neuron, part.time
        at += len(own)
    return spikes
