#!/usr/bin/env python3
"""A recurrent network of equal size by surrogate gradients, on the same files of examples as punctum's:

    scripts/spoken-surrogate.py DIR [--epochs 8] [--step 4] [--hidden 256] [--seed 1] [--jobs 1]

needs torch and snntorch (pip install torch snntorch). Spikes are counted in time steps of --step ms; one recurrent layer
of snntorch.RLeaky with tau_m as in data/spoken/spoken-network.yaml, an output that integrates, and the cross-entropy of its mean potential.
"""
import argparse
import pathlib
import time

import numpy as np
import snntorch
import torch

CHANNELS, CLASSES, TAU = 700, 20, 20.0  # TAU: ms


def read(path, step, duration):
    """Counts of spikes (example x step x channel) and labels."""
    labels, rows = [], []
    for line in path.read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        if len(words) == 1:
            labels.append(int(words[0]))
        else:
            rows.append((len(labels) - 1, int(float(words[1]) / step), int(words[0])))
    counts = np.zeros((len(labels), int(np.ceil(duration / step)), CHANNELS), dtype=np.float32)
    np.add.at(counts, tuple(np.array(rows).T), 1.0)
    return torch.from_numpy(counts), torch.tensor(labels)


class Network(torch.nn.Module):
    def __init__(self, hidden, step, gain):
        super().__init__()
        beta = float(np.exp(-step / TAU))
        self.into = torch.nn.Linear(CHANNELS, hidden)
        self.cell = snntorch.RLeaky(beta=beta, linear_features=hidden,
                                    spike_grad=snntorch.surrogate.fast_sigmoid(slope=25))
        self.out = torch.nn.Linear(hidden, CLASSES)
        self.beta = beta
        with torch.no_grad():
            self.into.weight *= gain  # so that neurons fire to begin with

    def forward(self, x):
        drive = self.into(x)
        spikes, potential = self.cell.init_rleaky()
        u, total, fired = torch.zeros(len(x), CLASSES), 0.0, 0.0
        for t in range(x.shape[1]):
            spikes, potential = self.cell(drive[:, t], spikes, potential)
            u = self.beta * u + self.out(spikes)
            total = total + u
            fired = fired + spikes.sum()
        return total / x.shape[1], fired / len(x)


def test(network, x, y):
    with torch.no_grad():
        score, fired = network(x)
    return 100.0 * (score.argmax(1) == y).float().mean().item(), fired.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--step", type=float, default=4.0, help="ms")
    parser.add_argument("--duration", type=float, default=800.0, help="ms")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--gain", type=float, default=8.0, help="of the initial weights of the input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    o = parser.parse_args()
    torch.manual_seed(o.seed)
    torch.set_num_threads(o.jobs)
    x, y = read(o.folder / "train.dat", o.step, o.duration)
    x_test, y_test = read(o.folder / "test.dat", o.step, o.duration)
    network = Network(o.hidden, o.step, o.gain)
    optimiser = torch.optim.Adam(network.parameters(), lr=o.rate)
    print("# epoch train_loss test_percent spikes_per_example cpu_seconds")
    for epoch in range(o.epochs):
        begun, total = time.process_time(), 0.0
        for part in torch.randperm(len(x)).split(o.batch):
            score, _ = network(x[part])
            loss = torch.nn.functional.cross_entropy(score, y[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(part)
        used = time.process_time() - begun
        right, fired = test(network, x_test, y_test)
        print(f"{epoch + 1} {total / len(x):.4f} {right:.2f} {fired:.1f} {used:.1f}", flush=True)


if __name__ == "__main__":
    main()
