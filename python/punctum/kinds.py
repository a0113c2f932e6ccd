"""What can be chosen by name (neurons, sources, learning rules, losses, ...), from the library's own tables."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import Any, Optional, Union, cast

from . import _c
from .errors import InvalidError


@dataclass(frozen=True)
class Field:
    """A parameter: its unit ("" for a pure number), what it is, its default (a number, a word, None if it must be
    given) and its range in words."""

    name: str
    unit: str
    help: str
    default: Union[float, str, None]
    range: str
    words: tuple[str, ...]  # what it may be, where it is no number


@dataclass(frozen=True)
class Kind:
    name: str
    help: str
    source: str  # where the equations come from
    fields: dict[str, Field]

    def table(self, indent: int = 0) -> str:
        """The parameters, one a line: name: what it is, unit; default."""
        lines = []
        for f in self.fields.values():
            preset = f"{f.default:g}" if isinstance(f.default, float) else str(f.default)
            lines.append(" " * indent + f"{f.name}: {f.help}{', ' + f.unit if f.unit else ''}; {preset}")
        return "\n".join([*lines, ""])

    def field(self, name: str) -> Field:
        if name not in self.fields:
            close = _c.nearest(name, list(self.fields))
            raise InvalidError(f"{self.name} has no parameter '{name}'{close}", key=name)
        return self.fields[name]


def _text(value: Optional[bytes]) -> str:
    return (value or b"").decode()


def _field(c: Any) -> Field:
    words: list[str] = []
    if c.words:
        array = ctypes.cast(c.words, ctypes.POINTER(ctypes.c_char_p))
        while array[len(words)]:
            words.append(array[len(words)].decode())
    default: Union[float, str, None] = float(c.preset)
    if c.otherwise:
        default = _text(c.otherwise)
    elif math.isnan(c.preset):
        default = None
    elif words:
        default = words[int(c.preset)]
    room = ctypes.create_string_buffer(200)
    extent = _text(_c.lib.pm_field_range(ctypes.addressof(c), room, len(room)))
    return Field(_text(c.name), _text(c.unit), _text(c.help), default, extent, tuple(words))


def _kind(c: Any) -> Kind:
    fields = [_field(c.fields[k]) for k in range(c.n_fields)]
    return Kind(_text(c.name), _text(c.help), _text(c.source), {field.name: field for field in fields})


def _read() -> dict[str, dict[str, Kind]]:
    table: dict[str, dict[str, Kind]] = {}
    number = 0
    while category := _c.lib.pm_category_at(number):
        found: dict[str, Kind] = {}
        array = ctypes.cast(category.contents.kinds, ctypes.POINTER(ctypes.POINTER(_c.structures["pm_kind"])))
        while array[len(found)]:
            kind = _kind(array[len(found)].contents)
            found[kind.name] = kind
        table[_text(category.contents.name)] = found
        number += 1
    return table


_TABLE = _read()


def kinds(category: Optional[str] = None) -> dict[str, Any]:
    """All kinds by category and name, or those of a category: 'neuron', 'source', 'rule', 'loss', 'optimiser', ..."""
    if category is None:
        return cast("dict[str, Any]", _TABLE)
    _c.index_of(list(_TABLE), category, "category")
    return cast("dict[str, Any]", _TABLE[category])


def kind(category: str, name: str) -> Kind:
    """One of them: pm.kind('rule', 'normad').fields['tau_hat'].default"""
    table = kinds(category)
    _c.index_of(list(table), name, category)
    return cast(Kind, table[name])
