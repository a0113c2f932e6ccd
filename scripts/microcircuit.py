#!/usr/bin/env python3
"""The cortical microcircuit of T. C. Potjans and M. Diesmann (Cerebral Cortex 24, 2014) as a network file.

Usage: scripts/microcircuit.py SCALE [--duration MS] [--delay-step MS] > network.yaml
       scripts/microcircuit.py --rates RESULTS [--from MS]

SCALE is the share of neurons, and of the synapses of each (1: 77,169 neurons, 3e8 synapses). Below 1 the weights grow with the
root of the synapses that are missing, and a constant current stands for their mean. With --rates: mean firing rates and
coefficients of variation of the intervals of each population, beside the published rates, of a run from 100 ms on.
With --delay-step delays are rounded to multiples of that step, as they are in simulators on a grid; 0.1 ms is the resolution of the
published runs.
"""
import argparse
import json
import math
import pathlib
import statistics

POPULATIONS = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
SIZES = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
PROBABILITIES = [  # rows: targets, columns: sources
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
]
EXTERNAL_INDEGREE = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]
EXTERNAL_RATE = 8.0  # spikes/s
RATES = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829]  # spikes/s, at full scale
START_MEAN = [-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43]  # mV
START_STD = [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48]
C_M, TAU_M, TAU_SYN, PSP, G, SPREAD = 250.0, 10.0, 0.5, 0.15, -4.0, 0.1  # pF, ms, ms, mV, ratio, share
DELAY = {"E": (1.5, 0.75), "I": (0.75, 0.375)}  # ms: mean, standard deviation
SHORTEST = 0.1  # ms


def weight_of_psp():
    """pA that cause a potential of 1 mV at its peak: a single exponential current into a membrane."""
    a, m = 1.0 / TAU_SYN, 1.0 / TAU_M
    t = math.log(a / m) / (a - m)
    return C_M * (a - m) / (math.exp(-m * t) - math.exp(-a * t))


def synapses(target, source):
    """Number at full scale, pairs drawn with repetition, so that the probability of a pair is that of the table."""
    p, pairs = PROBABILITIES[target][source], SIZES[target] * SIZES[source]
    return round(math.log(1.0 - p) / math.log1p(-1.0 / pairs)) if p > 0.0 else 0


def write(scale, duration, step):
    unit, rounded = weight_of_psp(), f", step: {step!r}" if step else ""
    print(f"# Potjans and Diesmann (2014) at {scale:g} of its size, by scripts/microcircuit.py")
    print(f"duration: {duration:g}\nseed: 55")
    print(f"neuron: {{C_m: {C_M}, g_L: {C_M / TAU_M}, E_L: -65.0, V_th: -50.0, V_reset: -65.0, t_ref: 2.0, "
          f"tau_1: {TAU_SYN}, tau_2: 0.0}}")
    print("populations:")
    sizes = [max(1, round(n * scale)) for n in SIZES]
    for k, name in enumerate(POPULATIONS):
        mean = 0.0  # pA s/ms, of what is missing
        for j in range(8):
            psp = PSP * (2.0 if (k, j) == (0, 2) else 1.0) * (1.0 if POPULATIONS[j].endswith("E") else G)
            mean += synapses(k, j) / SIZES[k] * RATES[j] * psp
        mean += EXTERNAL_INDEGREE[k] * EXTERNAL_RATE * PSP
        current = 1e-3 * TAU_SYN * unit * mean * (1.0 - math.sqrt(scale))
        print(f"  - {{name: {name}, size: {sizes[k]}, neuron: {{I_e: {current!r}}}, "
              f"initial: {{V_m: {{normal: [{START_MEAN[k]}, {START_STD[k]}]}}}}}}")
    for k, name in enumerate(POPULATIONS):
        print(f"  - {{name: drive-{name}, size: {sizes[k]}, "
              f"source: {{poisson: {{rate: {EXTERNAL_INDEGREE[k] * EXTERNAL_RATE * scale!r}}}}}}}")
    print("projections:")
    grow = 1.0 / math.sqrt(scale)
    for k, target in enumerate(POPULATIONS):
        for j, source in enumerate(POPULATIONS):
            number = round(synapses(k, j) * scale * scale)
            if number == 0:
                continue
            kind = source[-1]
            psp = PSP * (2.0 if (k, j) == (0, 2) else 1.0) * (1.0 if kind == "E" else G)
            weight, (delay, spread) = psp * unit * grow, DELAY[kind]
            side = "low" if kind == "E" else "high"
            print(f"  - {{from: {source}, to: {target}, connect: {{fixed_total_number: {number}}}, "
                  f"weight: {{normal: [{weight!r}, {abs(weight) * SPREAD!r}], {side}: 0.0}}, "
                  f"delay: {{normal: [{delay}, {spread}], low: {SHORTEST}{rounded}}}}}")
        print(f"  - {{from: drive-{target}, to: {target}, connect: one_to_one, weight: {PSP * unit * grow!r}, delay: 1.5}}")
    print("record: {spikes: [" + ", ".join(POPULATIONS) + "]}")


def rates(folder, begin):
    folder = pathlib.Path(folder)
    summary = json.loads((folder / "summary.json").read_text())
    duration = summary["reached_ms"]
    print("population  spikes/s  published  CV of intervals")
    for k, name in enumerate(POPULATIONS):
        trains = {}
        for line in (folder / f"spikes-{name}.dat").open():
            if not line.startswith("#"):
                neuron, time = line.split()[:2]
                if float(time) >= begin:
                    trains.setdefault(int(neuron), []).append(float(time))
        size = next(p["size"] for p in summary["network"]["populations"] if p["name"] == name)
        count = sum(len(t) for t in trains.values())
        variations = []
        for train in trains.values():
            gaps = [b - a for a, b in zip(train, train[1:])]
            if len(gaps) > 1:
                variations.append(statistics.pstdev(gaps) / statistics.fmean(gaps))
        cv = f"{statistics.fmean(variations):.2f}" if variations else "-"
        print(f"{name:10}  {count / size / (duration - begin) * 1e3:8.3f}  {RATES[k]:9.3f}  {cv:>15}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scale", nargs="?", type=float)
    parser.add_argument("--duration", type=float, default=1000.0, metavar="MS")
    parser.add_argument("--delay-step", type=float, metavar="MS")
    parser.add_argument("--rates", metavar="RESULTS")
    parser.add_argument("--from", dest="begin", type=float, default=100.0, metavar="MS")
    arguments = parser.parse_args()
    if arguments.rates:
        rates(arguments.rates, arguments.begin)
    elif arguments.scale and 0.0 < arguments.scale <= 1.0:
        write(arguments.scale, arguments.duration, arguments.delay_step)
    else:
        parser.error("SCALE is a number above 0 and at most 1")


if __name__ == "__main__":
    main()
