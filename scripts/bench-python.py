#!/usr/bin/env python3
"""What Python costs, in processor time: scripts/bench-python.py PROGRAM

Runs B1 of `punctum bench` with 5,000 neurons for 200 ms by the program and by the package, one thread each, in turn, and
prints the least of fifteen runs of the simulation alone; then takes ten million spikes into arrays, beside the same run
without a record and a copy of the arrays, the least of ten each.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from typing import Any, Callable

import numpy as np

import punctum as pm

NEURONS, DURATION = 5000, 200.0  # of B1; ms


def by_program(program: str) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        size = ["--neurons", str(NEURONS), "--duration", str(DURATION), "--threads", "1"]
        command = [program, "bench", "B1", *size, "-o", f"{folder}/out"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(f"{folder}/out/summary.json", encoding="utf-8") as file:
            summary = json.load(file)
    return float(summary["cpu_seconds"]), int(summary["synaptic_events"])


def balanced(record: bool) -> pm.Network:
    """Brunel's network, as in src/cli/bench_networks.c."""
    C_m, tau_m, tau, V_th = 250.0, 10.0, 2.0, 20.0  # pF, ms, ms, mV
    peak = tau_m * tau / (tau_m - tau) * math.log(tau_m / tau)  # ms
    psp = tau * tau_m / (tau_m - tau) / C_m * (math.exp(-peak / tau_m) - math.exp(-peak / tau))
    weight = 0.1 / psp  # pA
    rate = 2.0 * (C_m / tau_m) * V_th / (weight * tau) * 1000.0
    neuron = dict(C_m=C_m, g_L=C_m / tau_m, E_L=0.0, V_th=V_th, V_reset=0.0, t_ref=2.0, tau_1=tau, tau_2=0.0)
    net = pm.Network(seed=1)
    sizes = {"excitatory": NEURONS * 4 // 5, "inhibitory": NEURONS // 5}
    cells = [net.lif(name, size, record=record, **neuron) for name, size in sizes.items()]
    for target in cells:
        for source, w in zip(cells, (weight, -5.0 * weight)):
            net.connect(source, target, rule={"fixed_indegree": source.size // 10}, weight=w, delay=1.5)
    for target in cells:
        drive = net.poisson(f"drive-{target.name[0]}", target.size, rate, record=False)
        net.connect(drive, target, rule="one_to_one", weight=weight, delay=1.5)
    return net


def by_package(record: bool) -> tuple[float, int]:
    simulation = balanced(record).simulation(threads=1)
    begin = time.process_time()
    run = simulation.run(DURATION)
    return time.process_time() - begin, run.counts["synaptic_events"]


def spikes() -> None:
    n, size = 10_000_000, 1000
    times, neurons = np.repeat(np.linspace(0.0, 999.0, n // size), size), np.tile(np.arange(size), n // size)
    seconds: dict = defaultdict(list)

    def measured(key: str, task: Callable) -> Any:
        before = os.times()
        result = task()
        after = os.times()
        seconds[key].append((after.user - before.user, after.system - before.system))
        return result

    for _ in range(10):
        for record in (True, False):
            net = pm.Network()
            net.spikes("source", size, times, neurons, record=record)
            simulation = net.simulation(threads=1)
            run = measured("recorded" if record else "not recorded", lambda: simulation.run(1000.0))
            if record:
                source = run["source"]
                measured("copied", lambda: (source.time.copy(), source.neuron.copy(), source.slope.copy()))
                del source
            del run
    print(f"{n} spikes of 20 bytes, user and system seconds: ", end="")
    print(", ".join(f"{key} {min(values)[0]:.2f} and {min(v[1] for v in values):.2f}" for key, values in seconds.items()))


def main() -> None:
    [program] = sys.argv[1:]
    seconds: dict = defaultdict(list)
    for _ in range(15):
        cpu, events = by_program(program)
        seconds["program"].append(cpu)
        for record in (False, True):
            cpu, own = by_package(record)
            seconds["spikes" if record else "package"].append(cpu)
            if own != events:
                raise SystemExit(f"{own} synaptic events in the package, {events} in the program")
    least = {key: min(values) for key, values in seconds.items()}
    print(f"B1, {events} synaptic events: program {least['program']:.3f} s", end="")
    for key, what in (("package", "package"), ("spikes", "with spikes in arrays")):
        print(f", {what} {least[key]:.3f} s ({100.0 * (least[key] / least['program'] - 1.0):+.1f} %)", end="")
    print()
    spikes()


if __name__ == "__main__":
    main()
