"""Running a network, exactly or with a time step, and what came out."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Union, cast

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import Error, InvalidError, Stopped
from .gradients import SPIKE, Gradient, backward
from .network import Network, Population, Projection, Recording
from .pictures import Pictures
from .values import Array

MAGIC = b"punctum simulation 1\n"


class State(NamedTuple):
    """Of the neurons of a population at the present."""

    potential: Array  # mV
    current: Array  # pA


class Samples:
    """Samples of a quantity of some neurons.

    neurons: their numbers; time: multiples of the interval, ms; values[k, j]: that of neurons[j] at time[k].
    """

    def __init__(self, quantity: str, neurons: Array, interval: float, parts: list[tuple[Array, Array, Array]]) -> None:
        self.quantity = quantity
        self.neurons = neurons
        self.interval = interval
        self._parts = parts  # of each neuron: time, value, kind

    def __repr__(self) -> str:
        return f"<{self.quantity} of {len(self.neurons)} neurons every {self.interval:g} ms>"

    def _grid(self, j: int, column: int) -> Array:
        part = self._parts[j]
        return cast(Array, part[column][part[2] == _c.constants["PM_SAMPLE"]])

    @property
    def time(self) -> Array:
        return self._grid(0, 0) if self._parts else np.empty(0)

    @property
    def values(self) -> Array:
        if not self._parts:
            return np.empty((0, 0))
        return np.stack([self._grid(j, 1) for j in range(len(self._parts))], axis=1)

    def curve(self, neuron: int) -> tuple[Array, Array]:
        """Times (ms) and values of one neuron with the points at spikes and those in between, for drawing: straight
        lines through them follow the curve to about 0.1 mV."""
        [j] = np.flatnonzero(self.neurons == neuron)[:1]
        return self._parts[j][0], self._parts[j][1]

    def __add__(self, later: Samples) -> Samples:
        parts = [
            (np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]]), np.concatenate([a[2], b[2]]))
            for a, b in zip(self._parts, later._parts)
        ]
        return Samples(self.quantity, self.neurons, self.interval, parts)


@dataclass
class Spikes:
    """The spikes of a population in order of time, and what else was recorded of it."""

    name: str
    size: int
    time: Array  # ms
    neuron: Array
    slope: Array  # dV/dt just before the spike, mV/ms; 0 for sources, and where V jumped
    start: float  # ms
    stop: float
    recorded: bool
    samples: dict[str, Samples]  # by 'potential', 'current', 'current of ampa', 'threshold'

    def __len__(self) -> int:
        return len(self.time)

    def __repr__(self) -> str:
        return f"<{len(self)} spikes of '{self.name}' from {self.start:g} to {self.stop:g} ms>"

    def trains(self) -> list[Array]:
        """The times of each neuron's spikes (ms)."""
        order = np.argsort(self.neuron, kind="stable")
        counts = np.bincount(self.neuron, minlength=self.size)
        return np.split(self.time[order], np.cumsum(counts)[:-1])

    def counts(self) -> Array:
        """How many spikes each neuron fired."""
        return np.bincount(self.neuron, minlength=self.size)

    def rate(self) -> float:
        """Spikes per second of a neuron, the mean of all."""
        span = 1e-3 * (self.stop - self.start)
        return len(self) / (span * self.size) if span > 0 else 0.0

    def _sampled(self, name: str) -> Samples:
        if name not in self.samples:
            raise InvalidError(f"the {name} of '{self.name}' was not recorded: cells.record('{name}', interval=...)")
        return self.samples[name]

    @property
    def potential(self) -> Samples:
        """Membrane potentials, mV."""
        return self._sampled("potential")

    @property
    def current(self) -> Samples:
        """Currents, pA."""
        return self._sampled("current")

    @property
    def threshold(self) -> Samples:
        """Thresholds, mV."""
        return self._sampled("threshold")

    def __add__(self, later: Spikes) -> Spikes:
        return Spikes(
            self.name,
            self.size,
            np.concatenate([self.time, later.time]),
            np.concatenate([self.neuron, later.neuron]),
            np.concatenate([self.slope, later.slope]),
            self.start,
            later.stop,
            self.recorded,
            {name: samples + later.samples[name] for name, samples in self.samples.items()},
        )


class Run(Mapping[str, Spikes], Pictures):
    """What a run gave: run['cells'].time, .neuron, .slope. Runs that follow each other can be added."""

    def __init__(
        self, spikes: dict[str, Spikes], start: float, stop: float, counts: dict[str, int], source: Any
    ) -> None:
        self._spikes = spikes
        self.start = start
        self.stop = stop
        self.counts = counts  # of the simulation so far
        self._source = source

    def __getitem__(self, name: Union[str, Population]) -> Spikes:
        key = name.name if isinstance(name, Population) else name
        if key not in self._spikes:
            raise KeyError(f"there is no population '{key}'" + _c.nearest(key, list(self._spikes)))
        return self._spikes[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._spikes)

    def __len__(self) -> int:
        return len(self._spikes)

    def __repr__(self) -> str:
        n = sum(len(spikes) for spikes in self._spikes.values())
        return f"<run from {self.start:g} to {self.stop:g} ms, {n} recorded spikes>"

    def __add__(self, later: Run) -> Run:
        if later.start != self.stop:
            raise InvalidError(
                f"a run that begins at {later.start:g} ms does not follow one that ends at {self.stop:g} ms"
            )
        spikes = {name: part + later[name] for name, part in self._spikes.items()}
        return Run(spikes, self.start, later.stop, later.counts, self._source)

    def backward(
        self,
        dl_dt: Mapping[Union[str, Population], npt.ArrayLike],
        slope_floor: float = 0.0,
        *,
        parameters: bool = False,
    ) -> Gradient:
        """The exact gradient of a loss with respect to weights, delays, thresholds and input times.

        dl_dt: the derivatives of the loss with respect to the times of the recorded spikes of a population (per ms), in
        their order. slope_floor (mV/ms): dV/dt of grazing spikes is taken to be at least that. The run must begin at 0,
        and the spikes of all populations must be recorded. Result: g[projection].weight, .delay; g['cells'].threshold,
        .time. With parameters, which takes about ten times as long, those of every neuron, too: g['cells'].C_m, g_L,
        E_L, V_th, V_reset, t_ref, I_e, V_m (at t = 0); and .receptors['ampa'] (its time constants; '' without names),
        .threshold_jumps and .after_spike (jump and time constant of each)."""
        if self._source is None:
            raise InvalidError("a run that was loaded or copied has no gradient")
        return backward(self, self._source, dl_dt, slope_floor, parameters)

    def save(self, folder: Union[str, os.PathLike[str]]) -> None:
        """Writes `spikes-<population>.dat` as the program does."""
        from .files import write_spikes

        os.makedirs(folder, exist_ok=True)
        for name, spikes in self._spikes.items():
            if spikes.recorded:
                write_spikes(os.path.join(folder, f"spikes-{name}.dat"), spikes.time, spikes.neuron, spikes.slope)

    def to_pandas(self) -> Any:
        """A table of all spikes: population, neuron, time (ms), slope (mV/ms)."""
        import pandas

        parts = [
            pandas.DataFrame({"population": s.name, "neuron": s.neuron, "time": s.time, "slope": s.slope})
            for s in self._spikes.values()
        ]
        table = pandas.concat(parts, ignore_index=True) if parts else pandas.DataFrame()
        return table.sort_values(["time"], kind="stable", ignore_index=True) if len(table) else table

    def to_neo(self) -> Any:
        """A neo.Block of one segment: a spike train for each neuron, an analog signal for each record."""
        from .files import to_neo

        return to_neo(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_source": None}


class _Running:
    """The library's simulation, as long as somebody needs it."""

    def __init__(self, network: Any, options: Any) -> None:
        self.network = network
        self.lock = threading.Lock()
        self.run = ctypes.c_void_p()
        _c.call("pm_python_run_new", network.pointer, ctypes.byref(options), ctypes.byref(self.run))

    @property
    def simulation(self) -> Any:
        return _c.lib.pm_python_run_simulation(self.run)

    def __del__(self) -> None:
        _c.lib.pm_python_run_free(self.run)


@dataclass
class Source:
    """What a run was made from, for gradients."""

    handle: _Running
    populations: list[Population]
    projections: list[Projection]


class Simulation:
    """A network that runs.

    threads: 0 for as many as there are; results do not depend on it. engine: 'exact', or 'clock' with a time step dt
    (ms), a scheme ('exact', 'rk') and an interpolation ('grid', 'linear', 'cubic'). Synapses are drawn here.
    """

    def __init__(
        self,
        network: Network,
        threads: int = 0,
        engine: str = "exact",
        dt: Optional[float] = None,
        scheme: str = "exact",
        interpolation: str = "grid",
    ) -> None:
        if engine not in ("exact", "clock"):
            raise InvalidError(f"engine: there is no '{engine}'; there are: exact, clock", key="engine")
        if engine == "exact" and dt is not None:
            raise InvalidError("dt: the exact engine has no time step; engine='clock' has", key="dt")
        self.network = network
        self.threads = int(threads)
        self.engine = engine
        self.dt = (0.1 if dt is None else float(dt)) if engine == "clock" else 0.0
        if engine == "clock" and not self.dt > 0.0:
            raise InvalidError(f"dt is {self.dt:g} ms; it must be positive", key="dt")
        self.scheme, self.interpolation = scheme, interpolation
        self._make()

    def _make(self) -> None:
        handle = self.network._current()
        options = _c.new(
            "pm_python_options",
            threads=self.threads,
            dt=self.dt,
            scheme=_c.text(self.scheme),
            interpolation=_c.text(self.interpolation),
        )
        self._running, self._handle = _Running(handle, options), handle
        self._from = 0.0
        self._populations = list(self.network.populations)
        self._recordings = list(self.network.recordings)
        self._projections = list(self.network.projections)
        self._recorded = [population.record_spikes for population in self._populations]
        handle.users.add(self)

    @property
    def _run(self) -> Any:
        return self._running.run

    def __repr__(self) -> str:
        return f"<simulation at {self.time:g} ms>"

    # --- running -------------------------------------------------------------------------------------------------

    @property
    def time(self) -> float:
        """ms"""
        return float(_c.lib.pm_python_run_time(self._run))

    @property
    def counts(self) -> dict[str, int]:
        """neurons, synapses, spikes, source_spikes, synaptic_events so far; bytes of synapses and state."""
        counts = _c.lib.pm_python_run_counts(self._run)
        return {name: int(getattr(counts, name)) for name, *_ in counts._fields_}

    def run(
        self,
        duration: Optional[float] = None,
        *,
        until: Optional[float] = None,
        progress: bool = False,
        every: Optional[float] = None,
        callback: Optional[Callable[[Simulation], object]] = None,
    ) -> Run:
        """Runs for a duration, or until a time (ms); without either to the network's duration. Gives what was recorded.

        every: slices of so many ms, after each of which callback(simulation) is called; it may inject spikes, look at
        states, or raise. progress: a bar. Slices change no bit. Ctrl-C ends a run at a clean point and raises
        KeyboardInterrupt; what was recorded is in the next run's result."""
        start = self.time
        if duration is not None and until is not None:
            raise InvalidError("duration and until: one of them", key="duration")
        end = until if until is not None else start + duration if duration is not None else self.network.duration
        lock = self._running.lock
        if not lock.acquire(blocking=False):
            raise InvalidError("the simulation is running already")
        try:
            self._advance(float(end), progress, every, callback)
        finally:
            lock.release()
        return self._take()

    def _advance(
        self, end: float, progress: bool, every: Optional[float], callback: Optional[Callable[[Simulation], object]]
    ) -> None:
        start = self.time
        if every is not None and not every > 0.0:
            raise InvalidError(f"every is {every:g} ms; it must be positive", key="every")
        if not progress and every is None:
            self._step(end)
            return
        step = every if every is not None else max((end - start) / 100.0, 1e-9)
        bar = _Bar(end - start) if progress else None
        count = 0
        try:
            while self.time < end:
                count += 1
                self._step(min(end, start + count * step))
                if callback:
                    callback(self)
                if bar:
                    bar.show(self.time - start)
        finally:
            if bar:
                bar.close()

    def _step(self, until: float) -> None:
        watch = threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT))
        interrupted = ctypes.c_int()
        try:
            _c.call("pm_python_run_until", self._run, until, watch, ctypes.byref(interrupted))
        except Stopped:
            if not interrupted.value:
                raise
        if interrupted.value:
            signal.raise_signal(signal.SIGINT)

    def stop(self) -> None:
        """Asks a run in another thread to end at the next clean point; it raises Stopped there."""
        _c.lib.pm_python_run_stop(self._run)

    def reset(self) -> None:
        """Back to t = 0: the same synapses and sources, no injected spikes; changed weights and parameters hold now."""
        if self.network._current() is not self._handle:
            self._make()
            return
        _c.call("pm_python_run_reset", self._run)
        self._from = 0.0

    def _take(self) -> Run:
        start, stop = self._from, self.time
        self._from = stop
        result = {}
        for number, population in enumerate(self._populations):
            c = _c.lib.pm_python_take_spikes(self._run, number)
            result[population.name] = Spikes(
                population.name,
                population.size,
                _c.adopt(c.time, c.n, np.float64),
                _c.adopt(c.neuron, c.n, np.uint32),
                _c.adopt(c.slope, c.n, np.float64),
                start,
                stop,
                self._recorded[number],
                {},
            )
        for record, (population, recording) in enumerate(self._recordings):
            parts = [self._take_samples(record, k) for k in range(len(recording.neurons))]
            samples = Samples(recording.quantity, recording.neurons, recording.interval, parts)
            result[population.name].samples[_name_of(recording)] = samples
        source = Source(self._running, self._populations, self._projections)
        return Run(result, start, stop, self.counts, source)

    def _take_samples(self, record: int, neuron: int) -> tuple[Array, Array, Array]:
        c = _c.lib.pm_python_take_samples(self._run, record, neuron)
        return _c.adopt(c.time, c.n, np.float64), _c.adopt(c.value, c.n, np.float64), _c.adopt(c.kind, c.n, np.uint8)

    # --- between runs --------------------------------------------------------------------------------------------

    def _number(self, name: Union[str, Population]) -> int:
        population = self.network[name]
        for number, known in enumerate(self._populations):
            if known is population:
                return number
        raise InvalidError(f"population '{population.name}' came after this simulation")

    def inject(self, population: Union[str, Population], neuron: npt.ArrayLike, time: npt.ArrayLike) -> None:
        """Lets neurons of a population of spikes fire at times (ms) that do not lie before the present."""
        number = self._number(population)
        simulation = self._exact("injected spikes")
        cells, times = np.broadcast_arrays(np.asarray(neuron), np.asarray(time, dtype=np.float64))
        known = self._populations[number]
        if cells.size and not 0 <= cells.min() <= cells.max() < known.size:
            raise InvalidError(f"neurons of '{known.name}' are from 0 to {known.size - 1}")
        spikes = np.zeros(cells.size, SPIKE)
        spikes["population"], spikes["neuron"], spikes["time"] = number, cells.ravel(), times.ravel()
        _c.call("pm_python_inject", simulation, spikes.ctypes.data, len(spikes))

    def state(self, population: Union[str, Population]) -> State:
        """Potential (mV) and synaptic current (pA) of every neuron of a LIF population at the present."""
        number = self._number(population)
        size = self._populations[number].size
        state = State(np.empty(size), np.empty(size))
        _c.call("pm_python_run_state", self._run, number, state.potential.ctypes.data, state.current.ctypes.data)
        return state

    def spikes(self, population: Union[str, Population]) -> int:
        """How many spikes a LIF population has fired so far, whether they are recorded or not."""
        number = self._number(population)
        return int(_c.lib.pm_simulation_spikes(_c.lib.pm_python_run_simulation(self._run), number))

    def _exact(self, what: str) -> Any:
        simulation = _c.lib.pm_python_run_simulation(self._run)
        if not simulation:
            raise InvalidError(f"the engine with a time step has no {what}")
        return simulation

    def checkpoint(self) -> bytes:
        """The complete state at the present, for restore()."""
        pointer, size = ctypes.c_void_p(), ctypes.c_size_t()
        _c.call("pm_python_run_save", self._run, ctypes.byref(pointer), ctypes.byref(size))
        return MAGIC + _c.adopt(pointer, size.value, np.uint8).tobytes()

    def restore(self, state: bytes) -> None:
        """Back, or on, to a state of the same network, whatever made it."""
        if not state.startswith(MAGIC):
            raise InvalidError("the bytes are no state of a simulation")
        body = state[len(MAGIC) :]
        try:
            _c.call("pm_python_run_restore", self._run, body, len(body))
        except Error:
            _c.call("pm_python_run_reset", self._run)
            raise
        finally:
            self._from = self.time

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """checkpoint() in a file, which appears whole or not at all."""
        partial = f"{os.fspath(path)}.partial"
        with open(partial, "wb") as file:
            file.write(self.checkpoint())
        os.replace(partial, path)

    def load(self, path: Union[str, os.PathLike[str]]) -> None:
        """restore() from a file."""
        with open(path, "rb") as file:
            self.restore(file.read())

    def __getstate__(self) -> dict[str, Any]:
        how = (self.threads, self.engine, self.dt or None, self.scheme, self.interpolation)
        return {"network": self.network, "how": how, "state": self.checkpoint()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["network"], *state["how"])  # type: ignore[misc]
        self.restore(state["state"])


def _name_of(recording: Recording) -> str:
    return recording.quantity + (f" of {recording.receptor}" if recording.receptor else "")


class _Bar:
    """Progress by tqdm where it is installed, otherwise a line of text."""

    def __init__(self, total: float) -> None:
        self._total, self._bar = total, None
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return
        self._bar = tqdm(total=total, unit="ms")

    def show(self, done: float) -> None:
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        else:
            sys.stderr.write(f"\r{done:.5g} of {self._total:.5g} ms")
            sys.stderr.flush()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        else:
            sys.stderr.write("\n")
