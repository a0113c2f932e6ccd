"""Trains the Yin-Yang set (Kriener, Goeltz and Petrovici 2022) with PyTorch's Adam on exact spike times:

    python python/examples/yin_yang.py             # two spiking layers: the output that fires first tells the class
    python python/examples/yin_yang.py --readout   # a spiking layer, and a linear readout of its spikes

Prints the accuracy on validation data after every epoch, and at the end that on test data.
"""

import argparse
import copy
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

import punctum as pm
from punctum.torch import SpikeTimes, SpikingLayer

DURATION, TAU_M = 40.0, 10.0  # ms
NEURON = {"C_m": 300.0, "g_L": 30.0, "E_L": -70.0, "V_th": -50.0, "V_reset": -70.0}


def examples(n: int, n_test: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The published sets, training, validation and test: spike times of x, y, 1 - x, 1 - y and a bias, and classes."""
    experiment = pm.Classification.load(Path(__file__).parents[2] / "data/experiments/yin-yang-first-spike.yaml")
    experiment["train"], experiment["validation"], experiment["test"] = n, n_test, n_test
    for part in experiment.data():
        features = np.column_stack([part.features, np.ones(len(part))])
        yield torch.from_numpy(20.0 * (1.0 - features))[:, :, None], torch.from_numpy(part.labels.astype(np.int64))


def spiking(n_inputs: int, n_neurons: int, weight: pm.Distribution, floor: float, seed: int) -> SpikingLayer:
    return SpikingLayer(
        n_inputs, n_neurons, duration=DURATION, weight=weight, seed=seed, slope_floor=floor, threads=1, **NEURON
    )


def summed(spikes: SpikeTimes, values: torch.Tensor, size: int) -> torch.Tensor:
    """A value of each spike, summed over those of a neuron in an example (batch, neurons)."""
    sums = torch.zeros(spikes.batch * size, dtype=torch.float64)
    return sums.index_add(0, spikes.sample * size + spikes.neuron, values).reshape(spikes.batch, size)


def potential(age: torch.Tensor) -> torch.Tensor:
    """What a spike over a weight of 1 pA that arrived `age` ms ago adds to a potential that is not reset (mV)."""

    def of(tau: float) -> torch.Tensor:
        return tau * TAU_M / (TAU_M - tau) / NEURON["C_m"] * (torch.exp(-age / TAU_M) - torch.exp(-age / tau))

    return of(5.0) - of(1.25)  # ms


class FirstSpike(torch.nn.Module):
    """Two layers; the output that fires first tells the class. One that is silent has no spike that could move, but a
    potential at the end: it counts as if it went on to its threshold from there, by 1 mV in a ms."""

    size, wanted, factor = 60, 0.5, 0.96  # hidden neurons, spikes of each in an example, of the rate in an epoch

    def __init__(self, hidden: int, seed: int) -> None:
        super().__init__()
        self.hidden = spiking(5, hidden, pm.normal(900, 600), 3.0, seed)
        self.output = spiking(hidden, 3, pm.normal(600, 300), 3.0, seed + 1)

    def forward(self, times: torch.Tensor) -> torch.Tensor:
        spikes = self.hidden(SpikeTimes.of(times))
        self.rate = spikes.counts(len(self.hidden.weight)).double().mean(0)
        at_end = summed(spikes, potential(DURATION - spikes.time), len(self.hidden.weight)) @ self.output.weight.T
        silent = DURATION + (NEURON["V_th"] - NEURON["E_L"] - at_end).clamp(min=0.0)
        fired = self.output(spikes).first(3)
        return -torch.where(torch.isfinite(fired), fired, silent) / 0.5  # ms

    def groups(self) -> list:
        return [{"params": self.parameters(), "lr": 1.0}]


class Readout(torch.nn.Module):
    """A spiking layer, and a linear readout of its spikes, early ones counting most."""

    size, wanted, factor = 200, 0.1, 0.95

    def __init__(self, hidden: int, seed: int) -> None:
        super().__init__()
        self.hidden = spiking(5, hidden, pm.normal(900, 600), 0.1, seed)
        self.readout = torch.nn.Linear(hidden, 3, bias=False, dtype=torch.float64)

    def forward(self, times: torch.Tensor) -> torch.Tensor:
        spikes = self.hidden(SpikeTimes.of(times))
        n = self.readout.in_features
        self.rate = spikes.counts(n).double().mean(0)
        return self.readout(summed(spikes, torch.exp(-spikes.time / 10.0), n))

    def groups(self) -> list:
        return [{"params": self.hidden.parameters(), "lr": 10.0}, {"params": self.readout.parameters(), "lr": 0.02}]


def accuracy(model: torch.nn.Module, data: tuple[torch.Tensor, torch.Tensor]) -> float:
    with torch.no_grad():
        return float((model(data[0]).argmax(1) == data[1]).double().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readout", action="store_true", help="of the spikes, in place of a second layer")
    parser.add_argument("--hidden", type=int, help="neurons")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--train", type=int, default=5000, help="examples")
    parser.add_argument("--test", type=int, default=1000, help="examples, as many for validation")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)  # tensors are small
    train, validation, test = examples(arguments.train, arguments.test)
    kind = Readout if arguments.readout else FirstSpike
    model = kind(arguments.hidden or kind.size, arguments.seed)
    mean = copy.deepcopy(model)  # the running mean of the weights is what is tested
    optimiser = torch.optim.Adam(model.groups())
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, kind.factor)
    steps, begin = 0, time.monotonic()
    for epoch in range(arguments.epochs):
        for part in torch.randperm(arguments.train).split(50):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(train[0][part]), train[1][part])
            loss.backward()
            optimiser.step()
            with torch.no_grad():
                # A silent neuron has no gradient: those that fire too rarely are lifted.
                model.hidden.weight += 5.0 * (model.wanted - model.rate).clamp(min=0.0)[:, None]
                steps += 1
                for kept, now in zip(mean.parameters(), model.parameters()):
                    kept.lerp_(now, max(0.01, 1.0 / steps))
        schedule.step()
        right, minutes = accuracy(mean, validation), (time.monotonic() - begin) / 60.0
        print(f"epoch {epoch + 1}: loss {loss:.4f}, validation {100.0 * right:.2f} %, {minutes:.1f} min", flush=True)
    print(f"test: {100.0 * accuracy(mean, test):.2f} %")


if __name__ == "__main__":
    main()
