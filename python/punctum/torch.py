"""Exact spiking networks as modules of PyTorch: spike times in, spike times out, and exact gradients by the adjoint.

    from punctum.torch import SpikingLayer
    layer = SpikingLayer(5, 200, duration=40.0, weight=pm.normal(900, 600), V_th=-50.0)
    times = layer(inputs)                 # (batch, 5, spikes) to (batch, 200, spikes), ms; infinite: no spike

Every example of a batch is an exact simulation of its own. Gradients are those of the spikes that there are, with
respect to weights, delays, thresholds and input times; that a spike appears or vanishes has no derivative. Times are of
float64, results the same bits for any number of threads.
"""

from __future__ import annotations

import collections
import concurrent.futures
import ctypes
import math
import os
from typing import Any, NamedTuple, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt
import torch

from . import _c
from .errors import InvalidError
from .gradients import SPIKE
from .network import Network as Description
from .network import Population
from .values import Array, Value

CHUNK = 8  # examples whose gradients are summed on their own: the sum does not depend on the threads


class SpikeTimes(NamedTuple):
    """Spikes of a batch without padding: time[k] (ms, float64), of neuron[k] in example sample[k] of `batch`."""

    time: torch.Tensor
    sample: torch.Tensor
    neuron: torch.Tensor
    batch: int

    @staticmethod
    def of(padded: torch.Tensor) -> SpikeTimes:
        """Of times (batch, neurons, spikes); infinite ones are no spikes."""
        if padded.dim() != 3:
            raise InvalidError(f"times of shape {tuple(padded.shape)}; (batch, neurons, spikes) is needed")
        sample, neuron, slot = torch.nonzero(padded != math.inf, as_tuple=True)
        return SpikeTimes(padded[sample, neuron, slot], sample, neuron, padded.shape[0])

    def _sorted(self, size: int) -> tuple[Any, Any, Any]:
        """Their order by example, neuron and time; in that order each one's neuron, and its number there."""
        cell = (self.sample * size + self.neuron).cpu().numpy()
        order = np.lexsort((self.time.detach().cpu().numpy(), cell))
        counts = np.bincount(cell, minlength=self.batch * size)
        number = np.arange(len(order)) - (np.cumsum(counts) - counts)[cell[order]]
        return order, cell[order], number

    def padded(self, size: int, slots: Optional[int] = None, fill: float = math.inf) -> torch.Tensor:
        """Times (batch, size, slots), ascending for each neuron, `fill` where there is no spike; as many slots as
        needed, or as given: later spikes are left out."""
        order, cell, number = self._sorted(size)
        if slots is None:
            slots = int(number.max()) + 1 if len(number) else 0
        kept = number < slots
        table = self.time.new_full((self.batch * size, slots), fill)
        cells, numbers, places = (torch.from_numpy(part[kept]).to(table.device) for part in (cell, number, order))
        table = table.index_put((cells, numbers), self.time[places])
        return table.reshape(self.batch, size, slots)

    def first(self, size: int, fill: float = math.inf) -> torch.Tensor:
        """The first spike of each neuron (batch, size), `fill` where there is none."""
        return self.padded(size, 1, fill)[:, :, 0]

    def counts(self, size: int) -> torch.Tensor:
        """How many spikes each neuron fired (batch, size); they have no gradient."""
        cell = self.sample * size + self.neuron
        return torch.bincount(cell, minlength=self.batch * size).reshape(self.batch, size)


class _Spikes(NamedTuple):
    """Of examples: those of the k-th from first[k] to first[k + 1]."""

    spikes: Array
    first: Array

    def part(self, begin: int, end: int) -> _Spikes:
        first = self.first[begin : end + 1]
        return _Spikes(self.spikes[first[0] : first[-1]], first - first[0])

    @staticmethod
    def joined(parts: Sequence[_Spikes]) -> _Spikes:
        counts = [np.diff(part.first) for part in parts]
        first = np.concatenate([[0], *counts]).cumsum()
        return _Spikes(np.concatenate([np.empty(0, SPIKE), *(part.spikes for part in parts)]), first)


class _Worker:
    """A simulation of one thread."""

    def __init__(self, handle: Any) -> None:
        options = _c.new("pm_options", threads=1)
        options.size = ctypes.sizeof(options)
        self._handle = handle  # outlives the simulation
        self._weights: Optional[list[Array]] = None
        self.simulation = ctypes.c_void_p()
        _c.call("pm_simulation_new", handle.pointer, ctypes.byref(options), ctypes.byref(self.simulation))

    def __del__(self) -> None:
        _c.lib.pm_simulation_free(self.simulation)

    def weigh(self, weights: list[Array]) -> None:
        """Back to t = 0 with these weights."""
        _c.call("pm_simulation_reset", self.simulation)
        if self._weights is None or any(map(lambda a, b: not np.array_equal(a, b), self._weights, weights)):
            for number, values in enumerate(weights):
                _c.call("pm_simulation_set_weights", self.simulation, number, values.ctypes.data, len(values))
            self._weights = weights

    def run(self, given: _Spikes, until: float) -> _Spikes:
        found, pointer = np.zeros(len(given.first), np.int64), ctypes.c_void_p()
        places = (given.spikes.ctypes.data, given.first.ctypes.data, len(given.first) - 1)
        _c.call("pm_python_batch_run", self.simulation, *places, until, ctypes.byref(pointer), found.ctypes.data)
        return _Spikes(_c.adopt(pointer, int(found[-1]), SPIKE), found)

    def backward(self, fired: _Spikes, dl_dt: Array, slope_floor: float, room: dict[str, Array]) -> None:
        pinned = _c.Pinned()
        c = _c.new("pm_gradient", **{name: pinned.doubles(array) for name, array in room.items()})
        c.size = ctypes.sizeof(c)
        places = (fired.spikes.ctypes.data, fired.first.ctypes.data, len(fired.first) - 1, dl_dt.ctypes.data)
        _c.call("pm_python_batch_gradient", self.simulation, *places, slope_floor, ctypes.byref(c))


class _Parameters(NamedTuple):
    weights: list[Array]
    delays: list[Array]
    thresholds: list[Array]


class _Core:
    """A network that runs batches: simulations of the present delays and thresholds, one for each thread at work."""

    def __init__(
        self, network: Description, inputs: list[str], outputs: list[str], duration: float, threads: int, floor: float
    ) -> None:
        if not duration > 0.0:
            raise InvalidError(f"duration is {duration:g} ms; it must be positive", key="duration")
        self.network = network.copy()
        for population in self.network:
            population.record_spikes = True
        names = [population.name for population in self.network]
        self.inputs = [names.index(self.network[name].name) for name in inputs]
        self.outputs = [names.index(self.network[name].name) for name in outputs]
        for number in self.inputs:
            population = self.network.populations[number]
            if population.kind != "spikes" or len(population.events):
                raise InvalidError(f"input '{population.name}' must be a population of spikes without times of its own")
        self.duration, self.floor = float(duration), float(floor)
        self.threads = threads if threads > 0 else len(os.sched_getaffinity(0))
        self.cells = [population for population in self.network if population.kind == "lif"]
        numbers = np.arange(len(names))
        self.is_input, self.is_output = np.isin(numbers, self.inputs), np.isin(numbers, self.outputs)
        self._clear()

    def _clear(self) -> None:
        self._present: Optional[_Parameters] = None
        self._workers: collections.deque[_Worker] = collections.deque()
        self._pool: Optional[concurrent.futures.ThreadPoolExecutor] = None

    def __getstate__(self) -> dict[str, Any]:
        left_out = ("_present", "_workers", "_pool")
        return {key: value for key, value in self.__dict__.items() if key not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._clear()

    def described(self) -> _Parameters:
        """Weights, delays and thresholds as the network has them."""
        projections = self.network.projections
        thresholds = [self._thresholds(population) for population in self.cells]
        return _Parameters([p.weight.copy() for p in projections], [p.delay.copy() for p in projections], thresholds)

    def _thresholds(self, population: Population) -> Array:
        neuron, values = _c.new("pm_neuron"), np.empty(population.size)
        pointer = self.network._current().pointer
        for k in range(population.size):
            _c.call("pm_network_neuron", pointer, population.number, k, ctypes.byref(neuron), None)
            values[k] = neuron.V_th
        return values

    def describe(self, parameters: _Parameters) -> None:
        """Makes the network that of these delays and thresholds; simulations of others are of no use then."""
        now = self._present or self.described()
        changed = self._present is None
        for projection, old, new in zip(self.network.projections, now.delays, parameters.delays):
            if not np.array_equal(old, new):
                projection.delay[:] = new
                changed = True
        for population, old, new in zip(self.cells, now.thresholds, parameters.thresholds):
            if not np.array_equal(old, new):
                population.V_th = float(new[0]) if np.all(new == new[0]) else new
                changed = True
        if changed:
            self._workers = collections.deque()
        self._present = parameters

    def each(self, weights: list[Array], batch: int, task: Any) -> list[Any]:
        """task(worker, begin, end) for chunks of examples, on all threads; what they give, in order."""
        handle = self.network._current()

        def chunk(begin: int) -> Any:
            try:
                worker = self._workers.pop()
            except IndexError:
                worker = _Worker(handle)
            worker.weigh(weights)
            result = task(worker, begin, min(begin + CHUNK, batch))
            self._workers.append(worker)
            return result

        begins = range(0, batch, CHUNK)
        if self.threads == 1 or len(begins) == 1:
            return [chunk(begin) for begin in begins]
        if self._pool is None:
            self._pool = concurrent.futures.ThreadPoolExecutor(self.threads)
        return list(self._pool.map(chunk, begins))

    def forward(self, parameters: _Parameters, given: _Spikes) -> _Spikes:
        """The spikes of all populations, of every example."""

        def task(worker: _Worker, begin: int, end: int) -> _Spikes:
            return worker.run(given.part(begin, end), self.duration)

        self.describe(parameters)
        return _Spikes.joined(self.each(parameters.weights, len(given.first) - 1, task))

    def backward(
        self, parameters: _Parameters, fired: _Spikes, dl_dt: Array, wanted: tuple[bool, bool, bool]
    ) -> tuple[_Parameters, Array]:
        """Derivatives with respect to the parameters, summed over the examples, and the times of all spikes."""
        self.describe(parameters)
        sizes = [sum(map(len, parameters.weights)), sum(map(len, parameters.delays))]
        sizes.append(sum(population.size for population in self.network))
        names = [name for name, is_wanted in zip(("weight", "delay", "threshold"), wanted) if is_wanted]
        lengths = dict(zip(("weight", "delay", "threshold"), sizes))

        moved = np.empty(len(fired.spikes))

        def task(worker: _Worker, begin: int, end: int) -> dict[str, Array]:
            room = {name: np.zeros(lengths[name]) for name in names}
            mine = slice(fired.first[begin], fired.first[end])
            worker.backward(fired.part(begin, end), dl_dt[mine], self.floor, {**room, "time": moved[mine]})
            return room

        parts = self.each(parameters.weights, len(fired.first) - 1, task)
        total = {name: np.zeros(length) for name, length in lengths.items()}
        for room in parts:
            for name in names:
                total[name] += room[name]
        ends = np.cumsum([len(values) for values in parameters.weights], dtype=int)[:-1]
        first = dict(zip((p.name for p in self.network), np.cumsum([0, *(p.size for p in self.network)]).tolist()))
        thresholds = [total["threshold"][first[p.name] : first[p.name] + p.size] for p in self.cells]
        weights, delays = (np.split(total[name], ends) if parameters.weights else [] for name in ("weight", "delay"))
        found = _Parameters(weights, delays, thresholds)
        return found, moved


class _Simulate(torch.autograd.Function):
    """Times of input spikes and parameters to times of output spikes."""

    @staticmethod
    def forward(ctx: Any, core: _Core, events: Array, sample: Array, batch: int, time: Any, *given: Any) -> Any:
        ctx.core, ctx.batch = core, batch
        ctx.save_for_backward(*given)
        events["time"] = time.detach().numpy()
        ctx.order = np.lexsort((events["neuron"], events["population"], events["time"], sample))
        counts = np.bincount(sample, minlength=batch)
        ordered = _Spikes(events[ctx.order], np.concatenate([[0], counts]).cumsum())
        ctx.fired = core.forward(_unpack(core, given), ordered)
        ctx.seen = np.flatnonzero(core.is_output[ctx.fired.spikes["population"]])
        fired = ctx.fired.spikes[ctx.seen]
        samples = np.repeat(np.arange(batch), np.diff(ctx.fired.first))[ctx.seen]
        numbers = (fired["population"].astype(np.int64), fired["neuron"].astype(np.int64), samples)
        others = tuple(map(torch.from_numpy, numbers))
        ctx.mark_non_differentiable(*others)
        ctx.set_materialize_grads(False)
        return (torch.from_numpy(fired["time"].copy()), *others)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, of_time: Any, *_: Any) -> Any:
        core, given = ctx.core, ctx.saved_tensors
        if of_time is None:
            return (None,) * (5 + len(given))
        dl_dt = np.zeros(len(ctx.fired.spikes))
        dl_dt[ctx.seen] = of_time.numpy()
        n, needs = len(core.network.projections), ctx.needs_input_grad[5:]
        wanted = (any(needs[:n]), any(needs[n : 2 * n]), any(needs[2 * n :]))
        found, moved = core.backward(_unpack(core, given), ctx.fired, dl_dt, wanted)
        back = np.empty(len(ctx.order))
        back[ctx.order] = moved[core.is_input[ctx.fired.spikes["population"]]]
        flat = [torch.from_numpy(np.ascontiguousarray(values)) for group in found for values in group]
        return (None, None, None, None, torch.from_numpy(back), *flat)


def _unpack(core: _Core, given: Sequence[Any]) -> _Parameters:
    arrays = [np.ascontiguousarray(values.detach().numpy(), dtype=np.float64).copy() for values in given]
    n = len(core.network.projections)
    return _Parameters(arrays[:n], arrays[n : 2 * n], arrays[2 * n :])


def _simulate(core: _Core, given: Sequence[SpikeTimes], parameters: Sequence[Any]) -> list[SpikeTimes]:
    """What each output population fires when each input population fires as given."""
    batch = given[0].batch
    if any(spikes.batch != batch for spikes in given):
        raise InvalidError(f"batches of {[spikes.batch for spikes in given]}; they must be of one size")
    device = given[0].time.device
    time = torch.cat([spikes.time for spikes in given]).double().cpu()
    sample = np.concatenate([spikes.sample.cpu().numpy() for spikes in given])
    events = np.zeros(len(sample), SPIKE)
    neurons = np.concatenate([spikes.neuron.cpu().numpy() for spikes in given])
    numbers = np.repeat(core.inputs, [len(spikes.neuron) for spikes in given]).astype(np.int64)
    sizes = np.array([population.size for population in core.network])
    values = time.detach().numpy()
    for wrong, what in (
        (~(values >= 0.0), "spikes at {time:g} ms; times of spikes must not be negative"),
        ((neurons < 0) | (neurons >= sizes[numbers]), "spikes, which is not among the {size} neurons of the input"),
        ((sample < 0) | (sample >= batch), f"spikes, which is beyond the batch of {batch}"),
    ):
        if wrong.any():
            k = int(np.flatnonzero(wrong)[0])
            told = what.format(time=values[k], size=sizes[numbers[k]])
            raise InvalidError(f"example {sample[k]}: neuron {neurons[k]} {told}")
    events["population"], events["neuron"] = numbers, neurons
    inside = np.flatnonzero(values < core.duration)
    time = time[torch.from_numpy(inside)]
    flat = [values.double().cpu().reshape(-1) for values in parameters]
    fired, population, neuron, sample = _Simulate.apply(core, events[inside], sample[inside], batch, time, *flat)
    result = []
    for number in core.outputs:
        [mine] = torch.nonzero(population == number, as_tuple=True)
        result.append(SpikeTimes(fired[mine].to(device), sample[mine].to(device), neuron[mine].to(device), batch))
    return result


Times = Union[torch.Tensor, SpikeTimes]


class Network(torch.nn.Module):
    """Any network as a module: module(times of the inputs' spikes) gives those of the outputs.

    inputs, outputs: names of populations of it, one or several (then module(first, second) takes and gives several);
    inputs are populations of spikes without times. duration: ms of an example. `weights`, `delays` (of each projection
    a vector in the order of its synapses) and `thresholds` (of each LIF population) are parameters; of these, delays
    and thresholds are trained if it is said. Times are padded tensors (batch, neurons, spikes) with infinite times
    where there is no spike, or SpikeTimes; the result is what the argument was. slope_floor: mV/ms, see Run.backward.
    threads: 0 for all; results do not depend on it.
    """

    def __init__(
        self,
        network: Description,
        inputs: Union[str, Sequence[str]] = "input",
        outputs: Union[str, Sequence[str]] = "output",
        *,
        duration: float,
        delays: bool = False,
        thresholds: bool = False,
        slope_floor: float = 0.0,
        threads: int = 0,
    ) -> None:
        super().__init__()
        names = [[name] if isinstance(name, str) else list(name) for name in (inputs, outputs)]
        self._single = isinstance(outputs, str)
        self._core = _Core(network, names[0], names[1], duration, threads, slope_floor)
        now = self._core.described()
        self.weights = self._list(now.weights, True)
        self.delays = self._list(now.delays, delays)
        self.thresholds = self._list(now.thresholds, thresholds)

    @staticmethod
    def _list(values: Sequence[Array], trained: bool) -> torch.nn.ParameterList:
        items = [torch.nn.Parameter(torch.from_numpy(array.copy()), requires_grad=trained) for array in values]
        return torch.nn.ParameterList(items)

    def extra_repr(self) -> str:
        return f"{self._core.network!r}, duration={self._core.duration:g}"

    def forward(self, *times: Times) -> Any:
        core = self._core
        if len(times) != len(core.inputs):
            raise InvalidError(f"{len(times)} tensors of times for {len(core.inputs)} input populations")
        given = [x if isinstance(x, SpikeTimes) else SpikeTimes.of(x) for x in times]
        fired = _simulate(core, given, [*self.weights, *self.delays, *self.thresholds])
        sizes = [core.network.populations[number].size for number in core.outputs]
        ragged = isinstance(times[0], SpikeTimes)
        results = [spikes if ragged else spikes.padded(size) for spikes, size in zip(fired, sizes)]
        return results[0] if self._single else tuple(results)


class SpikingLayer(torch.nn.Module):
    """A layer of LIF neurons, each of which sees all inputs: layer(times of spikes) gives times of spikes.

    weight: (neurons, inputs), pA; delay: the same, ms; threshold: of each neuron, mV: parameters of the module, of
    which the weights are trained, and the others if it is said. weight, delay and recurrent are numbers, distributions
    (pm.normal(900, 600)) or arrays. recurrent: weights among the neurons (neurons, neurons), with recurrent_delay (ms);
    `recurrent_weight` is a parameter then. neuron: parameters of net.lif, V_th=-50.0, receptors, ... Times, duration,
    slope_floor and threads as in punctum.torch.Network. Where a neuron is silent there is no gradient to wake it.
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        *,
        duration: float,
        weight: Value,
        delay: Value = 0.0,
        recurrent: Optional[Value] = None,
        recurrent_delay: Value = 1.0,
        train_delay: bool = False,
        train_threshold: bool = False,
        seed: int = 1,
        slope_floor: float = 0.0,
        threads: int = 0,
        **neuron: Any,
    ) -> None:
        super().__init__()
        network = Description(seed=seed)
        source = network.spikes("input", n_inputs)
        cells = network.lif("cells", n_neurons, **neuron)
        ports: dict[str, Any] = {"receptor": cells.receptors[0]} if len(cells.receptors) > 1 else {}
        tables = [_tables(network, source, cells, weight, delay)]
        if recurrent is not None:
            tables.append(_tables(network, cells, cells, recurrent, recurrent_delay))
        for pre, (weights, delays) in zip((source, cells), tables):
            rows, columns = np.indices(weights.shape).reshape(2, -1)
            synapses: dict[str, Any] = {"source": columns, "target": rows}  # in the order of the parameters
            network.connect(pre, cells, weight=weights.ravel(), delay=delays.ravel(), **synapses, **ports)
        self._core = _Core(network, ["input"], ["cells"], duration, threads, slope_floor)
        self._n = n_neurons
        self._kept = [torch.from_numpy(delays.ravel()) for _, delays in tables[1:]]
        self.weight = torch.nn.Parameter(torch.from_numpy(tables[0][0].copy()))
        self.delay = torch.nn.Parameter(torch.from_numpy(tables[0][1].copy()), requires_grad=train_delay)
        thresholds = torch.from_numpy(self._core.described().thresholds[0])
        self.threshold = torch.nn.Parameter(thresholds, requires_grad=train_threshold)
        if recurrent is not None:
            self.recurrent_weight = torch.nn.Parameter(torch.from_numpy(tables[1][0].copy()))

    def extra_repr(self) -> str:
        return f"{self.weight.shape[1]}, {self._n}, duration={self._core.duration:g}"

    def forward(self, times: Times) -> Any:
        given = times if isinstance(times, SpikeTimes) else SpikeTimes.of(times)
        weights = [self.weight, self.recurrent_weight] if self._kept else [self.weight]
        [fired] = _simulate(self._core, [given], [*weights, self.delay, *self._kept, self.threshold])
        return fired if isinstance(times, SpikeTimes) else fired.padded(self._n)


def _tables(
    network: Description, pre: Population, post: Population, weight: Value, delay: Value
) -> tuple[Array, Array]:
    """Weights and delays (target, source) as they are given or drawn."""
    shape = (post.size, pre.size)
    drawn = [weight if not isinstance(weight, torch.Tensor) else weight.detach().numpy(), delay]
    if isinstance(delay, torch.Tensor):
        drawn[1] = delay.detach().numpy()
    tables: list[Array] = []
    for value in drawn:
        if not hasattr(value, "kind"):
            array: npt.NDArray[np.float64] = np.asarray(value, dtype=np.float64)
            if array.ndim and array.shape != shape:
                raise InvalidError(f"an array of shape {array.shape}; it must be {shape}")
            tables.append(np.broadcast_to(array, shape).copy())
            continue
        scratch = Description(seed=network.seed)
        name = "pre" + ("-recurrent" if pre is post else "") + ("-delay" if tables else "")
        first, second = scratch.spikes(name, pre.size), scratch.lif("post", post.size)
        tables.append(scratch.connect(first, second, weight=value).matrix())
    return tables[0], tables[1]
