"""The C library: its functions, structures and constants as the headers declare them, its errors as exceptions.

Functions are called without the interpreter's lock. Arrays that the library hands out become numpy arrays where they
are.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Optional, Sequence, Union

import numpy as np

from . import _core, _declarations
from .errors import InvalidError, Stopped, error_of

lib: Any = ctypes.CDLL(_core.__file__)
structures: dict[str, Any] = _declarations.structures
constants: dict[str, Any] = _declarations.constants


for _name, (_result, _arguments) in _declarations.functions.items():
    _function = getattr(lib, _name)
    _function.restype = _result
    _function.argtypes = _arguments


def call(name: str, *arguments: Any) -> None:
    """Calls a function that returns a pm_status and takes a pm_error last."""
    error = structures["pm_error"]()
    status = getattr(lib, name)(*arguments, ctypes.byref(error))
    if status != constants["PM_OK"]:
        raise exception(status, error)


def exception(status: int, error: Any) -> BaseException:
    message = error.message.decode("utf-8", "replace")
    key = error.key.decode() or None
    if status == constants["PM_NO_MEMORY"]:
        return MemoryError(message)
    if status == constants["PM_STOPPED"]:
        return Stopped(message)
    return error_of(message, status == constants["PM_INVALID"], key)


def new(structure_name: str, /, **values: Any) -> Any:
    """A structure of zeros but for these fields."""
    structure = structures[structure_name]()
    for field, value in values.items():
        setattr(structure, field, value)
    return structure


class Pinned:
    """Structures, arrays and texts that the library is given, alive as long as this is."""

    def __init__(self) -> None:
        self._kept: list[Any] = []

    def keep(self, value: Any) -> Any:
        self._kept.append(value)
        return value

    def array(self, values: Any, kind: Any) -> Any:
        """A pointer to numbers of a type of ctypes."""
        array = self.keep(np.ascontiguousarray(values, dtype=kind))
        return array.ctypes.data_as(ctypes.POINTER(kind))

    def doubles(self, values: Any) -> Any:
        return self.array(values, ctypes.c_double)

    def indices(self, values: Any) -> Any:
        return self.array(values, ctypes.c_uint32)

    def items(self, name: str, values: Any) -> Any:
        """A pointer to an array of structures, from a structured array or from a list of structures."""
        kind = structures[name]
        if isinstance(values, np.ndarray):
            array = self.keep(np.ascontiguousarray(values, dtype=dtype_of(name)))
            return array.ctypes.data_as(ctypes.POINTER(kind))
        return ctypes.cast(self.keep((kind * max(len(values), 1))(*values)), ctypes.POINTER(kind))


def dtype_of(name: str) -> np.dtype[Any]:
    """Of numpy's arrays with the layout of this structure, which consists of numbers."""
    kind = structures[name]
    fields = {field: getattr(kind, field) for field, *_ in kind._fields_}
    return np.dtype(
        {
            "names": list(fields),
            "formats": [np.dtype(c) for _, c, *_ in kind._fields_],
            "offsets": [place.offset for place in fields.values()],
            "itemsize": ctypes.sizeof(kind),
        }
    )


class _Block:
    """Memory of the library, which is freed with the last array that shows it."""

    def __init__(self, address: int, n: int, dtype: np.dtype[Any]) -> None:
        self._address = address
        descr = dtype.descr if dtype.names else [("", dtype.str)]
        self.__array_interface__ = {
            "version": 3,
            "shape": (n,),
            "typestr": dtype.str,
            "descr": descr,
            "data": (address, False),
        }

    def __del__(self) -> None:
        lib.pm_python_free(self._address)


def adopt(pointer: Any, n: int, dtype: Any) -> np.ndarray[Any, Any]:
    """The library's array as one of numpy's, not copied; it is freed when nobody looks at it any more."""
    address = ctypes.cast(pointer, ctypes.c_void_p).value
    if n == 0 or not address:
        if address:
            lib.pm_python_free(address)
        return np.empty(0, dtype=dtype)
    return np.asarray(_Block(address, n, np.dtype(dtype)))


def seen(pointer: Any, n: int, dtype: Any) -> np.ndarray[Any, Any]:
    """A copy of an array that stays the library's."""
    address = ctypes.cast(pointer, ctypes.c_void_p).value
    if n == 0 or not address:
        return np.empty(0, dtype=dtype)
    kind = np.dtype(dtype)
    return np.frombuffer(ctypes.string_at(address, n * kind.itemsize), dtype=kind).copy()


def text(value: str) -> bytes:
    return value.encode("utf-8")


Path = Union[str, "os.PathLike[str]"]


def path(value: Any) -> bytes:
    return os.fsencode(value)


def index_of(words: Sequence[str], word: str, what: str) -> int:
    """The place of a word in a list; an error names the nearest."""
    if word in words:
        return list(words).index(word)
    raise InvalidError(f"{what}: there is no '{word}'{nearest(word, words)}", key=what)


def nearest(word: str, words: Sequence[str]) -> str:
    """Words that end a message: what may have been meant."""
    import difflib

    close: Optional[list[str]] = difflib.get_close_matches(str(word), list(words), 1, 0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there are: {', '.join(words)}"
