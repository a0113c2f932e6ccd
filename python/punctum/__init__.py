"""punctum: networks of spiking neurons, simulated exactly, event by event, and trained on exact spike times.

    import punctum as pm
    net = pm.Network(seed=1)
    inputs = net.spikes("input", times=[[1.0, 4.0, 4.5]])       # ms
    cells = net.lif("cells", 10, t_ref=2.0)
    net.connect(inputs, cells, weight=pm.normal(8000, 500), delay=1.5)  # pA, ms
    run = net.simulation().run(100.0)
    run["cells"].time, run["cells"].neuron, run["cells"].slope

Units everywhere: ms, mV, pA, pF, nS, spikes/s.
"""

from __future__ import annotations

import os
from typing import Union

from . import metrics
from ._core import version as __version__
from .camera import Camera, Events, Film
from .classification import Classification, ClassTrainer, Dataset, Epoch, Outcome, Score
from .commands import Results, Validation
from .errors import Error, InvalidError, Stopped
from .files import SpikeTable, read_spikes, write_spikes
from .gradients import Gradient
from .kinds import Field, Kind, kind, kinds
from .network import Current, Network, Population, Projection
from .search import Search, SearchPoint, SearchProgress
from .simulation import Run, Samples, Simulation, Spikes, State
from .training import Experiment, Layer, Pattern, Report, Trainer, TrainingProgress, Trial
from .values import (
    Distribution,
    Jump,
    Receptor,
    Reset,
    alpha,
    exp,
    exp2,
    exponential,
    impulse,
    lognormal,
    normal,
    uniform,
)


def load(path: Union[str, os.PathLike[str]]) -> Network:
    """Reads a network file."""
    return Network.load(path)


__all__ = [
    "Camera",
    "ClassTrainer",
    "Classification",
    "Current",
    "Dataset",
    "Distribution",
    "Epoch",
    "Error",
    "Events",
    "Experiment",
    "Field",
    "Film",
    "Gradient",
    "InvalidError",
    "Jump",
    "Kind",
    "Layer",
    "Network",
    "Outcome",
    "Pattern",
    "Population",
    "Projection",
    "Receptor",
    "Report",
    "Reset",
    "Results",
    "Run",
    "Samples",
    "Score",
    "Search",
    "SearchPoint",
    "SearchProgress",
    "Simulation",
    "SpikeTable",
    "Spikes",
    "State",
    "Stopped",
    "Trainer",
    "TrainingProgress",
    "Trial",
    "Validation",
    "__version__",
    "alpha",
    "exp",
    "exp2",
    "exponential",
    "impulse",
    "kind",
    "kinds",
    "load",
    "lognormal",
    "metrics",
    "normal",
    "read_spikes",
    "uniform",
    "write_spikes",
]
