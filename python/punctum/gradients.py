"""Exact gradients of a loss on spike times, in arrays."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidError
from .network import PARAMETERS, Population, Projection
from .values import Array

if TYPE_CHECKING:
    from .simulation import Run, Source

SPIKE = _c.dtype_of("pm_spike")
VARIED = (*PARAMETERS, "V_m")


class OfProjection:
    """Derivatives with respect to the synapses of a projection, in their order."""

    def __init__(self, weight: Array, delay: Array) -> None:
        self.weight = weight  # per pA
        self.delay = delay  # per ms


class OfPopulation:
    """Derivatives with respect to what a population has: threshold, time; and, if asked for, C_m, g_L, E_L, V_th,
    V_reset, t_ref, I_e, and V_m at t = 0 of each neuron, and what all of them share: receptors, jumps."""

    def __init__(self, threshold: Array, time: Array, parameters: Optional[Mapping[str, Array]] = None) -> None:
        self.threshold = threshold  # per mV, of each neuron
        self.time = time  # per ms, of each recorded spike: everything that depends on it moves with it
        self.parameters = dict(parameters or {})  # per unit of each
        self.receptors: dict[str, Array] = {}  # of the parameters of each, per ms; "" is that of tau_1 and tau_2
        self.threshold_jumps: Array = np.empty((0, 2))  # a row for each: per mV, per ms
        self.after_spike: Array = np.empty((0, 2))  # a row for each: per pA, per ms

    def __getattr__(self, name: str) -> Array:
        if name in VARIED:
            if name in self.__dict__.get("parameters", {}):
                return self.parameters[name]
            raise AttributeError(f"there is no derivative of {name} without backward(..., parameters=True)")
        raise AttributeError(f"there is no derivative of '{name}'" + _c.nearest(name, VARIED))


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


def counts_of(simulation: Any, n_projections: int) -> list[int]:
    """How many synapses each projection of a simulation has."""
    n, counts = ctypes.c_size_t(), []
    for number in range(n_projections):
        _c.call("pm_simulation_synapse_count", simulation, number, ctypes.byref(n))
        counts.append(n.value)
    return counts


class _Shared:
    """Room for derivatives with respect to what the neurons of each population share."""

    def __init__(self, populations: list[Population]) -> None:
        self._pinned = _c.Pinned()
        self.items = [self._room(population) for population in populations]
        self.c = self._pinned.items("pm_shared_gradient", self.items)

    def _room(self, population: Population) -> Any:
        spec = population.spec
        room = _c.new("pm_shared_gradient")
        room.receptors = self._pinned.doubles(np.zeros(4 * max(len(spec.receptors), 1)))
        jumps = (("threshold", spec.threshold), ("after_spike", spec.after_spike))
        for name, items in jumps:
            setattr(room, name, self._pinned.items("pm_jump", [_c.new("pm_jump") for _ in items]))
        room.reset = self._pinned.items("pm_reset", [_c.new("pm_reset")])
        return room

    def read(self, number: int, population: Population, into: OfPopulation) -> None:
        room, spec = self.items[number], population.spec
        table = np.ctypeslib.as_array(room.receptors, (max(len(spec.receptors), 1), 4)).copy()
        into.receptors = {name: table[k] for k, name in enumerate(spec.receptors or [""])}
        into.threshold_jumps = np.array([[j.jump, j.tau] for j in room.threshold[: len(spec.threshold)]])
        into.after_spike = np.array([[j.jump, j.tau] for j in room.after_spike[: len(spec.after_spike)]])


def sweep(
    simulation: Any,
    spikes: Array,
    dl_dt: Array,
    slope_floor: float,
    room: Mapping[str, Array],
    shared: Optional[_Shared] = None,
) -> None:
    """Adds derivatives to arrays of the room: weight, delay, threshold, neuron; and writes those of time."""
    pinned = _c.Pinned()
    c = _c.new("pm_gradient", **{name: pinned.doubles(array) for name, array in room.items()})
    c.size = ctypes.sizeof(c)
    if shared is not None:
        c.populations = shared.c
    given = (pinned.items("pm_spike", spikes), len(spikes), pinned.doubles(dl_dt), slope_floor, ctypes.byref(c))
    _c.call("pm_simulation_gradient", simulation, *given)


def backward(
    run: Run,
    source: Source,
    dl_dt: Mapping[Union[str, Population], npt.ArrayLike],
    slope_floor: float,
    parameters: bool,
) -> Gradient:
    if run.start != 0.0:
        raise InvalidError(f"the run begins at {run.start:g} ms; a gradient needs all from 0 on: add the runs")
    for s in run.values():
        if not s.recorded:
            raise InvalidError(f"the spikes of '{s.name}' were not recorded; a gradient needs those of all populations")
    given = {of.name if isinstance(of, Population) else of: np.asarray(values, float) for of, values in dl_dt.items()}
    for name, values in given.items():
        if values.shape != run[name].time.shape:
            raise InvalidError(f"dl_dt['{name}'] is of shape {values.shape}; it must be of {run[name].time.shape}")
    parts = list(run.values())
    spikes = np.zeros(sum(map(len, parts)), SPIKE)
    for field in ("time", "slope", "neuron"):
        spikes[field] = np.concatenate([getattr(s, field) for s in parts])
    spikes["population"] = np.repeat(np.arange(len(parts)), [len(s) for s in parts])
    order = np.lexsort((spikes["neuron"], spikes["population"], spikes["time"]))
    loss = np.concatenate([given.get(s.name, np.zeros(len(s))) for s in parts])
    first = np.cumsum([0, *(s.size for s in parts)])
    moved = np.empty(len(spikes))
    shared = _Shared(source.populations) if parameters else None
    with source.handle.lock:
        simulation = source.handle.simulation
        ends = np.cumsum(counts_of(simulation, len(source.projections)), dtype=int)
        n_synapses = ends[-1] if len(ends) else 0
        room = {"weight": np.zeros(n_synapses), "delay": np.zeros(n_synapses), "threshold": np.zeros(first[-1])}
        room["time"] = np.empty(len(spikes))
        if parameters:
            room["neuron"] = np.zeros((first[-1], len(VARIED)))
        sweep(simulation, spikes[order], loss[order], float(slope_floor), room, shared)
    moved[order] = room["time"]
    of_projections = [OfProjection(*both) for both in zip(*(np.split(room[k], ends) for k in ("weight", "delay")))]
    times = np.split(moved, np.cumsum([len(s) for s in parts])[:-1])
    populations = {}
    for number, s in enumerate(parts):
        mine = slice(first[number], first[number + 1])
        table = dict(zip(VARIED, room["neuron"][mine].T)) if parameters else None
        populations[s.name] = OfPopulation(room["threshold"][mine], times[number], table)
        if shared is not None:
            shared.read(number, source.populations[number], populations[s.name])
    return Gradient(list(zip(source.projections, of_projections)), populations)
