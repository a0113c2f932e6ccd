#!/usr/bin/env python3
"""The balanced random network B1 of 'punctum bench' in NEST (3.0 or later): synaptic events per second.

Usage: bench-nest.py [--model iaf_psc_exp_ps_lossless|iaf_psc_exp] [--neurons N] [--duration MS] [--dt MS] [--threads N]
The wall time is that of nest.Simulate alone, after a first millisecond that builds NEST's tables."""
import argparse
import math
import time

import nest

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--model', default='iaf_psc_exp_ps_lossless', choices=['iaf_psc_exp_ps_lossless', 'iaf_psc_exp'])
parser.add_argument('--neurons', type=int, default=5000)
parser.add_argument('--duration', type=float, default=200.0, help='model time, ms')
parser.add_argument('--dt', type=float, default=0.1, help='ms')
parser.add_argument('--threads', type=int, default=1)
arguments = parser.parse_args()

C_M, TAU_M, TAU_SYN, V_TH, T_REF, DELAY, ETA, G = 250.0, 10.0, 2.0, 20.0, 2.0, 1.5, 2.0, 5.0  # pF, ms, ms, mV, ms, ms
N = arguments.neurons
N_EXC, N_INH = N // 5 * 4, N // 5

# pA: a spike's potential peaks at 0.1 mV.
peak = math.log(TAU_M / TAU_SYN) * TAU_M * TAU_SYN / (TAU_M - TAU_SYN)
J = 0.1 * C_M / (TAU_M * TAU_SYN / (TAU_M - TAU_SYN) * (math.exp(-peak / TAU_M) - math.exp(-peak / TAU_SYN)))
RATE = ETA * C_M / TAU_M * V_TH / (J * TAU_SYN) * 1000.0  # spikes/s, of the drive of each neuron

nest.ResetKernel()
nest.set_verbosity('M_ERROR')
nest.SetKernelStatus({'resolution': arguments.dt, 'local_num_threads': arguments.threads})
parameters = {'C_m': C_M, 'tau_m': TAU_M, 'tau_syn_ex': TAU_SYN, 'tau_syn_in': TAU_SYN, 'E_L': 0.0, 'V_m': 0.0,
              'V_th': V_TH, 'V_reset': 0.0, 't_ref': T_REF}
exact = arguments.model.endswith('_lossless')
excitatory = nest.Create(arguments.model, N_EXC, params=parameters)
inhibitory = nest.Create(arguments.model, N_INH, params=parameters)
drive = nest.Create('poisson_generator_ps' if exact else 'poisson_generator', params={'rate': RATE})
begun = time.time()
for target in (excitatory, inhibitory):
    nest.Connect(drive, target, syn_spec={'weight': J, 'delay': DELAY})
    for source, weight in ((excitatory, J), (inhibitory, -G * J)):
        nest.Connect(source, target, {'rule': 'fixed_indegree', 'indegree': len(source) // 10},
                     {'weight': weight, 'delay': DELAY})
built = time.time() - begun
nest.Simulate(1.0)
before = nest.GetKernelStatus('local_spike_counter')
begun = time.time()
nest.Simulate(arguments.duration)
seconds = time.time() - begun
spikes = nest.GetKernelStatus('local_spike_counter') - before
# Every neuron has as many targets, on average, as sources.
events = spikes * (N_EXC // 10 + N_INH // 10) + RATE * 1e-3 * arguments.duration * N
print('model                     neurons  model ms   wall s  M events/s  ns/event  rate Hz  build s')
print(f'{arguments.model:25} {N:7} {arguments.duration:9.1f} {seconds:8.2f} {events / seconds * 1e-6:11.1f} '
      f'{seconds * 1e9 / events:9.2f} {spikes / (N * arguments.duration * 1e-3):8.1f} {built:8.3f}')
