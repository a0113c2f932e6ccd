"""A model of an event camera that looks at pictures: synthetic recordings in the manner of N-MNIST."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, NamedTuple, Optional

import numpy as np
import numpy.typing as npt

from . import _c
from ._c import Path
from .errors import InvalidError
from .kinds import kind
from .values import Array
from .waiting import Waiting


class Events(NamedTuple):
    """Events of pixels in order of time."""

    time: Array  # us
    x: Array
    y: Array  # downwards
    on: Array  # 1: the intensity rose, 0: it fell


class Film(NamedTuple):
    """How far a set of recordings is."""

    pictures: int
    done: int
    events: int


class Camera:
    """An event camera of 34 x 34 pixels, which looks at a picture in three saccades. Nothing of it was measured.

    Its parameters are attributes, too: camera.threshold = 0.2.
    """

    def __init__(self, **parameters: float) -> None:
        self._parameters = _c.lib.pm_camera_default()
        for name, value in parameters.items():
            setattr(self, name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *KIND.fields]

    def __repr__(self) -> str:
        return f"Camera({', '.join(f'{name}={getattr(self, name):g}' for name in KIND.fields)})"

    def __getattr__(self, name: str) -> float:
        if name not in KIND.fields:
            raise AttributeError(f"a camera has no '{name}'" + _c.nearest(name, list(KIND.fields)))
        return float(getattr(self._parameters, name))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            setattr(self._parameters, KIND.field(name).name, float(value))

    def __getstate__(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in KIND.fields}

    def __setstate__(self, state: dict[str, float]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def record(self, picture: npt.ArrayLike) -> Events:
        """Looks at a picture (rows x columns of intensities from 0 to 255), which lies in the middle of the sensor."""
        given = np.asarray(picture)
        if given.ndim != 2 or (given.size and not (given.min() >= 0 and given.max() <= 255)):
            raise InvalidError("a picture is rows x columns of intensities from 0 to 255", key="picture")
        pixels = np.ascontiguousarray(given, dtype=np.uint8)
        events = _c.new("pm_pixel_events")
        height, width = pixels.shape
        camera, place = ctypes.byref(self._parameters), ctypes.byref(events)
        try:
            _c.call("pm_camera_record", camera, pixels.ctypes.data, width, height, place)
            table = _c.seen(events.list, events.n, _c.dtype_of("pm_pixel_event"))
        finally:
            _c.lib.pm_pixel_events_free(place)
        return Events(*(np.ascontiguousarray(table[name]) for name in Events._fields))

    def film(
        self,
        images: Path,
        labels: Path,
        folder: Path,
        count: int = 0,
        callback: Optional[Callable[[Film], object]] = None,
    ) -> Film:
        """Records the pictures of IDX files (plain or gzip) on all cores to folder/DIGIT/NUMBER.bin, in the format of
        N-MNIST. count: the first ones only; 0: all. callback(film) is called now and then. Ctrl-C ends it and raises
        KeyboardInterrupt."""
        if count < 0:
            raise InvalidError(f"count is {count}; it must be 0 or more", key="count")
        waiting = Waiting()

        def told(film: Any) -> None:
            if callback:
                callback(_film(film.contents))

        how = _c.new("pm_camera_film_options", camera=ctypes.pointer(self._parameters), count=int(count))
        how.images, how.labels, how.folder = _c.path(images), _c.path(labels), _c.path(folder)
        how.progress = waiting.callback(told, ctypes.POINTER(_c.structures["pm_film"]))
        how.stop, how.size = waiting.stop, ctypes.sizeof(how)
        film = _c.new("pm_film")
        waiting.call(lambda: _c.call("pm_camera_film", ctypes.byref(how), ctypes.byref(film)))
        return _film(film)


def _film(c: Any) -> Film:
    return Film(int(c.pictures), int(c.done), int(c.events))


KIND = kind("camera", "camera")
Camera.__doc__ = (Camera.__doc__ or "").rstrip() + "\n\n" + KIND.table(4)
