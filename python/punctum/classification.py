"""Classifiers of labelled examples: exact networks and the other models, trained as a whole or epoch by epoch."""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._c import Path
from .errors import Error, InvalidError
from .files import SpikeTable
from .values import Array


class Dataset:
    """Labelled examples: features (examples x features, from 0 to 1, or bytes from 0 to 255) and a label for each, from
    0 on. shape: (height, width) of pictures. classes: how many there are, one more than the largest label without."""

    def __init__(
        self,
        features: npt.ArrayLike,
        labels: npt.ArrayLike,
        *,
        classes: Optional[int] = None,
        shape: Optional[tuple[int, int]] = None,
    ) -> None:
        given = np.asarray(features)
        if shape is None and given.ndim == 3:
            shape = (given.shape[1], given.shape[2])
        given = given.reshape(len(given), -1) if given.ndim else given.reshape(0, 0)
        self.features: Array = given if given.dtype == np.uint8 else given.astype(np.float64)
        self.labels = np.asarray(labels)
        if self.labels.shape != (len(given),):
            raise InvalidError(f"labels of shape {self.labels.shape} for {len(given)} examples", key="labels")
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < 256:
            raise InvalidError("labels must be from 0 to 255", key="labels")
        self.labels = self.labels.astype(np.uint8)
        largest = int(self.labels.max()) + 1 if len(self.labels) else 0
        self.classes = largest if classes is None else int(classes)
        self.shape = shape
        self.events: Optional[dict[str, Array]] = None  # of recordings: first, stamp, feature
        self._before = 0.0
        self._n_features = int(self.features.shape[1])
        _c.call("pm_dataset_check", ctypes.byref(self._c(_c.Pinned())))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<{len(self)} examples of {self.classes} classes with {self._n_features} features>"

    @classmethod
    def _of(cls, c: Any) -> Dataset:
        """A copy of what the library has read."""
        self = cls.__new__(cls)
        self.labels = _c.seen(c.label, c.n, np.uint8)
        self.classes, self._n_features, self._before = int(c.n_classes), int(c.n_features), float(c.before)
        self.shape = (int(c.height), int(c.width)) if c.width else None
        self.events = None
        if c.first:
            first = _c.seen(c.first, c.n + 1, np.uint64)
            total = int(first[-1])
            self.events = {"first": first, "stamp": _c.seen(c.stamp, total, np.uint32)}
            self.events["feature"] = _c.seen(c.feature, total, np.uint16)
        pointer, kind = (c.bytes, np.uint8) if c.bytes else (c.values, np.float64)
        self.features = _c.seen(pointer, 0 if c.first else c.n * c.n_features, kind).reshape(-1, c.n_features or 1)
        return self

    def _c(self, pinned: _c.Pinned) -> Any:
        c = _c.new("pm_dataset", n=len(self), n_features=self._n_features, n_classes=self.classes)
        c.size = ctypes.sizeof(c)
        if self.shape:
            c.height, c.width = self.shape
        c.label = pinned.array(self.labels, ctypes.c_uint8)
        if self.events is not None:
            c.before = self._before
            c.first = pinned.array(self.events["first"], ctypes.c_uint64)
            c.stamp = pinned.array(self.events["stamp"], ctypes.c_uint32)
            c.feature = pinned.array(self.events["feature"], ctypes.c_uint16)
        elif self.features.dtype == np.uint8:
            c.bytes = pinned.array(self.features, ctypes.c_uint8)
        else:
            c.values = pinned.doubles(self.features)
        return c


@dataclass
class Score:
    """What came of a set: means per example; spikes of all layers but the input."""

    n: int
    correct: int
    loss: float
    spikes: float
    input: float

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else float("nan")

    @classmethod
    def _of(cls, c: Any) -> Score:
        return cls(int(c.n), int(c.correct), float(c.loss), float(c.spikes), float(c.input))


@dataclass
class Epoch:
    """train: while the weights changed, with dropout."""

    train: Score
    validation: Score
    rate: float  # of learning
    cpu_seconds: float

    @classmethod
    def _of(cls, c: Any) -> Epoch:
        return cls(Score._of(c.train), Score._of(c.validation), float(c.rate), float(c.cpu_seconds))


@dataclass
class Outcome:
    """Of a training or a test. confusion[label, decision]: numbers of test examples."""

    test: Score
    confusion: Array
    epochs: list[Epoch]

    @classmethod
    def _take(cls, c: Any) -> Outcome:
        n = int(c.n_classes)
        confusion = _c.seen(c.confusion, n * n, np.uint32).reshape(n, n)
        result = cls(Score._of(c.test), confusion, [Epoch._of(c.epochs[k]) for k in range(c.n_epochs)])
        _c.lib.pm_class_outcome_free(ctypes.byref(c))
        return result


Progress = Callable[[int, int, Score], object]


def _watcher(raised: list[BaseException], stop: Any, with_epoch: bool, callback: Optional[Progress]) -> Any:
    """A progress function that no exception leaves: it asks for a stop. Python's handlers of signals run in it, too."""

    def told(_user: object, *where: Any) -> None:
        try:
            if callback:
                epoch, sums = (where[0] if with_epoch else 0), ctypes.cast(where[-1], POINTER_TO_SCORE).contents
                n = max(int(sums.n), 1)
                mean = Score(int(sums.n), int(sums.correct), sums.loss / n, sums.spikes / n, sums.input / n)
                callback(int(epoch), int(sums.n), mean)
        except BaseException as error:
            raised.append(error)
            stop.value = 1

    kinds = [ctypes.c_size_t, ctypes.c_double] if with_epoch else [ctypes.c_size_t]
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p, *kinds, ctypes.c_void_p)(told)


POINTER_TO_SCORE = ctypes.POINTER(_c.structures["pm_score"])


def _watched(call: Callable[[Any, Any], None], with_epoch: bool, callback: Optional[Progress]) -> None:
    stop, raised = ctypes.c_int(0), list[BaseException]()
    watcher = _watcher(raised, stop, with_epoch, callback)
    try:
        call(ctypes.cast(watcher, ctypes.c_void_p), stop)
    except Error:
        if not raised:
            raise
    if raised:
        raise raised[0]


class Classification:
    """A classification experiment, as in a file (docs/classification.md), given as a mapping or as a text:

        pm.Classification({"data": {"given": {"classes": 2}}, "layers": [...], ...})

    With data {given: {classes: N}} the examples are those that train(), test() and trainer() are given. Numbers are
    read and changed by their key: c["epochs"] = 3.
    """

    def __init__(self, experiment: Union[str, Mapping[str, Any]], name: str = "experiment") -> None:
        text = experiment if isinstance(experiment, str) else json.dumps(experiment)
        self._pointer = ctypes.c_void_p()
        _c.call("pm_classification_parse", _c.text(text), _c.text(name), ctypes.byref(self._pointer))

    @classmethod
    def load(cls, path: Path) -> Classification:
        """Reads an experiment file (YAML)."""
        self = cls.__new__(cls)
        self._pointer = ctypes.c_void_p()
        _c.call("pm_classification_load", _c.path(path), ctypes.byref(self._pointer))
        return self

    def __del__(self) -> None:
        if "_pointer" in self.__dict__:
            _c.lib.pm_classification_free(self._pointer)

    def __getitem__(self, key: str) -> float:
        value = float(_c.lib.pm_classification_number(self._pointer, _c.text(key)))
        if np.isnan(value):
            raise KeyError(f"the experiment has no number '{key}'")
        return value

    def __setitem__(self, key: str, value: float) -> None:
        _c.call("pm_classification_set", self._pointer, _c.text(key), float(value))

    def data(self) -> tuple[Dataset, Dataset, Dataset]:
        """The examples of the experiment: training, validation and test."""
        sets = [_c.new("pm_dataset", size=ctypes.sizeof(_c.structures["pm_dataset"])) for _ in range(3)]
        _c.call("pm_classification_data", self._pointer, *map(ctypes.byref, sets))
        try:
            train, validation, test = (Dataset._of(c) for c in sets)
        finally:
            for c in sets:
                _c.lib.pm_dataset_free(ctypes.byref(c))
        return train, validation, test

    def trainer(self, train: Optional[Dataset] = None) -> ClassTrainer:
        """A new network with its initial weights, to be trained on these examples (without: the experiment's)."""
        return ClassTrainer(self, train)

    def train(
        self,
        folder: Optional[Path] = None,
        *,
        resume: bool = False,
        threads: int = 0,
        train: Optional[Dataset] = None,
        validation: Optional[Dataset] = None,
        test: Optional[Dataset] = None,
        weights: Optional[Path] = None,
        callback: Optional[Progress] = None,
    ) -> Outcome:
        """Trains for all epochs, then tests once. folder: for checkpoints and results, as the program leaves them;
        resume goes on from a checkpoint there. train, validation, test: in place of the experiment's examples.
        weights: a file, 'weights' of another training for one, with which this one begins.
        callback(epoch, examples done, score so far) is called after every batch. Ctrl-C ends it and raises
        KeyboardInterrupt; what is in the folder stays."""
        pinned = _c.Pinned()
        how = _c.new("pm_class_training", resume=bool(resume), threads=int(threads))
        how.size = ctypes.sizeof(how)
        if folder is not None:
            how.folder = _c.path(folder)
        if weights is not None:
            how.weights = _c.path(weights)
        _give(how, pinned, train=train, validation=validation, test=test)
        outcome = _c.new("pm_class_outcome")

        def call(watcher: Any, stop: Any) -> None:
            how.progress, how.stop = watcher.value, ctypes.pointer(stop)
            _c.call("pm_classification_train", self._pointer, ctypes.byref(how), ctypes.byref(outcome))

        _watched(call, True, callback)
        return Outcome._take(outcome)

    def test(
        self,
        trained: Path,
        *,
        images: Optional[Path] = None,
        labels: Optional[Path] = None,
        data: Optional[Dataset] = None,
        train: Optional[Dataset] = None,
        network: Optional[Path] = None,
        threads: int = 0,
    ) -> Outcome:
        """A trained network, by its folder, on the test set, on IDX files (images, labels), or on given examples, data.
        train: those that it was trained with, where these were given. network: a folder in which it is left as a
        network file, whose input is the first example."""
        pinned = _c.Pinned()
        how = _c.new("pm_class_exam", trained=_c.path(trained), threads=int(threads))
        how.size = ctypes.sizeof(how)
        for key, path in (("images", images), ("labels", labels), ("network", network)):
            if path is not None:
                setattr(how, key, _c.path(path))
        _give(how, pinned, test=data, train=train)
        outcome = _c.new("pm_class_outcome")
        _c.call("pm_classification_test", self._pointer, ctypes.byref(how), ctypes.byref(outcome))
        return Outcome._take(outcome)


def _give(how: Any, pinned: _c.Pinned, **sets: Optional[Dataset]) -> None:
    for key, dataset in sets.items():
        if dataset is not None:
            setattr(how, key, ctypes.pointer(pinned.keep(dataset._c(pinned))))


class ClassTrainer:
    """A classifier in training, epoch by epoch."""

    def __init__(self, classification: Classification, train: Optional[Dataset] = None) -> None:
        self.classification = classification
        self._pinned = _c.Pinned()
        examples = train if train is not None else classification.data()[0]
        self._train = self._pinned.keep(examples._c(self._pinned))
        self._pointer = ctypes.c_void_p()
        given = (classification._pointer, ctypes.byref(self._train), ctypes.byref(self._pointer))
        _c.call("pm_class_trainer_new", *given)

    def __del__(self) -> None:
        if "_pointer" in self.__dict__:
            _c.lib.pm_class_trainer_free(self._pointer)

    @property
    def epochs(self) -> int:
        """Done so far."""
        return int(_c.lib.pm_class_trainer_epochs(self._pointer))

    def advance(self, validation: Optional[Dataset] = None, callback: Optional[Progress] = None) -> Epoch:
        """One epoch over the training set, then a test on the validation set. callback as in Classification.train."""
        pinned, epoch = _c.Pinned(), _c.new("pm_epoch")
        other = ctypes.byref(pinned.keep(validation._c(pinned))) if validation is not None else None

        def call(watcher: Any, stop: Any) -> None:
            rest = (None, ctypes.byref(stop), ctypes.byref(epoch))
            _c.call("pm_class_trainer_advance", self._pointer, other, watcher, *rest)

        number = self.epochs
        tell = (lambda _, done, score: callback(number, done, score)) if callback else None
        _watched(call, False, tell)
        return Epoch._of(epoch)

    def test(self, data: Dataset) -> Outcome:
        """All examples of a set, without dropout."""
        pinned, score = _c.Pinned(), _c.new("pm_score")
        confusion = np.zeros((data.classes, data.classes), np.uint32)
        given = (ctypes.byref(pinned.keep(data._c(pinned))), confusion.ctypes.data, ctypes.byref(score))
        _c.call("pm_class_trainer_test", self._pointer, *given)
        return Outcome(Score._of(score), confusion, [])

    def run(self, data: Dataset, example: int) -> list[SpikeTable]:
        """The spikes of every population (the input first) in one example, through the network of the last test."""
        pinned = _c.Pinned()
        c = pinned.keep(data._c(pinned))
        _c.call("pm_class_trainer_run", self._pointer, ctypes.byref(c), int(example))
        return [self._spikes(number) for number in range(self._layers() + 1)]

    def _layers(self) -> int:
        return len({name for name in self.tables() if name.startswith("weights")})

    def _spikes(self, population: int) -> SpikeTable:
        time, neuron, slope = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        places = (ctypes.byref(time), ctypes.byref(neuron), ctypes.byref(slope))
        n = _c.lib.pm_class_trainer_spikes(self._pointer, population, *places)
        return SpikeTable(_c.seen(time, n, np.float64), _c.seen(neuron, n, np.uint32), _c.seen(slope, n, np.float64))

    def tables(self) -> dict[str, Array]:
        """What has been learnt, of the network of the last test: 'weights-1' (pA), ... as arrays."""
        found: dict[str, Array] = {}
        table = _c.new("pm_class_table")
        while _c.lib.pm_class_trainer_table(self._pointer, len(found), ctypes.byref(table)):
            size = int(table.stride * (table.columns - 1) + table.rows) if table.columns else 0
            flat = _c.seen(table.numbers, size, np.float64)
            strides = (8, 8 * int(table.stride))
            view = np.lib.stride_tricks.as_strided(flat, (int(table.rows), int(table.columns)), strides)
            found[table.name.decode()] = view.copy()
        return found

    def save_weights(self, path: Path, binary: bool = False) -> None:
        """The weights of the network of the last test as a file, in text or in binary, with which a training may
        begin: Classification.train(weights=path)."""
        form = _c.constants["PM_WEIGHTS_BINARY" if binary else "PM_WEIGHTS_TEXT"]
        _c.call("pm_class_trainer_save_weights", self._pointer, _c.path(path), form)

    def load_weights(self, path: Path) -> None:
        """Reads weights; training begins anew there."""
        _c.call("pm_class_trainer_load_weights", self._pointer, _c.path(path))

    def save(self, folder: Path, epochs: Sequence[Epoch]) -> None:
        """The state after these epochs, as the checkpoint of a folder."""
        items = [_c.new("pm_epoch", rate=e.rate, cpu_seconds=e.cpu_seconds) for e in epochs]
        for c, e in zip(items, epochs):
            for place, score in ((c.train, e.train), (c.validation, e.validation)):
                for key, value in vars(score).items():
                    setattr(place, key, value)
        if len(items) != self.epochs:
            raise InvalidError(f"{len(items)} epochs; the trainer has done {self.epochs}")
        array = _c.Pinned().items("pm_epoch", items)
        _c.call("pm_class_trainer_save", self._pointer, _c.path(folder), array)

    def restore(self, folder: Path) -> list[Epoch]:
        """Goes on from the checkpoint of a folder; the epochs so far."""
        pointer = ctypes.c_void_p()
        _c.call("pm_class_trainer_restore", self._pointer, _c.path(folder), ctypes.byref(pointer), None)
        array = ctypes.cast(pointer, ctypes.POINTER(_c.structures["pm_epoch"]))
        epochs = [Epoch._of(array[k]) for k in range(self.epochs)]
        _c.lib.pm_free(pointer)
        return epochs
