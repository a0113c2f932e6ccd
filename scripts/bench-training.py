#!/usr/bin/env python3
"""Images of MNIST per second and core in punctum and its peers, forwards and with training: one network, one code, one optimiser.

    scripts/bench-training.py punctum|eventprop|jaxsnn|snntorch|norse [--weights published|sparse] [--images 2000] [--batch 100]

784-H-10: a pixel above 1 of 255 fires once, the brighter the earlier, within 20 ms; tau_m 20 ms, single exponential currents of
5 ms; cross-entropy of the outputs' largest potentials in units of the threshold; Adam with steps of 0.005 thresholds or those of
--rate. That is MNIST in the code of T. C. Wunderlich and C. Pehle (2021), whose C++ is `eventprop`. snnTorch and Norse know no
times of spikes and run on a grid of --step ms, 30 ms long, with surrogate gradients; jaxsnn is exact, needs tau_m = 2 tau_s and
outputs that fire. --weights published: initial weights as in that code, normal of mean 0.078 and deviation 0.045 thresholds
(output 0.2 and 0.37); sparse: such that a third of the hidden neurons fire. Printed are images per second of processor time of one
thread, forwards and in the last epoch of training, the spikes of hidden neurons per image there, and the loss. punctum is
build/punctum or $PUNCTUM; the environments of the others come from scripts/peer-environment.sh eventprop|jaxsnn|torch."""
import argparse
import gzip
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).parent.parent
TAU_M, TAU_S, LATEST, DURATION, CLASSES = 20.0, 5.0, 20.0, 30.0, 10  # ms
WEIGHTS = {'published': ((0.078, 0.045), (0.2, 0.37)), 'sparse': ((0.03, 0.1), (0.0, 0.17))}  # thresholds


def read(n):
    """The first n training images (bytes) and labels."""
    image, label = (gzip.open(HERE / f'data/mnist/train-{what}-ubyte.gz').read() for what in ('images-idx3', 'labels-idx1'))
    return (np.frombuffer(image, np.uint8, n * 784, 16).reshape(n, 784), np.frombuffer(label, np.uint8, n, 8).astype(int))


def times(image):
    """Times in ms and pixels of the input spikes of an image, in order of time."""
    pixels = np.flatnonzero(image > 1)
    at = LATEST * (1.0 - image[pixels] / 255.0)
    order = np.argsort(at, kind='stable')
    return at[order], pixels[order]


def in_punctum(a, images, labels):
    program = os.environ.get('PUNCTUM') or HERE / 'build/punctum'
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, repeat in (('once', 1), ('twice', 2)):
            for what, head, body in (('images', (0x803, repeat * a.images, 28, 28), images), ('labels', (0x801, repeat * a.images), labels)):
                data = b''.join(k.to_bytes(4, 'big') for k in head) + repeat * body.astype(np.uint8).tobytes()
                (folder / f'{name}.{what}').write_bytes(data)
        # 1 mV of 300 pF is 300 pA ms: with C_m/g_L = 20 ms and a threshold of 20 mV a weight of 1 threshold is 300 pA
        (mean, std), (mean_out, std_out) = (300.0 * np.array(WEIGHTS[a.weights])).tolist()
        (folder / 'experiment.yaml').write_text(f'''duration: {DURATION}
seed: {a.seed}
data:
  idx: {{images: once.images, labels: once.labels, test_images: once.images, test_labels: once.labels}}
coding: {{latency: {{threshold: {1.5 / 255.0!r}, from: 0.0, to: {LATEST * (1.0 - 1.5 / 255.0)!r}}}}}
neuron: {{C_m: 300.0, g_L: 15.0, E_L: -70.0, V_th: -50.0, V_reset: -70.0, tau_1: {TAU_S}, tau_2: 0.0}}
layers:
  - {{size: {a.hidden}, weight: {{normal: [{mean!r}, {std!r}]}}}}
  - {{size: {CLASSES}, weight: {{normal: [{mean_out!r}, {std_out!r}]}}}}
loss: {{maximum: {{scale: 20.0}}}}
epochs: {a.epochs}
batch: {a.batch}
rate: {300.0 * a.rate!r}
''')
        subprocess.run([program, 'train', folder / 'experiment.yaml', '-o', folder / 'trained', '-j', '1', '-q'], check=True)
        last = json.loads((folder / 'trained/summary.json').read_text())['epochs'][-1]
        used = []
        for name in ('once', 'twice'):  # reading and building cancel
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            files = '-i', folder / f'{name}.images', '-l', folder / f'{name}.labels'
            subprocess.run([program, 'test', folder / 'experiment.yaml', folder / 'trained', '-j', '1', '-q', *files], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return used[1] - used[0], last['cpu_seconds'], last['train']['spikes_per_example'], last['train']['loss']


def in_eventprop(a, images, labels):
    os.environ['OMP_NUM_THREADS'] = '1'
    from eventprop.eventprop_cpp import Spikes, SpikesVector
    from eventprop.layer import GaussianDistribution, SpikeDataset
    from eventprop.lif_layer import LIFLayerParameters
    from eventprop.loss_layer import VMaxCrossEntropyLossParameters
    from eventprop.optimizer import GradientDescentParameters
    from eventprop.vmax_training import TwoLayerVMax

    def spikes(image):
        at, pixels = times(image)
        return Spikes(1e-3 * at, pixels.astype(np.int32))

    class Network(TwoLayerVMax):
        def load_data(self):
            self.train_batch = SpikeDataset(SpikesVector([spikes(image) for image in images]), labels)

    (mean, std), (mean_out, std_out) = WEIGHTS[a.weights]
    tau = {'tau_mem': 1e-3 * TAU_M, 'tau_syn': 1e-3 * TAU_S}
    drawn, drawn_out = GaussianDistribution(a.seed, mean, std), GaussianDistribution(a.seed, mean_out, std_out)
    np.random.seed(a.seed)
    network = Network(
        gd_parameters=GradientDescentParameters(minibatch_size=a.batch, epochs=a.epochs, lr=a.rate),
        hidden_parameters=LIFLayerParameters(n_in=784, n=a.hidden, w_dist=drawn, **tau),
        loss_parameters=VMaxCrossEntropyLossParameters(n_in=a.hidden, n=CLASSES, w_dist=drawn_out, **tau))
    for _ in range(a.epochs):
        used, fired, loss = 0.0, 0, 0.0
        begun = time.process_time()
        for batch in network._training_data():
            network.forward_and_backward(batch)
            network.optimizer.step()
            network.optimizer.zero_grad()
            used += time.process_time() - begun
            fired += sum(s.n_spikes for s in network.hidden_layer.post_batch)
            loss += float(np.sum(network.loss.get_losses(batch.labels)))
            begun = time.process_time()
    forward = time.process_time()
    network.forward(network.train_batch)
    return time.process_time() - forward, used, fired / a.images, loss / a.images


def in_torch(a, images, labels):
    """snnTorch and Norse: the drive of all steps as one product, then step by step."""
    import torch
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    steps, decay_m, decay_s = round(DURATION / a.step), float(np.exp(-a.step / TAU_M)), float(np.exp(-a.step / TAU_S))
    x = np.zeros((a.images, steps, 784), np.float32)
    for k, image in enumerate(images):
        at, pixels = times(image)
        x[k, np.minimum((at / a.step).astype(int), steps - 1), pixels] = 1.0
    x, y = torch.from_numpy(x), torch.from_numpy(labels)
    shapes = (784, a.hidden), (a.hidden, CLASSES)
    weights = [torch.nn.Parameter(torch.randn(shape) * std + mean) for shape, (mean, std) in zip(shapes, WEIGHTS[a.weights])]
    if a.peer == 'snntorch':
        import snntorch
        cell = snntorch.Synaptic(alpha=decay_s, beta=decay_m, spike_grad=snntorch.surrogate.fast_sigmoid(slope=25))
        scale = a.step / TAU_M  # a potential grows by its current each step

        def start():
            return list(cell.init_synaptic())

        def advance(drive, state):
            spikes, *state = cell(drive * scale, *state)
            return spikes, state
    else:
        import norse.torch as norse
        cell = norse.LIFCell(norse.LIFParameters(tau_syn_inv=1e3 / TAU_S, tau_mem_inv=1e3 / TAU_M), dt=1e-3 * a.step)

        def start():
            return None

        def advance(drive, state):
            return cell(drive, state)

    def forward(x):
        drive, state = x @ weights[0], start()
        potential = current = torch.zeros(len(x), CLASSES)
        largest, fired = torch.full((len(x), CLASSES), -1e9), 0.0
        for t in range(steps):
            spikes, state = advance(drive[:, t], state)
            current = decay_s * current + spikes @ weights[1]
            potential = decay_m * potential + (a.step / TAU_M) * current
            largest = torch.maximum(largest, potential)
            fired += float(spikes.detach().sum())
        return largest, fired

    optimiser = torch.optim.Adam(weights, lr=a.rate)
    for _ in range(a.epochs):
        begun, fired, loss = time.process_time(), 0.0, 0.0
        for part in torch.randperm(a.images).split(a.batch):
            score, n = forward(x[part])
            error = torch.nn.functional.cross_entropy(score, y[part])
            optimiser.zero_grad()
            error.backward()
            optimiser.step()
            fired += n
            loss += float(error.detach()) * len(part)
        used = time.process_time() - begun
    begun = time.process_time()
    with torch.no_grad():
        for part in torch.arange(a.images).split(a.batch):
            forward(x[part])
    return time.process_time() - begun, used, fired / a.images, loss / a.images


def in_jaxsnn(a, images, labels):
    """Event by event with EventProp's adjoint, as in its own examples: tau_m is twice tau_s, so weights are smaller by the ratio of the
    largest potentials, and outputs fire, whose first spikes have times as targets."""
    os.environ['XLA_FLAGS'] = '--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1'
    import jax
    import jax.numpy as jnp
    import optax
    from functools import partial
    from jaxsnn.event.loss import mse_loss
    from jaxsnn.event.modules import LIF, Linear, Source
    from jaxsnn.event.modules.lif.lif import LIFParameters
    from jaxsnn.event.topology import Topology
    from jaxsnn.event.training import update
    from jaxsnn.event.types import OptState, Spike
    from jaxsnn.examples.event.utils import loss_wrapper
    peak = [(m / TAU_S) ** (TAU_S / (TAU_S - m)) * TAU_S / m for m in (TAU_M, 2.0 * TAU_S)]  # potential of a weight of 1
    trains = [times(image) for image in images]
    longest = max(len(at) for at, _ in trains)
    at, pixels = np.full((a.images, longest), np.inf), np.full((a.images, longest), -1)
    for k, (t, p) in enumerate(trains):
        at[k, :len(t)], pixels[k, :len(p)] = 1e-3 * t, p
    batches = a.images // a.batch
    shape = (batches, a.batch, longest)
    spikes = Spike(*(jnp.asarray(v.reshape(shape)) for v in (at, pixels, 0.0 * pixels, 0 * pixels, np.full(at.shape, True))))
    targets = jnp.asarray(np.where(np.arange(CLASSES) == labels[:, None], 8e-3, 12e-3).reshape(batches, a.batch, CLASSES))
    neuron = LIFParameters(v_reset=0.0, v_th=1.0, tau_syn=1e-3 * TAU_S, tau_mem=2e-3 * TAU_S)
    topology = Topology(t_max=1e-3 * DURATION, backprop_method='eventprop')
    weights = [Linear(*(w * peak[0] / peak[1] for w in pair), min_delay=0.0) for pair in WEIGHTS[a.weights]]
    topology.add({'in': Source(784), 'hidden': LIF(a.hidden, longest + a.room, neuron), 'out': LIF(CLASSES, a.room + 2 * CLASSES, neuron),
                  'first': weights[0], 'second': weights[1]})
    topology.connect([('in', 'first'), ('first', 'hidden'), ('hidden', 'second'), ('second', 'out')])
    start, apply = topology.done()
    optimiser = optax.adam(a.rate)
    weights = start(jax.random.PRNGKey(a.seed))
    state = OptState(optimiser.init(weights), weights, jax.random.PRNGKey(a.seed))
    loss = partial(loss_wrapper, apply, mse_loss, neuron.tau_mem, 'out', CLASSES)
    train, test = jax.jit(partial(update, optimiser, loss)), jax.jit(loss)
    chosen = [({'in': spikes[k]}, targets[k]) for k in range(batches)]
    jax.block_until_ready(train(state, chosen[0]))  # compiles
    jax.block_until_ready(test(state.params, chosen[0]))
    for _ in range(a.epochs):
        begun, fired, total = time.process_time(), [], []
        for batch in chosen:
            state, ((value, (_, events)), _) = train(state, batch)
            total.append(value)
            fired.append(events['hidden'].internal.sum())
        jax.block_until_ready(state)
        used = time.process_time() - begun
    begun = time.process_time()
    for batch in chosen:
        jax.block_until_ready(test(state.params, batch))
    return time.process_time() - begun, used, float(sum(fired)) / a.images, float(sum(total)) / batches


def main():
    peers = {'punctum': in_punctum, 'eventprop': in_eventprop, 'snntorch': in_torch, 'norse': in_torch, 'jaxsnn': in_jaxsnn}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('peer', choices=peers)
    parser.add_argument('--weights', choices=WEIGHTS, default='sparse')
    parser.add_argument('--images', type=int, default=2000)
    parser.add_argument('--hidden', type=int, default=350)
    parser.add_argument('--batch', type=int, default=100)
    parser.add_argument('--epochs', type=int, default=3)
    parser.add_argument('--rate', type=float, default=0.005, help='thresholds')
    parser.add_argument('--step', type=float, default=1.0, help='of snnTorch and Norse, ms')
    parser.add_argument('--room', type=int, default=200, help='of jaxsnn, for hidden spikes of an image')
    parser.add_argument('--seed', type=int, default=1)
    a = parser.parse_args()
    forward, training, spikes, loss = peers[a.peer](a, *read(a.images))
    print(f'{a.peer:10} {a.weights:10} batch {a.batch:4} {a.images / forward:9.0f} images/s forwards {a.images / training:9.0f} training '
          f'{spikes:8.1f} hidden spikes  loss {loss:.4f}')


main()
