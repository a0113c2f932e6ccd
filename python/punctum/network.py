"""The description of a network: populations, projections, currents, what to record.

What is described is kept here, and given to the library at once, which checks it. Simulations run on the library's
copy; a network that is changed while one exists gets a new copy, so that nothing changes below a simulation.
"""

from __future__ import annotations

import copy
import ctypes
import os
import weakref
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .commands import Commands
from .errors import InvalidError
from .kinds import kind
from .values import (
    EVENT,
    STEP,
    SYNAPSE,
    Array,
    CellSpec,
    Drawn,
    JumpLike,
    Receptor,
    Reset,
    Value,
    jumps_of,
    steps_of,
    synapse_list,
)
from .writing import RULES, neuron_of, synapse_of, write_current, write_population, write_projection, write_recording

QUANTITIES = ("potential", "current", "threshold")
# Currents, and their numbers.
CURRENTS: dict[str, tuple[str, ...]] = {
    "STEPS": (),
    "SINE": ("amplitude", "frequency", "phase", "from", "to"),
    "NOISE": ("mean", "std", "interval", "from", "to"),
}
PARAMETERS = tuple(name for name, *_ in _c.structures["pm_neuron"]._fields_)


class _Handle:
    """A pm_network."""

    def __init__(self, pointer: Any) -> None:
        if not pointer:
            raise MemoryError("not enough memory for a network")
        self.pointer = pointer
        self.users: weakref.WeakSet[Any] = weakref.WeakSet()  # simulations

    def __del__(self) -> None:
        _c.lib.pm_network_free(ctypes.cast(self.pointer, ctypes.c_void_p))

    @property
    def c(self) -> Any:
        return self.pointer.contents


@dataclass
class Recording:
    """Samples of a quantity at multiples of an interval (ms)."""

    quantity: str
    neurons: Array
    interval: float
    receptor: Optional[str] = None


class Population:
    """Neurons of a kind. Attributes of LIF populations are their parameters: cells.C_m, cells.V_th = -50.0."""

    def __init__(self, network: Network, name: str, size: int, kind: str) -> None:
        fields = self.__dict__
        fields["network"] = network
        fields["name"] = name
        fields["size"] = size
        fields["kind"] = kind  # "lif", "spikes", "poisson"
        fields["record_spikes"] = True
        fields["spec"] = CellSpec()
        fields["events"] = np.empty(0, EVENT)
        fields["rate"] = 0.0
        fields["course"] = {}

    name: str
    size: int
    kind: str
    network: Network
    spec: CellSpec
    record_spikes: bool
    events: Array
    rate: float
    course: dict[str, Any]

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<{self.kind} population '{self.name}' of {self.size}>"

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(PARAMETERS if self.kind == "lif" else [])]

    def __getattr__(self, name: str) -> Any:
        spec = self.__dict__.get("spec")
        if spec is None or name.startswith("_"):
            raise AttributeError(name)
        if self.kind == "lif" and name in spec.varied:
            return spec.varied[name].value
        if self.kind == "lif" and name in PARAMETERS:
            return spec.parameters.get(name, getattr(_c.lib.pm_neuron_default(), name))
        raise AttributeError(f"population '{self.name}' has no '{name}'" + _c.nearest(name, PARAMETERS))

    def __setattr__(self, name: str, value: Any) -> None:
        if self.kind == "lif" and (name in PARAMETERS or name == "V_m"):
            self.set(**{name: value})
        elif name in self.__dict__:
            self.__dict__[name] = value
            self.network._changed()
        else:
            raise AttributeError(f"population '{self.name}' has no '{name}'" + _c.nearest(name, PARAMETERS))

    @property
    def number(self) -> int:
        """Its place among the populations."""
        return self.network.populations.index(self)

    @property
    def receptors(self) -> list[str]:
        """The names of its receptors; without names of their own, none."""
        return list(self.spec.receptors)

    def set(self, **params: Value) -> None:
        """Changes parameters, from the next simulation or reset on."""
        before = copy.deepcopy(self.spec)
        for name, value in params.items():
            _set_parameter(self.spec, name, value)
        try:
            _c.call("pm_neuron_check", ctypes.byref(neuron_of(self.spec)))
        except Exception:
            self.__dict__["spec"] = before
            raise
        self.network._changed()

    def record(
        self,
        quantity: str = "potential",
        neurons: Optional[npt.ArrayLike] = None,
        interval: float = 0.1,
        receptor: Optional[str] = None,
    ) -> None:
        """Samples 'potential' (mV), 'current' (pA; of one receptor if it is named) or 'threshold' (mV) of neurons
        (all of them without a list) at multiples of an interval (ms). To be called before the simulation is made."""
        chosen = np.arange(self.size) if neurons is None else np.atleast_1d(np.asarray(neurons))
        if quantity not in QUANTITIES:
            raise InvalidError(f"quantity: there is no '{quantity}'" + _c.nearest(quantity, QUANTITIES), key="quantity")
        self.network._record(self, Recording(quantity, chosen.astype(np.uint32), float(interval), receptor))

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _set_parameter(spec: CellSpec, name: str, value: Value) -> None:
    if name not in PARAMETERS and name != "V_m":
        raise InvalidError(f"there is no parameter '{name}'" + _c.nearest(name, PARAMETERS), key=name)
    drawn = Drawn.of(value, name)
    spec.varied.pop(name, None)
    if isinstance(drawn.value, float) and name != "V_m":
        spec.parameters[name] = drawn.value
    else:
        spec.varied[name] = drawn


class Projection:
    """Synapses between two populations. weight (pA; mV at impulses) and delay (ms) are arrays of the synapses as
    drawn, in the order of source and target; what is written there holds from the next simulation or reset on."""

    def __init__(self, network: Network, pre: Population, post: Population, rule: str) -> None:
        self.network = network
        self.pre = pre
        self.post = post
        self.rule = rule
        self.number: Union[int, float] = 0  # of the rule: indegree, probability, ...
        self.synapses: Array = np.empty(0, SYNAPSE)
        self.weights = Drawn(0.0)
        self.delays = Drawn(0.0)
        self.receptor: Optional[str] = None
        self.synapse: dict[str, dict[str, float]] = {}  # the model and its parameters; empty: static
        self.autapses = True
        self.multapses = True
        self._drawn: Optional[Array] = None
        self._original: Optional[Array] = None

    def __repr__(self) -> str:
        return f"<projection '{self.pre.name}' to '{self.post.name}', {self.rule}>"

    def _draw(self) -> Array:
        if self._drawn is None:
            self._drawn = self._draw_now()
            self._original = self._drawn.copy()
        return self._drawn

    def _draw_now(self) -> Array:
        pointer, n = ctypes.c_void_p(), ctypes.c_size_t()
        handle = self.network._current()
        number = self.network.projections.index(self)
        _c.call("pm_python_synapses", handle.pointer, number, ctypes.byref(pointer), ctypes.byref(n))
        return _c.adopt(pointer, n.value, SYNAPSE)

    def __len__(self) -> int:
        return len(self._draw())

    @property
    def source(self) -> Array:
        """The number of each synapse's source within its population."""
        return _fixed(self._draw()["source"])

    @property
    def target(self) -> Array:
        """The number of each synapse's target within its population."""
        return _fixed(self._draw()["target"])

    @property
    def weight(self) -> Array:
        """pA; mV at impulses. Writable."""
        return self._draw()["weight"]

    @weight.setter
    def weight(self, value: npt.ArrayLike) -> None:
        self._draw()["weight"] = value

    @property
    def delay(self) -> Array:
        """ms. Writable."""
        return self._draw()["delay"]

    @delay.setter
    def delay(self, value: npt.ArrayLike) -> None:
        self._draw()["delay"] = value

    def matrix(self) -> Array:
        """Weights as a matrix, target x source; synapses between the same two neurons are summed, NaN where there is
        none."""
        drawn = self._draw()
        place = (drawn["target"], drawn["source"])
        total = np.zeros((self.post.size, self.pre.size))
        np.add.at(total, place, drawn["weight"])
        there = np.zeros(total.shape, bool)
        there[place] = True
        return np.where(there, total, np.nan)

    def _settle(self) -> bool:
        """Whether what was written makes it another projection: a list of synapses."""
        if self._drawn is None or self._original is None or np.array_equal(self._drawn, self._original):
            return False
        self.rule = "list"
        self.synapses = self._drawn
        self._original = self._drawn.copy()
        return True

    def _redraw(self) -> None:
        if self.rule != "list":
            self._drawn = self._original = None


def _fixed(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass
class Current:
    """A current that is injected into neurons."""

    population: Population
    neurons: Optional[Array]
    kind: str  # "STEPS", "SINE", "NOISE"
    steps: Array
    numbers: dict[str, float]


class Network(Commands):
    """A network of populations and projections. Every random choice derives from the seed.

    duration (ms): of runs that are told no other, and of run_into() and validate().
    """

    def __init__(self, seed: int = 1, duration: float = 0.0) -> None:
        self._seed = int(seed)
        self.duration = float(duration)
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.currents: list[Current] = []
        self.recordings: list[tuple[Population, Recording]] = []
        self._handle: Optional[_Handle] = None
        self._current()

    # --- describing ----------------------------------------------------------------------------------------------

    def lif(
        self,
        name: str,
        size: int,
        *,
        receptors: Optional[Mapping[str, Receptor]] = None,
        threshold: Optional[Sequence[JumpLike]] = None,
        after_spike: Optional[Sequence[JumpLike]] = None,
        reset: Optional[Reset] = None,
        initial: Optional[Mapping[str, Value]] = None,
        record: bool = True,
        **params: Value,
    ) -> Population:
        """Leaky integrate-and-fire neurons.

        receptors: by name, pm.exp2(5, 1.25), pm.exp(8), pm.alpha(2) or pm.impulse(); without them one receptor of tau_1
        and tau_2. threshold, after_spike: jumps (mV, pA) at every spike and their time constants (ms), [(3.0, 30.0)].
        reset: pm.Reset(...), V_reset without it. initial: {"V_m": mV} at t = 0, E_L without it. record: its spikes.
        Parameters are numbers, distributions, or arrays with a value for each neuron:
        """
        population = Population(self, name, int(size), "lif")
        spec = population.spec
        for key, value in params.items():
            _set_parameter(spec, key, value)
        for key, value in (initial or {}).items():
            if key != "V_m":
                raise InvalidError(f"initial: there is no '{key}'; there is: V_m", key="initial")
            _set_parameter(spec, key, value)
        spec.receptors = dict(receptors or {})
        spec.threshold = jumps_of(threshold)
        spec.after_spike = jumps_of(after_spike)
        spec.reset = reset
        population.__dict__["record_spikes"] = bool(record)
        return self._add(population)

    def spikes(
        self,
        name: str,
        size: Optional[int] = None,
        times: Union[Sequence[npt.ArrayLike], npt.ArrayLike] = (),
        neurons: Optional[npt.ArrayLike] = None,
        *,
        record: bool = True,
    ) -> Population:
        """Neurons that fire at given instants (ms): one list a neuron, or all times in an array beside the neurons'
        numbers in another. More can be injected into a simulation."""
        if neurons is None:
            trains = [np.asarray(train, dtype=np.float64).ravel() for train in times]  # type: ignore[union-attr]
            number = np.repeat(np.arange(len(trains), dtype=np.uint32), [len(train) for train in trains])
            when = np.concatenate(trains) if trains else np.empty(0)
            size = len(trains) if size is None else size
        else:
            when = np.asarray(times, dtype=np.float64).ravel()
            number = np.asarray(neurons).ravel().astype(np.uint32)
            if len(when) != len(number):
                raise InvalidError(f"{len(when)} times, {len(number)} neurons; as many of each are needed", key="times")
            size = int(number.max()) + 1 if size is None and len(number) else size
        population = Population(self, name, int(size or 0), "spikes")
        events = np.zeros(len(when), EVENT)
        events["time"], events["neuron"] = when, number
        population.__dict__["events"] = events
        population.__dict__["record_spikes"] = bool(record)
        return self._add(population)

    def poisson(
        self,
        name: str,
        size: int,
        rate: Union[float, npt.ArrayLike],
        *,
        amplitude: float = 0.0,
        frequency: float = 0.0,
        phase: float = 0.0,
        record: bool = True,
    ) -> Population:
        """Neurons that fire as independent Poisson processes of this rate (spikes/s): a number, or steps
        [[time, rate], ...]; with an amplitude (spikes/s) around it as a sine of this frequency (Hz) and phase
        (degrees)."""
        population = Population(self, name, int(size), "poisson")
        array = np.asarray(rate, dtype=np.float64)
        if array.ndim:
            population.__dict__["course"] = {"steps": steps_of(array, "rate")}
            population.__dict__["rate"] = float(array[:, 1].max())
        else:
            population.__dict__["rate"] = float(array)
            if amplitude:
                population.__dict__["course"] = {
                    "amplitude": float(amplitude),
                    "frequency": float(frequency),
                    "phase": float(phase),
                }
        population.__dict__["record_spikes"] = bool(record)
        return self._add(population)

    def connect(
        self,
        pre: Union[Population, str],
        post: Union[Population, str],
        *,
        weight: Value = 0.0,
        delay: Value = 0.0,
        rule: Union[str, Mapping[str, float]] = "all_to_all",
        receptor: Optional[str] = None,
        synapse: Union[str, Mapping[str, Mapping[str, float]]] = "static",
        source: Optional[npt.ArrayLike] = None,
        target: Optional[npt.ArrayLike] = None,
        autapses: bool = True,
        multapses: bool = True,
    ) -> Projection:
        """Synapses from one population to another.

        rule: 'all_to_all', 'one_to_one', {'fixed_indegree': n}, {'fixed_outdegree': n}, {'fixed_total_number': n},
        {'pairwise_bernoulli': p}; or source and target, the numbers of the neurons of each synapse. weight: pA (mV at
        impulses); delay: ms; numbers or distributions, a matrix (target x source) of weights, or with source and target
        arrays. synapse: a model, 'static', 'tsodyks', or {'tsodyks': {'U': 0.2, 'tau_rec': 100.0}}; see
        pm.kinds('synapse'). autapses, multapses: whether neurons may reach themselves, and others several times."""
        first, second = self[pre], self[post]
        if (source is None) != (target is None):
            raise InvalidError("source and target go together", key="source")
        if source is not None and target is not None:
            projection = Projection(self, first, second, "list")
            projection.synapses = synapse_list(source, target, weight, delay)
            projection._drawn = projection.synapses
            projection._original = projection.synapses.copy()
        else:
            name, number = (rule, 0) if isinstance(rule, str) else next(iter(rule.items()))
            if name not in RULES:
                raise InvalidError(f"rule: there is no '{name}'" + _c.nearest(name, tuple(RULES)), key="rule")
            if isinstance(rule, str) and RULES[name]:
                raise InvalidError(f"rule: {name} needs its number: {{'{name}': ...}}", key="rule")
            projection = Projection(self, first, second, name)
            projection.number = number
            projection.weights, projection.delays = Drawn.of(weight, "weight"), Drawn.of(delay, "delay")
            if isinstance(projection.weights.value, np.ndarray):
                shape = (second.size, first.size)
                if projection.weights.value.shape != shape:
                    raise InvalidError(
                        f"weight: a matrix of {projection.weights.value.shape}; it must be of {shape}", key="weight"
                    )
        projection.receptor = receptor
        projection.synapse = synapse_of(synapse)
        projection.autapses, projection.multapses = bool(autapses), bool(multapses)
        write_projection(self, self._writable(), projection)
        self.projections.append(projection)
        return projection

    def current(
        self,
        population: Union[Population, str],
        neurons: Optional[npt.ArrayLike] = None,
        *,
        steps: Optional[npt.ArrayLike] = None,
        sine: Optional[Mapping[str, float]] = None,
        noise: Optional[Mapping[str, float]] = None,
    ) -> Current:
        """A current (pA) into neurons (all of them without a list): steps [[time, pA], ...], each from its time (ms)
        on; or sine={amplitude, frequency, phase, from, to}; or noise={mean, std, interval, from, to}, drawn anew for
        every neuron at every interval (ms)."""
        given = [kind for kind, value in (("STEPS", steps), ("SINE", sine), ("NOISE", noise)) if value is not None]
        if len(given) != 1:
            raise InvalidError("current: one of steps, sine and noise is needed", key="current")
        numbers = {str(key): float(value) for key, value in dict(sine or noise or {}).items()}
        for key in numbers:
            _c.index_of(CURRENTS[given[0]], key, "current")
        chosen = None if neurons is None else np.atleast_1d(np.asarray(neurons)).astype(np.uint32)
        table = steps_of(np.asarray(steps, dtype=np.float64), "steps") if steps is not None else np.empty(0, STEP)
        current = Current(self[population], chosen, given[0], table, numbers)
        write_current(self, self._writable(), current)
        self.currents.append(current)
        return current

    def _record(self, population: Population, recording: Recording) -> None:
        write_recording(self, self._writable(), population, recording)
        self.recordings.append((population, recording))

    # --- looking -------------------------------------------------------------------------------------------------

    @property
    def seed(self) -> int:
        return self._seed

    @seed.setter
    def seed(self, value: int) -> None:
        self._seed = int(value)
        self._changed()
        for projection in self.projections:
            projection._redraw()

    def __getitem__(self, name: Union[str, Population]) -> Population:
        if isinstance(name, Population):
            if name.network is not self:
                raise InvalidError(f"population '{name.name}' belongs to another network")
            return name
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(f"there is no population '{name}'" + _c.nearest(name, [p.name for p in self.populations]))

    def __contains__(self, name: object) -> bool:
        return any(population.name == name or population is name for population in self.populations)

    def __iter__(self) -> Iterator[Population]:
        return iter(self.populations)

    def __len__(self) -> int:
        return len(self.populations)

    def __repr__(self) -> str:
        neurons = sum(population.size for population in self.populations)
        return f"<network of {neurons} neurons in {len(self)} populations, {len(self.projections)} projections>"

    # --- running -------------------------------------------------------------------------------------------------

    def simulation(
        self,
        threads: int = 0,
        engine: str = "exact",
        dt: Optional[float] = None,
        scheme: str = "exact",
        interpolation: str = "grid",
    ) -> Any:
        """A simulation of this network: pm.Simulation(net, ...)."""
        from .simulation import Simulation

        return Simulation(self, threads, engine, dt, scheme, interpolation)

    # --- the library's copy --------------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._handle = None

    def _current(self) -> _Handle:
        """The library's copy of what is described now."""
        settled = [projection._settle() for projection in self.projections]
        if any(settled):
            self._changed()
        if self._handle is None:
            self._handle = self._write()
        self._handle.c.duration = self.duration
        return self._handle

    def _writable(self) -> _Handle:
        handle = self._current()
        if len(handle.users):
            handle = self._handle = self._write()
        return handle

    def _write(self) -> _Handle:
        pointer = _c.lib.pm_network_new()
        handle = _Handle(pointer)
        handle.c.seed = self._seed
        for number, population in enumerate(self.populations):
            write_population(self, handle, population, number)
        for projection in self.projections:
            write_projection(self, handle, projection)
        for current in self.currents:
            write_current(self, handle, current)
        for population, recording in self.recordings:
            write_recording(self, handle, population, recording)
        return handle

    def _add(self, population: Population) -> Population:
        handle = self._writable()
        try:
            write_population(self, handle, population, len(self.populations))
        except Exception:
            self._changed()
            raise
        self.populations.append(population)
        return population

    # --- files, copies -------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]]) -> Network:
        """Reads a network file (YAML) and the files that it names."""
        from .reading import read_network

        pointer = ctypes.POINTER(_c.structures["pm_network"])()
        _c.call("pm_network_load", _c.path(path), ctypes.byref(pointer))
        return read_network(cls, _Handle(pointer))

    def __getstate__(self) -> dict[str, Any]:
        self._current()
        return {key: value for key, value in self.__dict__.items() if key != "_handle"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._handle = None

    def copy(self) -> Network:
        """A network of the same populations, projections, ... that shares nothing with this one."""
        return copy.deepcopy(self)


# From the library's table, so that help(net.lif) shows what there is.
Network.lif.__doc__ = (Network.lif.__doc__ or "").rstrip() + "\n\n" + kind("neuron", "lif").table(8)
