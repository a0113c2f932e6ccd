"""Projections, as lists of connections."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from pyNN import common
from pyNN.space import Space

from . import simulator
from .simulator import NANO_TO_PICO, state
from .standardmodels import StaticSynapse


ENDS = ("presynaptic_index", "postsynaptic_index")


class Connection(common.Connection):
    """A synapse of a projection, whose attributes are the parameters of its type: weight in nA (mV for IF_curr_delta),
    delay and time constants in ms."""

    def __init__(self, projection: Projection, number: int) -> None:
        self.__dict__.update(projection=projection, number=number)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.projection.table.dtype.names:
            raise AttributeError(f"a connection has no attribute '{name}'")
        return self.projection.table[name][self.number].item()

    def __setattr__(self, name: str, value: float) -> None:
        if name not in self.projection.synapse_type.default_parameters:
            raise AttributeError(f"a connection has no parameter '{name}'")
        state.changed("weights and delays")
        self.projection.table[name][self.number] = value

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
        names = self.synapse_type.default_parameters
        self._table = np.empty(0, [*((end, "i8") for end in ENDS), *((name, "f8") for name in names)])
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
        part = np.empty(len(sources), self._table.dtype)
        part["presynaptic_index"], part["postsynaptic_index"] = sources, postsynaptic_index
        for name in self.synapse_type.default_parameters:
            part[name] = parameters[name]
        self._parts.append(part)

    def _set_attributes(self, parameter_space: Any) -> None:
        state.changed("weights and delays")
        parameter_space.evaluate(simplify=False)
        table = self.table
        for name, values in parameter_space.items():
            table[name] = values[table["presynaptic_index"], table["postsynaptic_index"]]

    def build(self, network: Any) -> None:
        table = self.table
        dynamics = np.zeros((len(table), len(self.synapse_type.dynamics) + 1))
        for k, name in enumerate(self.synapse_type.dynamics):
            dynamics[:, k] = table[name]
        kinds, number = np.unique(dynamics, return_inverse=True, axis=0)
        for first, of_first in _places(self.pre):
            for second, of_second in _places(self.post):
                pre, post = of_first[table["presynaptic_index"]], of_second[table["postsynaptic_index"]]
                scale = 1.0 if second.celltype.kernel == "impulse" else NANO_TO_PICO
                for k, kind in enumerate(kinds):
                    here = (pre >= 0) & (post >= 0) & (number.ravel() == k)
                    if here.any():
                        network.connect(
                            first.network_name,
                            second.network_name,
                            source=pre[here],
                            target=post[here],
                            weight=scale * table["weight"][here],
                            delay=table["delay"][here],
                            receptor=self.receptor_type if network[second.network_name].receptors else None,
                            synapse=self.synapse_type.model(kind),
                        )


def _places(cells: Any) -> list[tuple[Any, Any]]:
    """The populations of some cells, and for each the numbers of its neurons among the cells, -1 for the others."""
    parents = [cell.parent for cell in cells.all_cells]
    places = []
    for population in dict.fromkeys(parents):
        numbers = np.array([int(cell) for cell in cells.all_cells]) - int(population.first_id)
        places.append((population, np.where([parent is population for parent in parents], numbers, -1)))
    return places
