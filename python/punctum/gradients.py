"""Exact gradients of a loss on spike times, in arrays."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Mapping, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidError
from .network import Population, Projection
from .values import SYNAPSE, Array

if TYPE_CHECKING:
    from .simulation import Run, Source


class OfProjection:
    """Derivatives with respect to the synapses of a projection, in their order."""

    def __init__(self, weight: Array, delay: Array) -> None:
        self.weight = weight  # per pA
        self.delay = delay  # per ms


class OfPopulation:
    """Derivatives with respect to what a population has."""

    def __init__(self, threshold: Array, time: Array) -> None:
        self.threshold = threshold  # per mV, of each neuron
        self.time = time  # per ms, of each recorded spike: everything that depends on it moves with it


class Gradient:
    """g[projection].weight, .delay; g['cells'].threshold, .time"""

    def __init__(
        self, projections: list[tuple[Projection, OfProjection]], populations: dict[str, OfPopulation]
    ) -> None:
        self._projections = projections
        self._populations = populations

    def __getitem__(self, of: Union[str, Population, Projection]) -> Any:
        if isinstance(of, Projection):
            for projection, gradient in self._projections:
                if projection is of:
                    return gradient
            raise KeyError(f"{of} was not there when the simulation was made")
        return self._populations[of.name if isinstance(of, Population) else of]


def synapses_of(source: Source) -> list[Array]:
    """Of every projection as the run had them."""
    if not source.synapses:
        for number in range(len(source.projections)):
            pointer, n = ctypes.c_void_p(), ctypes.c_size_t()
            _c.call("pm_python_synapses", source.handle.pointer, number, ctypes.byref(pointer), ctypes.byref(n))
            source.synapses.append(_c.adopt(pointer, n.value, SYNAPSE))
    return source.synapses


def backward(
    run: Run, source: Source, dl_dt: Mapping[Union[str, Population], npt.ArrayLike], slope_floor: float
) -> Gradient:
    if run.start != 0.0:
        raise InvalidError(f"the run begins at {run.start:g} ms; a gradient needs all from 0 on: add the runs")
    for spikes in run.values():
        if not spikes.recorded:
            raise InvalidError(
                f"the spikes of '{spikes.name}' were not recorded; a gradient needs those of all populations"
            )
    first, total = {}, 0
    for spikes in run.values():
        first[spikes.name] = total
        total += spikes.size
    given = {of.name if isinstance(of, Population) else of: np.asarray(values, float) for of, values in dl_dt.items()}
    for name, values in given.items():
        if values.shape != run[name].time.shape:
            raise InvalidError(f"dl_dt['{name}'] is of shape {values.shape}; it must be of {run[name].time.shape}")
    parts = list(run.values())
    time = np.concatenate([s.time for s in parts])
    slope = np.concatenate([s.slope for s in parts])
    neuron = np.concatenate([s.neuron.astype(np.uint32) + np.uint32(first[s.name]) for s in parts])
    loss = np.concatenate([given.get(s.name, np.zeros(len(s))) for s in parts])
    order = np.lexsort((neuron, time))
    drawn = synapses_of(source)
    listed = np.concatenate(drawn) if drawn else np.empty(0, SYNAPSE)
    at = 0
    for projection, synapses in zip(source.projections, drawn):
        listed["source"][at : at + len(synapses)] += np.uint32(first[projection.pre.name])
        listed["target"][at : at + len(synapses)] += np.uint32(first[projection.post.name])
        at += len(synapses)
    weight, delay, threshold = np.zeros(len(listed)), np.zeros(len(listed)), np.zeros(total)
    moved = np.zeros(len(time))
    pinned = _c.Pinned()
    c = _c.new(
        "pm_python_gradient",
        synapses=pinned.items("pm_synapse", listed),
        n_synapses=len(listed),
        spike_time=pinned.doubles(time[order]),
        spike_slope=pinned.doubles(slope[order]),
        dl_dt=pinned.doubles(loss[order]),
        spike_neuron=pinned.indices(neuron[order]),
        n_spikes=len(time),
        slope_floor=float(slope_floor),
        weight=pinned.doubles(weight),
        delay=pinned.doubles(delay),
        threshold=pinned.doubles(threshold),
        time=pinned.doubles(moved),
    )
    _c.call("pm_python_backward", source.handle.pointer, ctypes.byref(c))
    back = np.empty(len(time))
    back[order] = moved
    ends = np.cumsum([len(s) for s in drawn])
    projections = [
        (projection, OfProjection(weight[end - len(s) : end], delay[end - len(s) : end]))
        for projection, s, end in zip(source.projections, drawn, ends)
    ]
    ends = np.cumsum([len(s) for s in parts])
    populations = {
        s.name: OfPopulation(threshold[first[s.name] : first[s.name] + s.size], back[end - len(s) : end])
        for s, end in zip(parts, ends)
    }
    return Gradient(projections, populations)
