"""What is to be simulated, and the run of it.

The network is built of populations and projections when it has to run. A change that acts from the present on (of injected
currents) is built into a new network that runs from 0 to the present first: it passes through the same states, to the
bit. Spikes of sources are given to the run slice by slice, and are kept for that.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from pyNN import common

import punctum as pm

name = "punctum"
NANO_TO_PICO = 1000.0


class ID(int, common.IDMixin):
    """A cell."""

    def __init__(self, n: int) -> None:
        int.__init__(n)
        common.IDMixin.__init__(self)


class State(common.control.BaseState):
    """Of the simulator."""

    def __init__(self) -> None:
        common.control.BaseState.__init__(self)
        self.mpi_rank = 0
        self.num_processes = 1
        self.threads = 0
        self.seed = 1
        self.dt = 0.1
        self.asked_delay: Any = "auto"
        self.max_delay: Any = "auto"
        self.clear()

    def clear(self) -> None:
        self.recorders: set[Any] = set()
        self.write_on_end: list[Any] = []
        self.id_counter = 0
        self.segment_counter = -1
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.current_sources: list[Any] = []
        self.reset()

    def reset(self) -> None:
        """Back to t = 0."""
        self.running = False
        self.t = 0.0
        self.t_start = 0.0
        self.segment_counter += 1
        self.forget()
        for recorder in self.recorders:
            recorder.cleared = 0.0
        for population in self.populations:
            population.restart()
        for source in self.current_sources:
            source.restart()

    @property
    def min_delay(self) -> Any:
        """ms: that of setup(), or else the shortest that there is."""
        if self.asked_delay != "auto":
            return self.asked_delay
        return min((float(p.table["delay"].min()) for p in self.projections if len(p)), default=self.dt)

    def forget(self) -> None:
        """The network has changed, and is made anew when it has to run."""
        self.simulation: Optional[pm.Simulation] = None
        self.result: Optional[pm.Run] = None

    def changed(self, what: str) -> None:
        """A change that cannot act from the present on."""
        if self.t > 0.0:
            raise NotImplementedError(f"{what} can be changed at t = 0 and after reset() only")
        self.forget()

    def run(self, simtime: float) -> None:
        self.run_until(self.t + simtime)

    def run_until(self, tstop: float) -> None:
        if tstop < self.t:
            raise ValueError(f"the time {tstop} ms has passed: it is {self.t} ms")
        for source in self.current_sources:
            if source.prepare(tstop):
                self.forget()
        if self.simulation is None:
            self._build()
        self._advance(tstop)
        self.t = tstop
        self.running = True

    def _advance(self, tstop: float) -> None:
        assert self.simulation is not None
        for population in self.populations:
            population.fire(self.simulation, self.simulation.time, tstop)
        run = self.simulation.run(until=tstop)
        self.result = run if self.result is None else self.result + run

    def _build(self) -> None:
        network = pm.Network(seed=self.seed)
        for population in self.populations:
            population.build(network)
        for projection in self.projections:
            projection.build(network)
        for source in self.current_sources:
            source.build(network)
        for recorder in self.recorders:
            recorder.build(network)
        self.simulation = network.simulation(threads=self.threads)
        self.result = None
        if self.t > 0.0:
            self._advance(self.t)


def piecewise(steps: list[tuple[float, float]], begin: float, end: float) -> list[tuple[float, float]]:
    """A piecewise constant course between two times, 0 outside."""
    inside = [(max(time, begin), value) for time, value in steps if time < end]
    late = [step for step in inside if step[0] > begin]
    early = [step for step in inside if step[0] == begin]
    return [*early[-1:], *late, *([(end, 0.0)] if np.isfinite(end) else [])]


state = State()
