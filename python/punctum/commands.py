"""What the program does with a network file, with a network: run, export, validate."""

from __future__ import annotations

import ctypes
import math
import os
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence

import numpy as np

from . import _c
from ._c import Path
from .errors import InvalidError
from .values import Array
from .waiting import Waiting

ENGINES, SIMULATORS = ("exact", "clock"), ("brian2", "nest")
SCHEMES, INTERPOLATIONS = ("exact", "rk"), ("grid", "linear", "cubic")


@dataclass(frozen=True)
class Results:
    """What a run into a folder came to; rates: spikes/s of a neuron, of each population (0 of sources)."""

    folder: str
    reached: float  # ms
    rates: dict[str, float]
    counts: dict[str, int]
    build_seconds: float
    seconds: float
    peak_megabytes: float


@dataclass(frozen=True)
class Validation:
    """The exact engine against time-stepped ones: arrays of schemes x steps, NaN where nothing was measured.

    median, largest: error of spike times, ms; missing, extra: spikes; times: seconds of a run. order: of convergence of
    the median, by scheme. potential_error (mV) and residual_median, residual_largest (ms) are differences of the exact
    engine from an adaptive integration with tolerance 1e-13.
    """

    schemes: tuple[str, ...]
    steps: Array  # ms
    spikes: int
    seconds: float
    median: Array
    largest: Array
    missing: Array
    extra: Array
    times: Array
    order: dict[str, float]
    potential_error: float
    residual_median: float
    residual_largest: float


class _Run(Waiting):
    """A run that a stop is asked of: its simulation is there while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._simulation: Optional[int] = None

    def running(self, simulation: Optional[int]) -> None:
        with self._lock:
            self._simulation = simulation
            if simulation and self._stop.value:
                _c.lib.pm_simulation_stop(simulation)

    def ask(self) -> None:
        with self._lock:
            if self._simulation:
                _c.lib.pm_simulation_stop(self._simulation)


class Commands:
    """run_into(), export() and validate() of a network."""

    duration: float
    populations: list[Any]
    _current: Callable[[], Any]
    _write: Callable[[], Any]

    def run_into(
        self,
        folder: Path,
        *,
        threads: int = 0,
        engine: str = "exact",
        dt: float = 0.1,
        scheme: str = "exact",
        interpolation: str = "grid",
        checkpoint_every: float = 0.0,
        resume: bool = False,
        callback: Optional[Callable[[float, int], object]] = None,
    ) -> Results:
        """Runs for the network's duration into a folder of results, as the program does: nothing is kept in memory.

        checkpoint_every: ms of model time; resume goes on from the last checkpoint in the folder. callback(time in ms,
        spikes) is called now and then. Ctrl-C ends it at a clean point and raises KeyboardInterrupt."""
        handle = self._current()
        waiting = _Run()
        options = _c.new("pm_options", threads=int(threads), engine=_c.index_of(ENGINES, engine, "engine"))
        if engine == "clock":
            options.dt = float(dt)
        options.scheme = _c.index_of(SCHEMES, scheme, "scheme")
        options.interpolation = _c.index_of(INTERPOLATIONS, interpolation, "interpolation")
        options.size = ctypes.sizeof(options)
        how = _c.new("pm_network_job", folder=_c.path(folder), options=options, resume=bool(resume))
        how.every = float(checkpoint_every)
        how.running = waiting.callback(waiting.running, ctypes.c_void_p)
        if callback:
            how.progress = waiting.callback(callback, ctypes.c_double, ctypes.c_uint64)
        how.size = ctypes.sizeof(how)
        outcome = _c.new("pm_network_outcome")
        place = ctypes.byref(outcome)
        waiting.call(lambda: _c.call("pm_network_run", handle.pointer, ctypes.byref(how), place))
        rates = _c.seen(outcome.rates, len(self.populations), np.float64).tolist()
        result = Results(
            os.fspath(folder),
            float(outcome.reached),
            dict(zip([p.name for p in self.populations], rates)),
            {name: int(getattr(outcome.counts, name)) for name, *_ in outcome.counts._fields_},
            float(outcome.build_seconds),
            float(outcome.seconds),
            float(outcome.peak_megabytes),
        )
        _c.lib.pm_network_outcome_free(place)
        return result

    def export(self, script: Path, to: str) -> dict[str, str]:
        """Writes the network as a script (.py) for 'brian2' or 'nest' that runs as it is, with files beside it. Gives the
        model of NEST that plays each population, where one is named."""
        handle = self._current()
        waiting = Waiting()
        how = _c.new("pm_export", to=_c.index_of(SIMULATORS, to, "to"), script=_c.path(script))
        how.stop, how.size = waiting.stop, ctypes.sizeof(how)
        models = (_c.structures["pm_export_model"] * max(len(self.populations), 1))()
        waiting.call(lambda: _c.call("pm_network_export", handle.pointer, ctypes.byref(how), models))
        named = zip([p.name for p in self.populations], models)
        return {name: model.model.decode() for name, model in named if model.model}

    def validate(
        self,
        folder: Optional[Path] = None,
        *,
        schemes: Optional[Sequence[str]] = None,
        smallest: float = 0.001,
        window: float = 1.0,
        callback: Optional[Callable[[float], object]] = None,
    ) -> Validation:
        """Compares the exact engine over the network's duration with a time-stepped one at steps from 1 ms down to
        smallest (ms), for some or all schemes ('exact-grid', 'rk-cubic', ...).

        window (ms): the largest difference between spikes that are taken for the same one. folder: receives
        validation.dat and summary.json. callback(share of the work done) is called before each run. It does not stop
        half way: what a callback or Ctrl-C raises comes at the end."""
        begun = time.perf_counter()
        known = tuple(_schemes())
        left = set(known) if schemes is not None else set()
        left -= {known[_c.index_of(known, name, "schemes")] for name in schemes or ()}
        self._current()
        handle = self._write()
        handle.c.duration = self.duration
        waiting = Waiting()
        how = _c.new("pm_validation_options", smallest=float(smallest), window=float(window))
        for k, name in enumerate(known):
            how.left_out[k] = name in left
        if callback:
            told = callback
            how.progress = waiting.callback(lambda done, _words: told(done), ctypes.c_double, ctypes.c_char_p)
        how.size = ctypes.sizeof(how)
        v = _c.new("pm_validation")
        waiting.call(lambda: _c.call("pm_validate", handle.pointer, ctypes.byref(how), ctypes.byref(v)))
        if folder is not None:
            _write(folder, handle, float(window), v, begun)
        return _validation(known, v)


def _write(folder: Path, handle: Any, window: float, v: Any, begun: float) -> None:
    results = ctypes.c_void_p()
    _c.call("pm_results_open", _c.path(folder), None, True, ctypes.byref(results))
    try:
        seconds = time.perf_counter() - begun
        _c.call("pm_validation_write", results, handle.pointer, window, ctypes.byref(v), seconds)
    finally:
        _c.lib.pm_results_close(results, False)


def _schemes() -> list[str]:
    names: list[str] = []
    while name := _c.lib.pm_validation_scheme(len(names)):
        names.append(name.decode())
    return names


def _steps() -> Array:
    steps: list[float] = []
    while not math.isnan(step := _c.lib.pm_validation_step(len(steps))):
        steps.append(step)
    return np.array(steps)


def _validation(schemes: tuple[str, ...], v: Any) -> Validation:
    steps = _steps()

    def table(value: Callable[[Any], float]) -> Array:
        rows = [[value(r) if r.done else math.nan for r in list(row)[: len(steps)]] for row in v.results]
        return np.array(rows)

    return Validation(
        schemes,
        steps,
        int(v.spikes),
        float(v.seconds),
        table(lambda r: r.match.median),
        table(lambda r: r.match.largest),
        table(lambda r: r.match.missing),
        table(lambda r: r.match.extra),
        table(lambda r: r.seconds),
        dict(zip(schemes, map(float, v.order))),
        float(v.potential_error),
        float(v.residual_median),
        float(v.residual_largest),
    )
