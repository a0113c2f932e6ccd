"""What was recorded, for Neo."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import recording

from . import simulator
from .simulator import state


class Recorder(recording.Recorder):
    __doc__ = recording.Recorder.__doc__
    _simulator = simulator

    def __init__(self, population: Any, file: Any = None) -> None:
        super().__init__(population, file)
        self.cleared = 0.0
        self.sampling_interval: float = state.dt

    def _record(self, variable: Any, new_ids: Any, sampling_interval: Any = None) -> None:
        if sampling_interval:
            self.sampling_interval = sampling_interval
        state.forget()

    def _reset(self) -> None:
        state.forget()

    def _clear_simulator(self) -> None:
        self.cleared = state.t

    def build(self, network: Any) -> None:
        for variable, ids in self.recorded.items():
            if variable.name == "v" and ids:
                numbers = sorted(int(self.population.id_to_index(cell)) for cell in ids)
                network[self.population.network_name].record("potential", numbers, self.sampling_interval)

    def _since(self) -> float:
        return self.cleared if self.cleared <= state.t else 0.0

    def _result(self) -> Any:
        if state.result is None and state.t > 0.0:
            state.run_until(state.t)
        return None if state.result is None else state.result[self.population.network_name]

    def _get_spiketimes(self, ids: Any, clear: bool = False) -> Any:
        spikes = self._result()
        trains = {}
        for cell in ids:
            number = self.population.id_to_index(cell)
            times = np.empty(0) if spikes is None else spikes.time[spikes.neuron == number]
            trains[int(cell)] = times[times >= self._since()]
        return trains

    def _get_all_signals(self, variable: Any, ids: Any, clear: bool = False) -> tuple[Any, Any]:
        spikes = self._result()
        if spikes is None:
            return np.empty((0, len(ids))), None
        samples = spikes.potential
        numbers = [int(self.population.id_to_index(cell)) for cell in ids]
        places = np.searchsorted(samples.neurons, numbers)
        values, times = samples.values[:, places], samples.time
        count = state.t / samples.interval
        assert state.simulation is not None
        if abs(count - round(count)) < 1e-6 and len(times) <= round(count):
            values = np.vstack([values, state.simulation.state(self.population.network_name).potential[numbers]])
            times = np.append(times, state.t)
        inside = times >= self._since() - 1e-9
        return values[inside], times[inside]

    def _local_count(self, variable: Any, filter_ids: Any = None) -> dict[int, int]:
        ids = self.filter_recorded(variable, filter_ids)
        return {cell: len(times) for cell, times in self._get_spiketimes(ids).items()}
