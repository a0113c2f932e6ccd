"""A backend of PyNN: import punctum.pynn as sim.

IF_curr_exp, IF_curr_alpha and IF_curr_delta, static synapses and those of Tsodyks and Markram, spike sources, and currents.
Spikes are exact: the time step is the interval of recording, and nothing is rounded to it.
"""

from __future__ import annotations

from typing import Any

from pyNN import common, errors, random, space
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP
from pyNN.connectors import *  # what PyNN's scripts find in every backend
from pyNN.connectors import FixedProbabilityConnector
from pyNN.network import Network
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution
from pyNN.recording import get_io
from pyNN.space import Space
from pyNN.standardmodels import StandardCellType

from . import simulator
from .populations import Assembly, Population, PopulationView
from .projections import Projection
from .simulator import state
from .standardmodels import (
    ACSource,
    DCSource,
    IF_curr_alpha,
    IF_curr_delta,
    IF_curr_exp,
    NoisyCurrentSource,
    SpikeSourceArray,
    SpikeSourceGamma,
    SpikeSourcePoisson,
    SpikeSourcePoissonRefractory,
    StaticSynapse,
    StepCurrentSource,
    TsodyksMarkramSynapse,
)


def list_standard_models() -> list[str]:
    """The names of the cells that there are."""
    return [x.__name__ for x in globals().values() if isinstance(x, type) and issubclass(x, StandardCellType)]


def setup(timestep: float = DEFAULT_TIMESTEP, min_delay: Any = DEFAULT_MIN_DELAY, **extra_params: Any) -> int:
    """Begins anew. timestep (ms) is the interval of recording. Of punctum: threads (0: all cores), seed."""
    common.setup(timestep, min_delay, **extra_params)
    state.clear()
    state.dt = timestep
    state.asked_delay = min_delay
    state.max_delay = extra_params.get("max_delay", DEFAULT_MAX_DELAY)
    state.threads = extra_params.get("threads", 0)
    state.seed = extra_params.get("seed", 1)
    return 0


def end(compatible_output: bool = True) -> None:
    """Writes what was asked for with record(..., to_file=...)."""
    for population, variables, filename in state.write_on_end:
        population.write_data(get_io(filename), variables)
    state.write_on_end = []


run, run_until = common.build_run(simulator)
run_for = run
reset = common.build_reset(simulator)
initialize = common.initialize
get_current_time, get_time_step, get_min_delay, get_max_delay, num_processes, rank = common.build_state_queries(
    simulator
)
create = common.build_create(Population)
connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)
record = common.build_record(simulator)


def record_v(source: Any, filename: str) -> None:
    """Records potentials into a file."""
    record(["v"], source, filename)


def __getattr__(name: str) -> Any:
    from pyNN.standardmodels import cells, electrodes, synapses

    if not any(hasattr(module, name) for module in (cells, electrodes, synapses)):
        raise AttributeError(f"module 'punctum.pynn' has no attribute '{name}'")
    there = ", ".join(list_standard_models())
    raise AttributeError(f"punctum has no {name}, nor conductances, compartments, plastic weights; its cells: {there}")
