"""Projections, as lists of connections."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from pyNN import common
from pyNN.space import Space

from . import simulator
from .simulator import NANO_TO_PICO, state
from .standardmodels import StaticSynapse


class Connection(common.Connection):
    """A synapse; weight in nA (mV for IF_curr_delta), delay in ms."""

    def __init__(self, pre: int, post: int, weight: float, delay: float) -> None:
        self.presynaptic_index = pre
        self.postsynaptic_index = post
        self._weight = weight
        self._delay = delay

    @property
    def weight(self) -> float:
        return self._weight

    @weight.setter
    def weight(self, value: float) -> None:
        state.changed("weights")
        self._weight = float(value)

    @property
    def delay(self) -> float:
        return self._delay

    @delay.setter
    def delay(self, value: float) -> None:
        state.changed("delays")
        self._delay = float(value)

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
        self.connections: list[Connection] = []
        connector.connect(self)
        state.projections.append(self)

    def __len__(self) -> int:
        return len(self.connections)

    def __getitem__(self, i: Any) -> Any:
        return self.connections[i]

    def _convergent_connect(
        self, presynaptic_indices: Any, postsynaptic_index: int, location_selector: Any = None, **parameters: Any
    ) -> None:
        if location_selector is not None:
            raise NotImplementedError("cells have no compartments")
        sources = np.atleast_1d(presynaptic_indices)
        weight = np.broadcast_to(parameters["weight"], sources.shape)
        delay = np.broadcast_to(parameters["delay"], sources.shape)
        for source, w, d in zip(sources, weight, delay):
            self.connections.append(Connection(int(source), int(postsynaptic_index), float(w), float(d)))

    def _set_attributes(self, parameter_space: Any) -> None:
        state.changed("weights and delays")
        parameter_space.evaluate(simplify=False)
        for name, values in parameter_space.items():
            for c in self.connections:
                setattr(c, name, values[c.presynaptic_index, c.postsynaptic_index])

    def build(self, network: Any) -> None:
        pre, post = list(self.pre), list(self.post)
        by_pair: dict[tuple[Any, Any], list[tuple[int, int, float, float]]] = {}
        for c in self.connections:
            source, target = pre[c.presynaptic_index], post[c.postsynaptic_index]
            places = (source.parent.id_to_index(source), target.parent.id_to_index(target))
            row = (int(places[0]), int(places[1]), c.weight, c.delay)
            by_pair.setdefault((source.parent, target.parent), []).append(row)
        for (first, second), rows in by_pair.items():
            table = np.array(rows)
            scale = 1.0 if second.celltype.kernel == "impulse" else NANO_TO_PICO
            names = network[second.network_name].receptors
            network.connect(
                first.network_name,
                second.network_name,
                source=table[:, 0].astype(int),
                target=table[:, 1].astype(int),
                weight=scale * table[:, 2],
                delay=table[:, 3],
                receptor=self.receptor_type if names else None,
            )
