#!/usr/bin/env python3
"""What Python costs: scripts/bench-python.py PROGRAM NETWORK.yaml

Runs a network by the program and by the package, one thread each, in turn, and prints the least wall seconds of
fifteen runs of the simulation alone; then takes ten million spikes into arrays, beside the same run without a record and
a copy of arrays of that size, the least of five each.
"""

import json
import subprocess
import sys
import tempfile
import time

import numpy as np

import punctum as pm


def by_program(program: str, network: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "run", network, "-o", f"{folder}/out", "--quiet", "--threads", "1"]
        subprocess.run(command, check=True)
        with open(f"{folder}/out/summary.json", encoding="utf-8") as file:
            return float(json.load(file)["wall_seconds"])


def by_package(network: str) -> float:
    simulation = pm.load(network).simulation(threads=1)
    begin = time.perf_counter()
    simulation.run()
    return time.perf_counter() - begin


def spikes() -> None:
    n, size = 10_000_000, 1000
    times, neurons = np.repeat(np.linspace(0.0, 999.0, n // size), size), np.tile(np.arange(size), n // size)
    seconds: dict = {}
    for _ in range(5):
        for record in (True, False):
            net = pm.Network()
            net.spikes("source", size, times, neurons, record=record)
            simulation = net.simulation(threads=1)
            begin = time.perf_counter()
            run = simulation.run(1000.0)
            seconds.setdefault(record, []).append(time.perf_counter() - begin)
            if record:
                source = run["source"]
                begin = time.perf_counter()
                copied = source.time.copy(), source.neuron.copy(), source.slope.copy()
                seconds.setdefault("copy", []).append(time.perf_counter() - begin)
                size_each = sum(array.nbytes for array in copied) / len(source)
                del source, copied
            del run
    least = {key: min(values) for key, values in seconds.items()}
    print(
        f"{n} spikes of {size_each:.0f} bytes into arrays: run {least[True]:.3f} s, without a record "
        f"{least[False]:.3f} s, a copy {least['copy']:.3f} s"
    )


def main() -> None:
    program, network = sys.argv[1:]
    first, second = [], []
    for _ in range(15):
        first.append(by_program(program, network))
        second.append(by_package(network))
    ratio = min(second) / min(first)
    print(f"program {min(first):.3f} s, package {min(second):.3f} s: {100.0 * (ratio - 1.0):+.1f} %")
    spikes()


if __name__ == "__main__":
    main()
