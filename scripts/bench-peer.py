#!/usr/bin/env python3
"""Networks of 'punctum bench' in other simulators: processor time of one thread, without building.

Usage: bench-peer.py nest|brian2|genn|auryn|punctum B1|B7|microcircuit [--model MODEL] [--neurons N] [--scale S] [--duration MS]

B1 is the balanced random network, B7 is CUBA, the microcircuit is that of scripts/microcircuit.py. NEST runs on its grid of 0.1 ms with
poisson_generator and iaf_psc_exp, or with --model iaf_psc_exp_ps_lossless and poisson_generator_ps, Brian2 as C++ standalone with
PoissonInput, GeNN by its CPU backend with PoissonExp, Auryn (B1 alone: its delays are those of groups) with PoissonStimulator, both of
them in single precision, punctum by build/punctum or $PUNCTUM. Auryn is looked for at $AURYN/include and $AURYN/lib. Prints what was run,
spikes per neuron and second, ns per synaptic event, seconds per second of model time, and peak memory."""
import argparse
import json
import math
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import microcircuit as mc

DT, WARM_UP = 0.1, 10.0  # ms
B1_EXCITATORY, B1_DRIVE = 4 / 5, 2.0
CUBA = {'C_m': 200.0, 'tau_m': 20.0, 'E_L': -49.0, 'V_th': -50.0, 'V_reset': -60.0, 't_ref': 5.0}


def b1_weight():
    """pA: a spike's potential peaks at 0.1 mV, with tau_m 10 ms, tau_syn 2 ms and 250 pF."""
    peak = math.log(5.0) * 2.5
    return 0.1 * 250.0 / (2.5 * (math.exp(-peak / 10.0) - math.exp(-peak / 2.0)))


def b1_rate():
    """Spikes/s of a neuron's drive: twice what holds the potential at threshold."""
    return B1_DRIVE * 25.0 * 20.0 / (b1_weight() * 2.0) * 1000.0


def mc_parts(scale):
    """The microcircuit in numbers: sizes, drives, currents (pA) of populations; (source, target, synapses, pA, delay and its spread)."""
    unit, grow = mc.weight_of_psp(), 1.0 / math.sqrt(scale)
    sizes = [max(1, round(n * scale)) for n in mc.SIZES]
    currents, projections = [], []
    for k in range(8):
        mean = mc.EXTERNAL_INDEGREE[k] * mc.EXTERNAL_RATE * mc.PSP
        for j, source in enumerate(mc.POPULATIONS):
            psp = mc.PSP * (2.0 if (k, j) == (0, 2) else 1.0) * (1.0 if source[-1] == 'E' else mc.G)
            mean += mc.synapses(k, j) / mc.SIZES[k] * mc.RATES[j] * psp
            if number := round(mc.synapses(k, j) * scale * scale):
                projections.append((j, k, number, psp * unit * grow, *mc.DELAY[source[-1]]))
        currents.append(1e-3 * mc.TAU_SYN * unit * mean * (1.0 - math.sqrt(scale)))
    drives = [n * mc.EXTERNAL_RATE * scale for n in mc.EXTERNAL_INDEGREE]
    return sizes, drives, currents, projections, mc.PSP * unit * grow


def in_nest(a):
    import nest
    nest.ResetKernel()
    nest.set_verbosity('M_ERROR')
    nest.SetKernelStatus({'resolution': DT, 'local_num_threads': 1})
    exact = a.model.endswith('_ps_lossless')
    generator = 'poisson_generator_ps' if exact else 'poisson_generator'
    cells, fan, drives = [], [], 0.0  # fan: synapses from a neuron of each population
    if a.network == 'B1':
        sizes = [a.neurons // 5 * 4, a.neurons // 5]
        cells = [nest.Create(a.model, n, params={'C_m': 250.0, 'tau_m': 10.0, 'tau_syn_ex': 2.0, 'tau_syn_in': 2.0, 'E_L': 0.0,
                                                 'V_m': 0.0, 'V_th': 20.0, 'V_reset': 0.0, 't_ref': 2.0}) for n in sizes]
        drive = nest.Create(generator, params={'rate': b1_rate()})
        for target in cells:
            nest.Connect(drive, target, syn_spec={'weight': b1_weight(), 'delay': 1.5})
            for source, sign in zip(cells, (1.0, -5.0)):
                nest.Connect(source, target, {'rule': 'fixed_indegree', 'indegree': len(source) // 10},
                             {'weight': sign * b1_weight(), 'delay': 1.5})
        fan, drives = [a.neurons // 10] * 2, b1_rate() * a.neurons
    elif a.network == 'B7':
        cells = [nest.Create(a.model, n, params=CUBA | {'tau_syn_ex': 5.0, 'tau_syn_in': 10.0,
                                                        'V_m': nest.random.uniform(-60.0, -50.0)}) for n in (3200, 800)]
        for source, weight in zip(cells, (16.2, -90.0)):
            for target in cells:
                nest.Connect(source, target, {'rule': 'pairwise_bernoulli', 'p': 0.02}, {'weight': weight, 'delay': 0.1})
        fan = [80, 80]
    else:
        sizes, rates, currents, projections, weight = mc_parts(a.scale)
        fan = [0.0] * 8
        for k, n in enumerate(sizes):
            cells.append(nest.Create(a.model, n, params={
                'C_m': mc.C_M, 'tau_m': mc.TAU_M, 'tau_syn_ex': mc.TAU_SYN, 'tau_syn_in': mc.TAU_SYN, 'E_L': -65.0, 'V_th': -50.0,
                'V_reset': -65.0, 't_ref': 2.0, 'I_e': currents[k], 'V_m': nest.random.normal(mc.START_MEAN[k], mc.START_STD[k])}))
            nest.Connect(nest.Create(generator, params={'rate': rates[k]}), cells[k], syn_spec={'weight': weight, 'delay': 1.5})
            drives += rates[k] * n
        for j, k, number, w, delay, spread in projections:
            low, high = (0.0, math.inf) if w > 0.0 else (-math.inf, 0.0)
            nest.Connect(cells[j], cells[k], {'rule': 'fixed_total_number', 'N': number}, {
                'weight': nest.math.redraw(nest.random.normal(w, abs(w) * mc.SPREAD), min=low, max=high),
                'delay': nest.math.redraw(nest.random.normal(delay, spread), min=DT - 0.5 * DT, max=math.inf)})
            fan[j] += number / sizes[j]
    recorders = [nest.Create('spike_recorder', params={'start': WARM_UP}) for _ in cells]
    for source, recorder in zip(cells, recorders):
        nest.Connect(source, recorder)
    nest.Simulate(WARM_UP)
    begun = time.process_time()
    nest.Simulate(a.duration)
    seconds = time.process_time() - begun
    spikes = [recorder.n_events for recorder in recorders]
    events = sum(s * f for s, f in zip(spikes, fan)) + drives * 1e-3 * a.duration
    return seconds, sum(spikes), sum(len(c) for c in cells), events


def in_brian2(a):
    import numpy
    import brian2 as b
    folder = tempfile.mkdtemp()
    b.set_device('cpp_standalone', directory=folder, build_on_run=False)
    b.prefs.devices.cpp_standalone.extra_make_args_unix = ['-j2']
    b.defaultclock.dt = DT * b.ms
    random, groups, fan, drives, keep = numpy.random.default_rng(1), [], [], 0.0, []
    two = 'dv/dt = (E_L - v)/tau_m + (ie + ii + I)/C_m : volt (unless refractory)\ndie/dt = -ie/tau_e : amp\ndii/dt = -ii/tau_i : amp\nI : amp'
    one = 'dv/dt = (E_L - v)/tau_m + (ie + I)/C_m : volt (unless refractory)\ndie/dt = -ie/tau_e : amp\nI : amp'

    def cells(n, C_m, tau_m, tau_e, tau_i, E_L, V_th, V_reset, t_ref):
        space = {'C_m': C_m * b.pF, 'tau_m': tau_m * b.ms, 'tau_e': tau_e * b.ms, 'tau_i': tau_i * b.ms, 'E_L': E_L * b.mV}
        return b.NeuronGroup(n, one if tau_i == tau_e else two, threshold=f'v > {V_th}*mV', reset=f'v = {V_reset}*mV',
                             refractory=t_ref * b.ms, method='exact', namespace=space)

    if a.network == 'B1':
        sizes = [a.neurons // 5 * 4, a.neurons // 5]
        groups = [cells(n, 250.0, 10.0, 2.0, 2.0, 0.0, 20.0, 0.0, 2.0) for n in sizes]
        for target in groups:
            keep.append(b.PoissonInput(target, 'ie', 1000, b1_rate() / 1000 * b.Hz, b1_weight() * b.pA))
            for source, sign in zip(groups, (1.0, -5.0)):
                s = b.Synapses(source, target, on_pre=f'ie_post += {sign * b1_weight()!r}*pA', delay=1.5 * b.ms)
                each = len(source) // 10
                s.connect(i=random.integers(0, len(source), each * len(target)), j=numpy.repeat(numpy.arange(len(target)), each))
                keep.append(s)
        fan, drives = [a.neurons // 10] * 2, b1_rate() * a.neurons
    elif a.network == 'B7':
        groups = [cells(n, 200.0, 20.0, 5.0, 10.0, -49.0, -50.0, -60.0, 5.0) for n in (3200, 800)]
        for k, source in enumerate(groups):
            source.v = random.uniform(-60.0, -50.0, len(source)) * b.mV
            for target in groups:
                s = b.Synapses(source, target, on_pre='ii_post += -90*pA' if k else 'ie_post += 16.2*pA', delay=DT * b.ms)
                s.connect(p=0.02)
                keep.append(s)
        fan = [80, 80]
    else:
        sizes, rates, currents, projections, weight = mc_parts(a.scale)
        fan = [0.0] * 8
        for k, n in enumerate(sizes):
            group = cells(n, mc.C_M, mc.TAU_M, mc.TAU_SYN, mc.TAU_SYN, -65.0, -50.0, -65.0, 2.0)
            group.v = random.normal(mc.START_MEAN[k], mc.START_STD[k], n) * b.mV
            group.I = currents[k] * b.pA
            keep.append(b.PoissonInput(group, 'ie', mc.EXTERNAL_INDEGREE[k], rates[k] / mc.EXTERNAL_INDEGREE[k] * b.Hz, weight * b.pA))
            groups.append(group)
            drives += rates[k] * n
        for j, k, number, w, delay, spread in projections:
            s = b.Synapses(groups[j], groups[k], 'w : amp', on_pre='ie_post += w')
            s.connect(i=random.integers(0, sizes[j], number), j=random.integers(0, sizes[k], number))
            s.w = numpy.sign(w) * numpy.abs(random.normal(abs(w), abs(w) * mc.SPREAD, number)) * b.pA
            s.delay = numpy.maximum(random.normal(delay, spread, number), DT) * b.ms
            keep.append(s)
            fan[j] += number / sizes[j]
    monitors = [b.SpikeMonitor(group, record=False) for group in groups]
    network = b.Network(*groups, *keep, *monitors)
    clock = 'std::ofstream("clock", std::ios::app) << (double)clock() / CLOCKS_PER_SEC << "\\n";'
    b.device.insert_code('before_network_run', clock)
    b.device.insert_code('after_network_run', clock)
    network.run(a.duration * b.ms)
    b.device.build(directory=folder, run=True, with_output=False)
    marks = [float(line) for line in (pathlib.Path(folder) / 'clock').read_text().split()]
    spikes = [int(numpy.sum(m.count[:])) for m in monitors]
    events = sum(s * f for s, f in zip(spikes, fan)) + drives * 1e-3 * a.duration
    return marks[-1] - marks[0], sum(spikes), sum(len(g) for g in groups), events


def in_genn(a):
    """As GeNN's own example has the microcircuit: single precision, sparse rows, delays as dendritic ones."""
    import pygenn as g
    folder = tempfile.TemporaryDirectory()
    os.environ['CXX'] = 'g++ -march=native'  # its own options besides are -O3 -ffast-math
    model = g.GeNNModel('float', a.network, backend='single_threaded_cpu', optimize_code=True)
    model.dt = DT
    model.fuse_postsynaptic_models = model.default_narrow_sparse_ind_enabled = True
    groups, fan, drives = [], [], 0.0

    def cells(name, n, C_m, tau_m, E_L, V_th, V_reset, t_ref, v, current=0.0):
        space = {'C': C_m * 1e-3, 'TauM': tau_m, 'Vrest': E_L, 'Vreset': V_reset, 'Vthresh': V_th, 'Ioffset': current * 1e-3, 'TauRefrac': t_ref}
        group = model.add_neuron_population(name, n, 'LIF', space, {'V': v, 'RefracTime': 0.0})
        group.spike_recording_enabled = True
        groups.append(group)

    def drive(target, rate, weight, tau):
        model.add_current_source(f'drive_{target.name}', 'PoissonExp', target, {'weight': weight * 1e-3, 'tauSyn': tau, 'rate': rate},
                                 {'current': 0.0})

    def connect(source, target, update, tau, kind, values):
        return model.add_synapse_population(f'{source.name}_{target.name}', 'SPARSE', source, target, update,
                                            g.init_postsynaptic('ExpCurr', {'tau': tau}), g.init_sparse_connectivity(kind, values))

    def constant(weight):
        return g.init_weight_update('StaticPulseConstantWeight', {'g': weight * 1e-3})

    if a.network == 'B1':
        for name, n in (('E', a.neurons // 5 * 4), ('I', a.neurons // 5)):
            cells(name, n, 250.0, 10.0, 0.0, 20.0, 0.0, 2.0, 0.0)
        for target in groups:
            drive(target, b1_rate(), b1_weight(), 2.0)
            for source, sign in zip(groups, (1.0, -5.0)):
                number = {'num': source.num_neurons // 10}
                s = connect(source, target, constant(sign * b1_weight()), 2.0, 'FixedNumberPreWithReplacement', number)
                s.axonal_delay_steps = 15
        fan, drives = [a.neurons // 10] * 2, b1_rate() * a.neurons
    elif a.network == 'B7':
        for name, n in (('E', 3200), ('I', 800)):
            cells(name, n, 200.0, 20.0, -49.0, -50.0, -60.0, 5.0, g.init_var('Uniform', {'min': -60.0, 'max': -50.0}))
        for source, weight, tau in zip(groups, (16.2, -90.0), (5.0, 10.0)):
            for target in groups:
                connect(source, target, constant(weight), tau, 'FixedProbability', {'prob': 0.02}).axonal_delay_steps = 1
        fan = [80, 80]
    else:
        sizes, rates, currents, projections, weight = mc_parts(a.scale)
        fan = [0.0] * 8
        for k, n in enumerate(sizes):
            start = g.init_var('Normal', {'mean': mc.START_MEAN[k], 'sd': mc.START_STD[k]})
            cells(mc.POPULATIONS[k], n, mc.C_M, mc.TAU_M, -65.0, -50.0, -65.0, 2.0, start, currents[k])
            drive(groups[k], rates[k], weight, mc.TAU_SYN)
            drives += rates[k] * n
        longest = max(mean + 3.72 * spread for mean, spread in mc.DELAY.values())  # ms, of 9,999 of 10,000 synapses
        for j, k, number, w, delay, spread in projections:
            low, high = (0.0, 1e30) if w > 0.0 else (-1e30, 0.0)
            update = g.init_weight_update('StaticPulseDendriticDelay', {}, {
                'g': g.init_var('NormalClipped', {'mean': w * 1e-3, 'sd': abs(w) * mc.SPREAD * 1e-3, 'min': low, 'max': high}),
                'd': g.init_var('NormalClippedDelay', {'mean': delay, 'sd': spread, 'min': DT, 'max': longest})})
            s = connect(groups[j], groups[k], update, mc.TAU_SYN, 'FixedNumberTotalWithReplacement', {'num': number})
            s.max_dendritic_delay_timesteps = round(longest / DT) + 1
            fan[j] += number / sizes[j]
    before, steps = round(WARM_UP / DT), round((WARM_UP + a.duration) / DT)
    model.build(folder.name)
    model.load(num_recording_timesteps=steps)
    for _ in range(before):
        model.step_time()
    begun = time.process_time()
    for _ in range(steps - before):
        model.step_time()
    seconds = time.process_time() - begun
    model.pull_recording_buffers_from_device()
    spikes = [int((group.spike_recording_data[0][0] >= WARM_UP - 0.5 * DT).sum()) for group in groups]
    events = sum(s * f for s, f in zip(spikes, fan)) + drives * 1e-3 * a.duration
    return seconds, sum(spikes), sum(group.num_neurons for group in groups), events


def in_auryn(a):
    """By scripts/bench-auryn.cpp, compiled as Auryn compiles itself."""
    if a.network != 'B1':
        sys.exit('Auryn has delays of groups, no others, and none below 0.8 ms: B1 alone')
    home, source = pathlib.Path(os.environ['AURYN']), pathlib.Path(__file__).parent / 'bench-auryn.cpp'
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(['mpic++', '-O3', '-march=native', '-ffast-math', '-DNDEBUG', f'-I{home}/include', source, f'-L{home}/lib', '-lauryn',
                        '-lboost_mpi', '-lboost_serialization', '-lboost_program_options', '-lboost_filesystem', '-lboost_system',
                        '-o', f'{folder}/B1'], check=True)
        call = [f'{folder}/B1', a.neurons, b1_weight() * 10.0 / 250.0, b1_rate(), WARM_UP, a.duration, folder]
        words = subprocess.run(list(map(str, call)), check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    spikes = [int(word) for word in words[-2:]]
    return float(words[-3]), sum(spikes), a.neurons, sum(spikes) * (a.neurons // 10) + b1_rate() * a.neurons * 1e-3 * a.duration


def in_punctum(a):
    """From the difference of two runs, so that building does not count (a large microcircuit takes seconds, so run it for long)."""
    program = os.environ.get('PUNCTUM') or pathlib.Path(__file__).parent.parent / 'build/punctum'
    with tempfile.TemporaryDirectory() as folder:
        network = pathlib.Path(folder) / 'network.yaml'
        used = []
        for duration in (WARM_UP, WARM_UP + a.duration):
            if a.network == 'microcircuit':
                with network.open('w') as file:
                    subprocess.run([sys.executable, mc.__file__, str(a.scale), '--duration', str(duration), '--delay-step', str(DT)], stdout=file, check=True)
                call = ['run', network, '--threads', '1', '--quiet', '-o', f'{folder}/{duration}']
            else:
                size = ['--neurons', str(a.neurons)] if a.network == 'B1' else []
                call = ['bench', a.network, *size, '--duration', str(duration), '-o', f'{folder}/{duration}']
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([program, *call], check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            summary = json.loads((pathlib.Path(folder) / f'{duration}/summary.json').read_text())
            seconds = summary.get('cpu_seconds', after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
            counts = summary.get('counts', summary)
            used.append((seconds, counts['spikes'], counts['synaptic_events']))
    neurons = {'B1': a.neurons, 'B7': 4000}.get(a.network) or sum(mc_parts(a.scale)[0])
    return used[1][0] - used[0][0], used[1][1] - used[0][1], neurons, used[1][2] - used[0][2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('peer', choices=['nest', 'brian2', 'genn', 'auryn', 'punctum'])
    parser.add_argument('network', choices=['B1', 'B7', 'microcircuit'])
    parser.add_argument('--model', default='iaf_psc_exp', choices=['iaf_psc_exp', 'iaf_psc_exp_ps_lossless'])
    parser.add_argument('--neurons', type=int, default=5000, help='of B1')
    parser.add_argument('--scale', type=float, default=0.1, help='of the microcircuit')
    parser.add_argument('--duration', type=float, default=200.0, help='model time, ms')
    a = parser.parse_args()
    seconds, spikes, neurons, events = {'nest': in_nest, 'brian2': in_brian2, 'genn': in_genn, 'auryn': in_auryn, 'punctum': in_punctum}[a.peer](a)
    peak = ''
    if a.peer not in ('brian2', 'auryn'):  # whose compilers take more
        peak = f'{resource.getrusage(resource.RUSAGE_CHILDREN if a.peer == "punctum" else resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB'
    name = a.peer if a.peer != 'nest' else f'nest:{a.model}'
    print(f'{a.network:12} {name:30} {neurons:7} {a.duration:7.0f} ms {spikes / neurons / a.duration * 1e3:7.2f} Hz '
          f'{seconds * 1e9 / events:9.1f} ns/event {seconds * 1e3 / a.duration:9.2f} s/s{peak}')


main()
