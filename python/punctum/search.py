"""Searches: an experiment in spike times is tried with other values of its parameters."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

from . import _c
from ._c import Path
from .errors import InvalidError
from .waiting import Waiting


@dataclass(frozen=True)
class SearchPoint:
    """What came of a point: iterations are the mean over its trials, of those that did not converge all that they were
    allowed; best is the mean of their largest correlations."""

    number: int
    values: dict[str, Union[float, str]]
    rounds: int
    trials: int
    converged: int
    iterations: float
    best: float


@dataclass(frozen=True)
class SearchProgress:
    """How far a round (from 0) is: points still in the running, trials done and to be done."""

    round: int
    rounds: int
    points: int
    done: int
    trials: int


class Search:
    """A search file (docs/experiments.md) and the experiment that it names; len() is how many points there are."""

    def __init__(self, path: Path) -> None:
        self._pointer = ctypes.c_void_p()
        _c.call("pm_search_load", _c.path(path), ctypes.byref(self._pointer))

    @classmethod
    def load(cls, path: Path) -> Search:
        """The same as Search(path)."""
        return cls(path)

    def __del__(self) -> None:
        if "_pointer" in self.__dict__:
            _c.lib.pm_search_free(self._pointer)

    def __len__(self) -> int:
        return int(_c.lib.pm_search_points(self._pointer))

    def __repr__(self) -> str:
        return f"<search of {len(self)} points in {', '.join(self.varied)}>"

    @property
    def varied(self) -> list[str]:
        """The keys of the values that are varied, such as 'rule.normad.tau_hat'."""
        keys: list[str] = []
        while key := _c.lib.pm_search_varied(self._pointer, len(keys)):
            keys.append(key.decode())
        return keys

    def values(self, point: int) -> dict[str, Union[float, str]]:
        """What is varied and its value at a point: a number, or a word."""
        if not 0 <= point < len(self):
            raise InvalidError(f"there is no point {point}; they are from 0 to {len(self) - 1}")
        room = ctypes.create_string_buffer(_c.constants["PM_SEARCH_VALUE_SIZE"])
        found: dict[str, Union[float, str]] = {}
        for number, key in enumerate(self.varied):
            _c.lib.pm_search_value(self._pointer, point, number, room, len(room))
            found[key] = _number(room.value.decode())
        return found

    def run(
        self,
        folder: Path,
        *,
        jobs: int = 0,
        resume: bool = False,
        callback: Optional[Callable[[SearchProgress], object]] = None,
    ) -> list[SearchPoint]:
        """Runs all rounds; gives all points, the best first. folder: receives search.dat, best.yaml and summary.json,
        as from the program; resume: trials whose results are there are not done again. jobs: trials at the same time,
        0 for as many as there are cores; results do not depend on it. callback(progress) is called after every trial.
        Ctrl-C ends it at a clean point and raises KeyboardInterrupt; with resume it goes on from there."""
        waiting = Waiting()

        def told(progress: Any) -> None:
            if callback:
                fields = progress.contents
                callback(SearchProgress(**{name: int(getattr(fields, name)) for name, *_ in fields._fields_}))

        how = _c.new("pm_search_options", folder=_c.path(folder), jobs=int(jobs), resume=bool(resume))
        how.progress = waiting.callback(told, ctypes.POINTER(_c.structures["pm_search_progress"]))
        how.stop, how.size = waiting.stop, ctypes.sizeof(how)
        points = ctypes.c_void_p()
        waiting.call(lambda: _c.call("pm_search_run", self._pointer, ctypes.byref(how), ctypes.byref(points)))
        table = _c.adopt(points, len(self), _c.dtype_of("pm_search_point"))
        names = [name for name in table.dtype.names or ()]
        rows = [dict(zip(names, row)) for row in table.tolist()]
        return [SearchPoint(values=self.values(row["number"]), **row) for row in rows]


def _number(text: str) -> Union[float, str]:
    try:
        return float(text)
    except ValueError:
        return text
