"""Errors of the library as exceptions: what they blame is in their attributes as far as the message tells."""

from __future__ import annotations

import re
from typing import Optional


class Error(RuntimeError):
    """What failed while running. Attributes are None where the message does not tell.

    file, line: the file that is blamed; key: the key or parameter; population, neuron: which; time: when, ms.
    """

    def __init__(
        self,
        message: str,
        *,
        file: Optional[str] = None,
        line: Optional[int] = None,
        key: Optional[str] = None,
        population: Optional[str] = None,
        neuron: Optional[int] = None,
        time: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.key = key
        self.population = population
        self.neuron = neuron
        self.time = time

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.message,), self.__dict__)


class InvalidError(Error, ValueError):
    """The input or the call was wrong; the message says where and what would be right."""


class Stopped(Error):
    """A run ended early at a clean point because it was asked to stop; it can go on."""


_PLACE = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+): (?:(?P<key>[\w.\[\]-]+): )?")
_NEURON = re.compile(r"neuron (?:(?P<population>[A-Za-z_][\w.-]*)\[)?(?P<neuron>\d+)")
_TIME = re.compile(r"(?:at|t =) (?P<time>[-+0-9.e]+) ms")


def error_of(message: str, invalid: bool, key: Optional[str] = None) -> Error:
    place, neuron, time = _PLACE.search(message), _NEURON.search(message), _TIME.search(message)
    if key is None and place:
        key = place["key"]
    if key is None and invalid and (match := re.match(r"([A-Za-z_][\w.]*)(?: is |: )", message)):
        key = match[1]
    kind = InvalidError if invalid else Error
    return kind(
        message,
        file=place["file"] if place else None,
        line=int(place["line"]) if place else None,
        key=key,
        population=neuron["population"] if neuron else None,
        neuron=int(neuron["neuron"]) if neuron else None,
        time=float(time["time"]) if time else None,
    )
