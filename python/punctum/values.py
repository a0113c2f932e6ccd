"""Distributions of weights, delays and parameters; receptors; adaptation; resets. Units: ms, mV, pA, pF, nS."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidError

Array = np.ndarray[Any, Any]
EVENT = _c.dtype_of("pm_event")
SYNAPSE = _c.dtype_of("pm_synapse")
STEP = np.dtype([("time", "f8"), ("value", "f8")])


@dataclass(frozen=True)
class Distribution:
    """A random choice that is made anew for every synapse or neuron, from the network's seed. With a step, values are
    rounded to its nearest multiple (as decimal numbers); of UNIFORM_STEPS it is the distance between values."""

    kind: str
    a: float
    b: float = 0.0
    step: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    def rounded(self, step: float) -> Distribution:
        """The same, rounded to the nearest multiple of the step, as delays are on the grid of other simulators."""
        if self.kind == "UNIFORM_STEPS":
            raise InvalidError("step: the distribution has a step already", key="step")
        return replace(self, step=float(step))

    def within(self, low: float = -math.inf, high: float = math.inf) -> Distribution:
        """The same, drawn again until the value lies in [low, high]."""
        return replace(self, low=float(low), high=float(high))


def normal(mean: float, std: float, *, low: float = -math.inf, high: float = math.inf) -> Distribution:
    """The normal distribution, drawn again until the value lies in [low, high]."""
    return Distribution("NORMAL", float(mean), float(std), low=float(low), high=float(high))


def uniform(low: float, high: float, step: Optional[float] = None) -> Distribution:
    """Uniform in [low, high); with a step: low, low + step, ..., up to high, each as likely."""
    if step is None:
        return Distribution("UNIFORM", float(low), float(high))
    return Distribution("UNIFORM_STEPS", float(low), float(high), float(step))


def lognormal(mu: float, sigma: float, *, low: float = -math.inf, high: float = math.inf) -> Distribution:
    """The lognormal distribution: the logarithm is normal with mean mu and standard deviation sigma."""
    return Distribution("LOGNORMAL", float(mu), float(sigma), low=float(low), high=float(high))


def exponential(mean: float, *, low: float = -math.inf, high: float = math.inf) -> Distribution:
    """The exponential distribution of this mean."""
    return Distribution("EXPONENTIAL", float(mean), low=float(low), high=float(high))


Value = Union[float, Distribution, npt.ArrayLike]


@dataclass(frozen=True)
class Receptor:
    """How the current goes on after an arrival."""

    kernel: str
    parameters: tuple[float, ...] = ()
    peak: bool = False


def exp2(tau_1: float, tau_2: float, *, peak: bool = False) -> Receptor:
    """w (e^{-t/tau_1} - e^{-t/tau_2}), ms; with peak the weight is the largest current."""
    return Receptor("double_exponential", (float(tau_1), float(tau_2)), peak)


def exp(tau: float) -> Receptor:
    """w e^{-t/tau}, ms."""
    return Receptor("exponential", (float(tau),))


def alpha(tau: float) -> Receptor:
    """w (t/tau) e^{1 - t/tau}, ms: the weight is the largest current, which is reached at tau."""
    return Receptor("alpha", (float(tau),))


def impulse() -> Receptor:
    """V jumps by the weight, which is in mV."""
    return Receptor("impulse")


@dataclass(frozen=True)
class Jump:
    """Something that every spike changes by `jump` (mV or pA) and that decays with tau (ms)."""

    jump: float
    tau: float


@dataclass(frozen=True)
class Reset:
    """Where V goes at a spike: V_reset; or down by `subtract` (mV); or V - E_L becomes fraction (V - E_L) + add."""

    subtract: Optional[float] = None
    fraction: Optional[float] = None
    add: float = 0.0


JumpLike = Union[Jump, tuple[float, float], Mapping[str, float]]


def jumps_of(items: Optional[Sequence[JumpLike]]) -> list[Jump]:
    jumps = []
    for item in items or []:
        if isinstance(item, Mapping):
            jumps.append(Jump(**{key: float(value) for key, value in item.items()}))
        elif isinstance(item, Jump):
            jumps.append(item)
        else:
            jumps.append(Jump(float(item[0]), float(item[1])))
    return jumps


@dataclass
class Drawn:
    """A Value as it is kept: a number, a distribution or an array."""

    value: Union[float, Distribution, Array]

    @staticmethod
    def of(value: Any, what: str) -> Drawn:
        if isinstance(value, Drawn):
            return value
        if isinstance(value, Distribution):
            return Drawn(value)
        array = np.asarray(value, dtype=np.float64)
        if array.ndim == 0:
            return Drawn(float(array))
        if array.ndim > 2:
            raise InvalidError(f"{what}: an array of {array.ndim} dimensions; it must have 1 or 2", key=what)
        return Drawn(array.copy())

    def write(self, place: Any, pinned: _c.Pinned) -> None:
        """Into a pm_distribution."""
        if isinstance(self.value, Distribution):
            d = self.value
            place.kind = kind_of("PM_" + d.kind)
            place.a, place.b, place.step = d.a, d.b, d.step
            if d.low > -math.inf or d.high < math.inf:
                place.bounded, place.low, place.high = True, d.low, d.high
        elif isinstance(self.value, np.ndarray):
            place.kind = kind_of("PM_MATRIX" if self.value.ndim == 2 else "PM_VALUES")
            place.values = pinned.doubles(self.value)
        else:
            place.kind = kind_of("PM_CONSTANT")
            place.a = self.value

    @staticmethod
    def read(place: Any, shape: tuple[int, ...]) -> Drawn:
        """Out of a pm_distribution; arrays have that shape."""
        names = {kind_of(f"PM_{k}"): k for k in _KINDS}
        kind = names[place.kind]
        if kind == "CONSTANT":
            return Drawn(float(place.a))
        if kind in ("MATRIX", "VALUES"):
            return Drawn(_c.seen(place.values, int(np.prod(shape)), np.float64).reshape(shape))
        low, high = (place.low, place.high) if place.bounded else (-math.inf, math.inf)
        return Drawn(Distribution(kind, place.a, place.b, place.step, low, high))


_KINDS = ("CONSTANT", "NORMAL", "UNIFORM", "UNIFORM_STEPS", "MATRIX", "LOGNORMAL", "EXPONENTIAL", "VALUES")


def kind_of(constant: str) -> int:
    return int(_c.constants[constant])


@dataclass
class CellSpec:
    """A LIF population beyond its plain parameters."""

    parameters: dict[str, float] = field(default_factory=dict)
    varied: dict[str, Drawn] = field(default_factory=dict)  # V_m among them
    receptors: dict[str, Receptor] = field(default_factory=dict)
    threshold: list[Jump] = field(default_factory=list)
    after_spike: list[Jump] = field(default_factory=list)
    reset: Optional[Reset] = None


def steps_of(table: Array, what: str) -> Array:
    if table.ndim != 2 or table.shape[1] != 2:
        raise InvalidError(f"{what}: [[time, value], ...] is needed", key=what)
    steps = np.zeros(len(table), STEP)
    steps["time"], steps["value"] = table[:, 0], table[:, 1]
    return steps


def synapse_list(source: npt.ArrayLike, target: npt.ArrayLike, weight: Value, delay: Value) -> Array:
    first, second = np.atleast_1d(np.asarray(source)), np.atleast_1d(np.asarray(target))
    if first.shape != second.shape or first.ndim != 1:
        raise InvalidError(f"{first.size} sources and {second.size} targets; as many of each are needed", key="source")
    synapses = np.zeros(len(first), SYNAPSE)
    for key, value in (("source", first), ("target", second)):
        if len(value) and (value.min() < 0 or value.max() >= 2**32):
            raise InvalidError(f"{key}: numbers of neurons are from 0 to {2**32 - 1}", key=key)
        synapses[key] = value
    for key, drawn in (("weight", weight), ("delay", delay)):
        if isinstance(drawn, Distribution):
            raise InvalidError(f"{key}: with source and target, numbers are needed, not a distribution", key=key)
        synapses[key] = np.asarray(drawn, dtype=np.float64)
    return synapses
