"""Projections, as lists of connections."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from pyNN import common
from pyNN.space import Space

from . import simulator
from .simulator import NANO_TO_PICO, state
from .standardmodels import StaticSynapse


TABLE = np.dtype([("presynaptic_index", "i8"), ("postsynaptic_index", "i8"), ("weight", "f8"), ("delay", "f8")])


def _column(name: str) -> Any:
    """A column of the table as an attribute of its rows."""

    def read(self: Any) -> Any:
        return self.projection.table[name][self.number].item()

    def write(self: Any, value: float) -> None:
        state.changed("weights and delays")
        self.projection.table[name][self.number] = value

    return property(read, write)


class Connection(common.Connection):
    """A synapse of a projection; weight in nA (mV for IF_curr_delta), delay in ms."""

    def __init__(self, projection: Projection, number: int) -> None:
        self.projection = projection
        self.number = number

    presynaptic_index = _column("presynaptic_index")
    postsynaptic_index = _column("postsynaptic_index")
    weight = _column("weight")
    delay = _column("delay")

    def as_tuple(self, *names: str) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in names)


class Projection(common.Projection):
    __doc__ = common.Projection.__doc__
    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self,
        presynaptic_neurons: Any,
        postsynaptic_neurons: Any,
        connector: Any,
        synapse_type: Any = None,
        source: Any = None,
        receptor_type: Any = None,
        space: Optional[Any] = None,
        label: Any = None,
    ) -> None:
        common.Projection.__init__(
            self,
            presynaptic_neurons,
            postsynaptic_neurons,
            connector,
            synapse_type,
            source,
            receptor_type,
            Space() if space is None else space,
            label,
        )
        state.changed("the network")
        self._parts: list[Any] = []
        self._table = np.empty(0, TABLE)
        connector.connect(self)
        state.projections.append(self)

    @property
    def table(self) -> Any:
        """All connections, as an array."""
        if self._parts:
            self._table = np.concatenate([self._table, *self._parts])
            self._parts = []
        return self._table

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [Connection(self, k) for k in range(*i.indices(len(self)))]
        return Connection(self, range(len(self))[i])

    @property
    def connections(self) -> list[Connection]:
        return self[:]  # type: ignore[no-any-return]

    def _convergent_connect(
        self, presynaptic_indices: Any, postsynaptic_index: int, location_selector: Any = None, **parameters: Any
    ) -> None:
        if location_selector is not None:
            raise NotImplementedError("cells have no compartments")
        sources = np.atleast_1d(presynaptic_indices)
        part = np.empty(len(sources), TABLE)
        part["presynaptic_index"], part["postsynaptic_index"] = sources, postsynaptic_index
        part["weight"], part["delay"] = parameters["weight"], parameters["delay"]
        self._parts.append(part)

    def _set_attributes(self, parameter_space: Any) -> None:
        state.changed("weights and delays")
        parameter_space.evaluate(simplify=False)
        table = self.table
        for name, values in parameter_space.items():
            table[name] = values[table["presynaptic_index"], table["postsynaptic_index"]]

    def build(self, network: Any) -> None:
        table = self.table
        sources, targets = _places(self.pre), _places(self.post)
        for first, of_first in sources:
            for second, of_second in targets:
                pre, post = of_first[table["presynaptic_index"]], of_second[table["postsynaptic_index"]]
                here = (pre >= 0) & (post >= 0)
                scale = 1.0 if second.celltype.kernel == "impulse" else NANO_TO_PICO
                if here.any():
                    network.connect(
                        first.network_name,
                        second.network_name,
                        source=pre[here],
                        target=post[here],
                        weight=scale * table["weight"][here],
                        delay=table["delay"][here],
                        receptor=self.receptor_type if network[second.network_name].receptors else None,
                    )


def _places(cells: Any) -> list[tuple[Any, Any]]:
    """The populations of some cells, and for each the numbers of its neurons among the cells, -1 for the others."""
    parents = [cell.parent for cell in cells.all_cells]
    places = []
    for population in dict.fromkeys(parents):
        numbers = np.array([int(cell) for cell in cells.all_cells]) - int(population.first_id)
        places.append((population, np.where([parent is population for parent in parents], numbers, -1)))
    return places
