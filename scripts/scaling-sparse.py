#!/usr/bin/env python3
"""The model of docs/scaling.md for large machines: spikes to all ranks, and spikes to ranks with targets alone.

Usage: scripts/scaling-sparse.py [--check]

Prints the tables of that page. --check measures, with mpirun and punctum bench B28, how many pairs of a neuron and a rank that
holds targets of it there are on 1 to 8 ranks, beside the number that the model says."""
import argparse
import json
import math
import os
import pathlib
import subprocess
import tempfile

# Fitted by scripts/scaling.sh: s of a synaptic event of a rank and of a spike that a rank looks up; bytes.
EVENT, LOOKUP, BASE, SYNAPSE, NEURON_OF_ALL = 2.9e-9, 261e-9, 16.2e6, 12.0, 595.0
PACK = 50e-9  # s of a spike that is put into a message: half of what a table look-up of a neuron of one's own takes
PAIR = 48.0  # bytes of a neuron with targets on a rank: its number, its row, its group
RANK_OF_NEURON = 4.0  # bytes of a rank in the list of a neuron of one's own
LATENCY, BANDWIDTH = 2e-6, 10e9  # s of a message, bytes/s
SPIKE, WINDOW = 16.0, 1.5e-3  # bytes in a message; s of model time between exchanges
RATE, NODE = 10.0, 128  # spikes/s, ranks of a machine


def has_targets(ranks, fan):
    """The probability that one of `ranks` ranks holds a target of a neuron with `fan` synapses."""
    return -math.expm1(fan * math.log1p(-1.0 / ranks)) if ranks > 1 else 1.0


def to_all(neurons, fan, ranks):
    spikes = neurons * RATE
    part = spikes * WINDOW / ranks * SPIKE  # bytes of a rank and window
    exchange = (LATENCY * math.log2(ranks) + (ranks - 1) * part / BANDWIDTH) / WINDOW if ranks > 1 else 0.0
    seconds = EVENT * spikes * fan / ranks + LOOKUP * spikes
    return seconds, exchange, BASE + SYNAPSE * neurons * fan / ranks + NEURON_OF_ALL * neurons


def directed(neurons, fan, ranks):
    """In two steps: between machines, each spike once to every machine that wants it; within machines, to the ranks that do."""
    spikes, here = neurons * RATE, has_targets(ranks, fan)
    machines = max(1, ranks // NODE)
    within = min(ranks, NODE)
    sent = spikes * WINDOW / ranks * (machines - 1) * has_targets(machines, fan) * SPIKE  # bytes of a rank and window
    exchange = 0.0
    if machines > 1:  # as in an all-to-all of log2 steps, in each of which half of all is passed on, or pairwise, whichever is less
        steps = math.log2(machines)
        exchange += min(LATENCY * steps + 0.5 * steps * sent * within / BANDWIDTH,
                        LATENCY * (machines - 1) / within + sent * within / BANDWIDTH)
    if within > 1:
        exchange += LATENCY * math.log2(within) + spikes * here * WINDOW * SPIKE * within / BANDWIDTH / 10.0  # memory is faster
    lists = neurons / ranks * (machines * has_targets(machines, fan) + ranks * here) * RANK_OF_NEURON
    seconds = EVENT * spikes * fan / ranks + (LOOKUP + PACK) * spikes * here
    return seconds, exchange / WINDOW, BASE + SYNAPSE * neurons * fan / ranks + PAIR * neurons * here + lists


def predict():
    print('| synapses | ranks | targets on a rank | to all: computing | exchange | memory, GB | directed: computing | exchange | memory, GB |')
    print('|---|---|---|---|---|---|---|---|---|')
    for synapses in (1e9, 1e10, 1e11):
        for ranks in (1000, 10000, 100000):
            neurons, fan = synapses / 1e4, 1e4
            a, b = to_all(neurons, fan, ranks), directed(neurons, fan, ranks)
            print(f'| 10^{math.log10(synapses):.0f} | 10^{math.log10(ranks):.0f} | {has_targets(ranks, fan):.3f} | '
                  + ' | '.join(f'{x[0]:.2f} | {x[1]:.3f} | {x[2] * 1e-9:.2f}' for x in (a, b)) + ' |')


def published():
    print('\n| network | ranks | model, s | published, s |')
    print('|---|---|---|---|')
    # Internal and external events; a rank is a core.
    for name, neurons, fan, rate, external, ranks, seconds in (
            ('microcircuit, 77,169 neurons', 77169, 3874, 3.8, 77169 * 2000 * 8.0, 128, 'below 1'),
            ('the same', 77169, 3874, 3.8, 77169 * 2000 * 8.0, 256, '0.59')):
        spikes, events = neurons * rate, neurons * rate * fan
        window = 1e-4  # s, the shortest delay
        computing = (EVENT * events + 12.29e-9 * external) / ranks + LOOKUP * spikes
        exchange = (LATENCY * math.log2(ranks) + spikes * window * SPIKE / BANDWIDTH) / window
        print(f'| {name} | {ranks} | {computing:.2f} + {exchange:.2f} | {seconds} |')


def check():
    neurons, fan, group, row = 50000, 10, 32, 8  # bytes of a group, of a row's beginning
    environment = os.environ | {'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1'}
    print('| ranks | pairs | by the model |')
    print('|---|---|---|')
    alone = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for ranks in (1, 2, 4, 8):
            subprocess.run(['mpirun', '-n', str(ranks), '--oversubscribe', 'build/punctum', 'bench', 'B28', '--neurons', str(neurons),
                            '--duration', '0.01', '-o', f'{folder}/{ranks}'], check=True, env=environment, stdout=subprocess.DEVNULL)
            summary = json.loads((pathlib.Path(folder) / str(ranks) / 'summary.json').read_text())
            total = summary['bytes_per_synapse'] * summary['synapses']
            alone = alone or total
            model = [r * neurons * -math.expm1(-fan / r) for r in (1, ranks)]
            pairs = model[0] + (total - alone - row * neurons * (ranks - 1)) / group
            print(f'| {ranks} | {pairs:.0f} | {model[1]:.0f} |')


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--check', action='store_true')
if parser.parse_args().check:
    check()
else:
    predict()
    published()
