"""Training layered networks to fire at given instants: experiments, and trials of them."""

from __future__ import annotations

import ctypes
import math
import os
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import Error, InvalidError
from .files import SpikeTable
from .kinds import kind
from .network import PARAMETERS
from .values import EVENT, Array, Distribution, Drawn, Receptor
from .waiting import Waiting
from .writing import receptors_of

Train = Sequence[npt.ArrayLike]
Weight = Union[float, Distribution, Sequence[tuple[float, Union[float, Distribution]]]]


@dataclass
class Layer:
    """A layer and the weights to it from the one before.

    weight: pA, a number, a distribution, [(share, distribution), ...], or any of these for each receptor,
    {'ampa': ..., 'gaba': ...}; rate: of learning; bounds: (lowest, highest), pA; keep_sign: weights keep the sign that
    they were drawn with; receptor: with receptors of the experiment, the one over which the layer before comes, or how
    many of its neurons come over each, {'ampa': 44, 'gaba': 10}, the first neurons over the first receptor.
    """

    name: str
    size: int
    weight: Union[Weight, Mapping[str, Weight]] = 0.0
    plastic: bool = True
    rate: float = 1.0
    bounds: tuple[float, float] = (-math.inf, math.inf)
    keep_sign: bool = False
    receptor: Union[str, Mapping[str, int], None] = None


@dataclass
class Pattern:
    """Input spikes, and what the output should do: the times (ms) of each neuron's spikes."""

    input: Train
    target: Train


@dataclass
class Report:
    """How a trial stands."""

    iteration: int
    polished: int
    converged: bool
    correlation: float
    best: float
    off: float  # ms
    spikes: int


@dataclass
class Trial:
    """How a trial ended."""

    number: int
    iterations: int
    polished: int
    converged: bool
    correlation: float
    best: float
    off: float  # ms
    seconds: float
    spikes: int
    history: Array = field(repr=False)
    message: str = ""

    @classmethod
    def _of(cls, c: Any) -> Trial:
        names = ("number", "iterations", "polished", "converged", "correlation", "best", "off", "seconds", "spikes")
        history = _c.seen(c.history, c.n_history, np.float64)
        values = {name: getattr(c, name) for name in names}
        return cls(**values, history=history, message=c.message.decode("utf-8", "replace"))


@dataclass(frozen=True)
class TrainingProgress:
    """How far the trials of an experiment are; iterations: of all of them in this call."""

    trials: int
    done: int
    converged: int
    iterations: float


def _events(trains: Train) -> Array:
    times = [np.asarray(train, dtype=np.float64).ravel() for train in trains]
    events = np.zeros(sum(map(len, times)), EVENT)
    if len(events):
        events["time"] = np.concatenate(times)
        events["neuron"] = np.repeat(np.arange(len(times)), [len(t) for t in times])
    return events


class Experiment:
    """What is to be learnt, by what network and which rule.

    layers: the input first; patterns: the same ones in every trial; duration: ms of a pattern; goal: {'correlation': C,
    'tau': ms} or {'within': ms}; rule: a name, or {name: {parameter: value}}; see pm.kinds('rule'); online: weights
    change after each pattern; schedule: {'decay': iterations, 'power': P}; restart: iterations, 0 for never; polish:
    {'within': ms, 'iterations': most}; all of them as in docs/training.md. receptors: of all neurons, by name, as in
    pm.Network.lif. Further parameters are those of all neurons. Other problems come from files: pm.Experiment.load.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        patterns: Sequence[Pattern],
        duration: float,
        *,
        seed: int = 1,
        iterations: int = 1000,
        trials: int = 1,
        goal: Optional[Mapping[str, float]] = None,
        rule: Union[str, Mapping[str, Mapping[str, Union[float, str]]]] = "normad",
        online: bool = False,
        momentum: float = 0.0,
        schedule: Optional[Mapping[str, float]] = None,
        restart: int = 0,
        polish: Optional[Mapping[str, float]] = None,
        receptors: Optional[Mapping[str, Receptor]] = None,
        **neuron: float,
    ) -> None:
        pointer = _c.lib.pm_experiment_new()
        if not pointer:
            raise MemoryError("not enough memory for an experiment")
        self._pointer = pointer
        c = self._c
        c.duration, c.seed, c.iterations, c.trials = float(duration), int(seed), int(iterations), int(trials)
        c.online, c.momentum, c.restart = bool(online), float(momentum), int(restart)
        for key, value in dict(goal or {"within": 0.1}).items():
            _set(c.goal, key, value, ("correlation", "tau", "within"), "goal")
        for key, value in (schedule or {}).items():
            _set(c, key, value, ("decay", "power"), "schedule")
        for key, value in (polish or {}).items():
            names = {"within": "polish_within", "iterations": "polish_iterations"}
            if key not in names:
                raise InvalidError(f"polish: there is no '{key}'" + _c.nearest(key, list(names)), key=key)
            setattr(c, names[key], value if key == "within" else int(value))
        for key, number in neuron.items():
            _set(c.neuron, key, number, PARAMETERS, "neuron")
        _c.call("pm_neuron_check", ctypes.byref(c.neuron))
        pinned = _c.Pinned()
        if receptors:
            _c.call(
                "pm_experiment_set_receptors", self._pointer, receptors_of(receptors, pinned), len(receptors)
            )
        for layer in layers:
            self._add_layer(layer, list(receptors or {}))
        for pattern in patterns:
            self._add_pattern(pattern)
        self._set_rule(rule)

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]]) -> Experiment:
        """Reads an experiment file (YAML) and the files that it names."""
        pointer = ctypes.POINTER(_c.structures["pm_experiment"])()
        _c.call("pm_experiment_load", _c.path(path), ctypes.byref(pointer))
        self = cls.__new__(cls)
        self._pointer = pointer
        return self

    def __del__(self) -> None:
        if "_pointer" in self.__dict__:
            _c.lib.pm_experiment_free(self._pointer)

    @property
    def _c(self) -> Any:
        return self._pointer.contents

    def __repr__(self) -> str:
        return f"<experiment with layers of {', '.join(map(str, self.sizes))}>"

    def _add_layer(self, layer: Layer, receptors: list[str]) -> None:
        weight: Any = layer.weight
        pinned, parts = _c.Pinned(), []
        for name, own in weight.items() if isinstance(weight, Mapping) else [(None, weight)]:
            number = 0 if name is None else 1 + _c.index_of(receptors, name, "receptor")
            for share, value in own if isinstance(own, Sequence) else [(1.0, own)]:
                part = _c.new("pm_weight_part", share=float(share), receptor=number)
                Drawn.of(value, "weight").write(part.draw, pinned)
                parts.append(part)
        c = _c.new(
            "pm_training_layer",
            name=_c.text(layer.name),
            size=int(layer.size),
            n_parts=len(parts),
            plastic=bool(layer.plastic) and len(self.sizes) > 0,
            rate=float(layer.rate),
            lowest=float(layer.bounds[0]),
            highest=float(layer.bounds[1]),
            keep_sign=bool(layer.keep_sign),
        )
        c.parts = pinned.items("pm_weight_part", parts)
        over = {layer.receptor: self.sizes[-1]} if isinstance(layer.receptor, str) else layer.receptor
        if over is not None:
            sources = [0] * len(receptors)
            for name, count in over.items():
                sources[_c.index_of(receptors, name, "receptor")] = int(count)
            c.sources = pinned.array(sources, ctypes.c_uint32)
        _c.call("pm_experiment_add_layer", self._pointer, ctypes.byref(c))

    def _add_pattern(self, pattern: Pattern) -> None:
        pinned = _c.Pinned()
        given, wanted = _events(pattern.input), _events(pattern.target)
        first, second = pinned.items("pm_event", given), pinned.items("pm_event", wanted)
        _c.call("pm_experiment_add_pattern", self._pointer, first, len(given), second, len(wanted))

    def _set_rule(self, rule: Union[str, Mapping[str, Mapping[str, Union[float, str]]]]) -> None:
        name, values = (rule, {}) if isinstance(rule, str) else next(iter(rule.items()))
        known = kind("rule", name)
        _c.call("pm_experiment_set_rule", self._pointer, _c.text(name))
        for key, value in values.items():
            words = known.field(key).words
            number = float(_c.index_of(words, value, key)) if isinstance(value, str) else float(value)
            _c.call("pm_experiment_set_parameter", self._pointer, _c.text(key), number)

    @property
    def sizes(self) -> list[int]:
        """Of the layers, the input first."""
        return [int(self._c.layers[k].size) for k in range(self._c.n_layers)]

    @property
    def duration(self) -> float:
        """ms, of a pattern"""
        return float(self._c.duration)

    @property
    def trials(self) -> int:
        """How many train() runs."""
        return int(self._c.trials)

    @trials.setter
    def trials(self, number: int) -> None:
        if number < 1:
            raise InvalidError(f"trials is {number}; it must be 1 or more", key="trials")
        self._c.trials = int(number)

    def set_weights(self, weights: Sequence[npt.ArrayLike]) -> None:
        """Weights with which every trial begins: for each layer but the input an array, target x source (pA)."""
        values = _flat(weights, self.sizes)
        _c.call("pm_experiment_set_weights", self._pointer, values.ctypes.data, len(values))

    def load_weights(self, path: Union[str, os.PathLike[str]]) -> None:
        """The same from a file that a trainer has written."""
        _c.call("pm_experiment_load_weights", self._pointer, _c.path(path))

    def trainer(self, trial: int = 0) -> Trainer:
        """Draws the problem and the initial weights of a trial."""
        return Trainer(self, trial)

    def run(self, trial: int = 0, callback: Optional[Callable[[], object]] = None) -> Trial:
        """Runs a trial until it converges, fails, or has done all its iterations; callback() is called after each.
        Ctrl-C ends it and raises KeyboardInterrupt. A trial that fails in training has a message."""
        stop = ctypes.c_int(0)
        raised: list[BaseException] = []

        def watch(_user: object) -> None:
            if callback:
                callback()

        watcher = _guarded(watch, raised, stop)
        c = _c.new("pm_trial")
        pointers = (ctypes.byref(stop), ctypes.cast(watcher, ctypes.c_void_p), None, ctypes.byref(c))
        try:
            _c.call("pm_trial_run", self._pointer, int(trial), *pointers)
        except Error:
            if not raised:
                raise
        try:
            if raised:
                raise raised[0]
            return Trial._of(c)
        finally:
            _c.lib.pm_trial_free(ctypes.byref(c))

    def train(
        self,
        folder: Union[str, os.PathLike[str]],
        *,
        jobs: int = 0,
        keep: int = 1,
        resume: bool = False,
        callback: Optional[Callable[[TrainingProgress], object]] = None,
    ) -> list[Trial]:
        """Runs all trials, several at the same time (jobs; 0: as many as there are cores), into a folder of results, as
        `punctum train` does, with the details of the first `keep` of them; resume: trials whose results are there are
        not done again. callback(progress) is called after iterations and trials. Ctrl-C ends it at a clean point and
        raises KeyboardInterrupt; with resume it goes on from there."""
        waiting = Waiting()

        def told(progress: Any) -> None:
            if callback:
                fields = progress.contents
                callback(TrainingProgress(**{name: getattr(fields, name) for name, *_ in fields._fields_}))

        how = _c.new("pm_times_training", folder=_c.path(folder), jobs=int(jobs), keep=int(keep), resume=bool(resume))
        how.progress = waiting.callback(told, ctypes.POINTER(_c.structures["pm_times_progress"]))
        how.stop, how.size = waiting.stop, ctypes.sizeof(how)
        c = _c.new("pm_times_outcome")
        waiting.call(lambda: _c.call("pm_experiment_train", self._pointer, ctypes.byref(how), ctypes.byref(c)))
        try:
            trials = ctypes.cast(c.trials, ctypes.POINTER(_c.structures["pm_trial"]))
            return [Trial._of(trials[k]) for k in range(c.n_done)]
        finally:
            _c.lib.pm_times_outcome_free(ctypes.byref(c))


def _guarded(function: Callable[[object], None], raised: list[BaseException], stop: Any) -> Any:
    """A callback for C that no exception leaves: it asks for a stop. Python's handlers of signals run in it, too."""

    def guarded(user: object) -> None:
        try:
            function(user)
        except BaseException as error:
            raised.append(error)
            stop.value = 1

    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(guarded)


def _set(structure: Any, key: str, value: float, known: Sequence[str], what: str) -> None:
    if key not in known:
        raise InvalidError(f"{what}: there is no '{key}'" + _c.nearest(key, list(known)), key=key)
    setattr(structure, key, float(value))


def _flat(weights: Sequence[npt.ArrayLike], sizes: list[int]) -> Array:
    arrays = [np.asarray(w, dtype=np.float64) for w in weights]
    shapes = [(target, source) for source, target in zip(sizes, sizes[1:])]
    if [array.shape for array in arrays] != shapes:
        raise InvalidError(f"weights of shapes {[a.shape for a in arrays]}; they must be {shapes}", key="weights")
    return np.concatenate([array.ravel() for array in arrays])


class Trainer:
    """One trial of an experiment, step by step."""

    def __init__(self, experiment: Experiment, trial: int = 0) -> None:
        self.experiment = experiment
        self.trial = int(trial)
        pointer = ctypes.c_void_p()
        _c.call("pm_trainer_new", experiment._pointer, self.trial, ctypes.byref(pointer))
        self._pointer = pointer

    def __del__(self) -> None:
        if "_pointer" in self.__dict__:
            _c.lib.pm_trainer_free(self._pointer)

    def step(self) -> Report:
        """One iteration: every pattern forwards; unless that shows convergence, one change of the weights."""
        _c.call("pm_trainer_step", self._pointer)
        return self.report

    def train(self, iterations: Optional[int] = None, callback: Optional[Callable[[Report], object]] = None) -> Report:
        """Steps until it has converged, at most so many (the experiment's number without); callback(report) after
        each."""
        most = int(self.experiment._c.iterations) if iterations is None else iterations
        report = self.report
        for _ in range(most):
            if report.converged:
                break
            report = self.step()
            if callback:
                callback(report)
        return report

    @property
    def report(self) -> Report:
        c = _c.lib.pm_trainer_report(self._pointer)
        return Report(**{name: getattr(c, name) for name, *_ in c._fields_})

    @property
    def weights(self) -> list[Array]:
        """For each layer but the input an array, target x source (pA). To change them: trainer.weights = [...];
        training begins anew there."""
        sizes = self.experiment.sizes
        flat = np.empty(sum(source * target for source, target in zip(sizes, sizes[1:])))
        _c.call("pm_trainer_weights", self._pointer, flat.ctypes.data, len(flat))
        ends = np.cumsum([source * target for source, target in zip(sizes, sizes[1:])])
        shapes = zip(sizes[1:], sizes)
        return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes)]

    @weights.setter
    def weights(self, weights: Sequence[npt.ArrayLike]) -> None:
        flat = _flat(weights, self.experiment.sizes)
        _c.call("pm_trainer_set_weights", self._pointer, flat.ctypes.data, len(flat))

    @property
    def patterns(self) -> list[Pattern]:
        """Those of the trial."""
        count = ctypes.c_size_t()
        array = _c.lib.pm_trainer_patterns(self._pointer, ctypes.byref(count))
        sizes = self.experiment.sizes

        def trains(pointer: Any, n: int, size: int) -> list[Array]:
            events = _c.seen(pointer, n, EVENT)
            return [events["time"][events["neuron"] == k] for k in range(size)]

        return [
            Pattern(trains(p.input, p.n_input, sizes[0]), trains(p.target, p.n_target, sizes[-1]))
            for p in (array[k] for k in range(count.value))
        ]

    def run(self, pattern: int) -> list[SpikeTable]:
        """Runs a pattern with the present weights: the spikes of every layer, the input first."""
        _c.call("pm_trainer_run", self._pointer, int(pattern))
        layers = []
        for layer in range(len(self.experiment.sizes)):
            time, neuron, slope = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
            places = (ctypes.byref(time), ctypes.byref(neuron), ctypes.byref(slope))
            n = _c.lib.pm_trainer_spikes(self._pointer, layer, *places)
            layers.append(
                SpikeTable(_c.seen(time, n, np.float64), _c.seen(neuron, n, np.uint32), _c.seen(slope, n, np.float64))
            )
        return layers

    def restore_best(self) -> None:
        """Back to the weights of the best correlation so far."""
        _c.lib.pm_trainer_restore_best(self._pointer)

    def save(self, path: Union[str, os.PathLike[str]], binary: bool = False) -> None:
        """Writes the weights, as text or in binary."""
        form = _c.constants["PM_WEIGHTS_BINARY" if binary else "PM_WEIGHTS_TEXT"]
        _c.call("pm_trainer_save", self._pointer, _c.path(path), form)

    def load(self, path: Union[str, os.PathLike[str]]) -> None:
        """Reads weights; training begins anew there."""
        _c.call("pm_trainer_load", self._pointer, _c.path(path))
