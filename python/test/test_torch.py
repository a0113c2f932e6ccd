"""Spiking networks in PyTorch. Skipped where that is not installed: make check-torch."""

import copy
import pickle
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import punctum as pm
from punctum.torch import Network, SpikeTimes, SpikingLayer

ROOT = Path(__file__).resolve().parents[2]
INFINITE = float("inf")


def times(batch=5, neurons=4, spikes=2):
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(batch, neurons, spikes, dtype=torch.float64, generator=generator) * 20.0
    x[0, 0, 1] = INFINITE
    return x


def layer(**changes):
    given = {"duration": 30.0, "weight": pm.normal(3000, 500), "delay": pm.uniform(0.5, 2.0), "V_th": -60.0}
    return SpikingLayer(4, 3, **{**given, **changes})


def flat(module, x, named):
    """The module as a function of what gradcheck changes."""
    there = torch.isfinite(x)

    def function(values, *parameters):
        full = torch.full_like(x, INFINITE).masked_scatter(there, values)
        return torch.func.functional_call(module, dict(zip(named, parameters)), (SpikeTimes.of(full),)).time

    parameters = [dict(module.named_parameters())[name].detach().clone().requires_grad_() for name in named]
    return function, (x[there].requires_grad_(), *parameters)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"recurrent": pm.normal(-300, 100), "recurrent_delay": 0.7, "t_ref": 1.0},
        {"receptors": {"fast": pm.exp(3.0)}, "threshold": [(2.0, 15.0)], "after_spike": [(-50.0, 30.0)]},
    ],
    ids=["plain", "recurrent", "adaptive"],
)
def test_gradients(changes):
    """Gradients of all spike times with respect to times, weights, delays and thresholds are those of differences."""
    module = layer(train_delay=True, train_threshold=True, **changes)
    named = ["weight", "delay", "threshold", *(["recurrent_weight"] if "recurrent" in changes else [])]
    function, given = flat(module, times(2), named)
    assert len(function(*given)) > 6
    # a step of 1e-6 ms, pA, mV: differences of 1e-14 ms, the rounding of a time, are 1e-8 of it
    assert torch.autograd.gradcheck(function, given, eps=1e-6, atol=1e-6, rtol=1e-5)


def test_padded_and_ragged_times_are_the_same():
    """Both forms give the same spikes and gradients; an infinite time is no spike, nor one after the end."""
    module, x = layer(), times()
    padded = module(x)
    assert padded.dtype == torch.float64 and padded.shape[:2] == (5, 3)
    spikes = module(SpikeTimes.of(x))
    assert torch.equal(spikes.padded(3), padded)
    assert torch.equal(spikes.counts(3), torch.isfinite(padded).sum(2))
    assert torch.equal(spikes.first(3), padded[:, :, 0])
    assert torch.equal(spikes.padded(3, slots=1, fill=-1.0)[:, :, 0], padded[:, :, 0])
    spikes.time.sum().backward()
    found, module.weight.grad = module.weight.grad, None
    padded[torch.isfinite(padded)].sum().backward()
    assert torch.equal(module.weight.grad, found)
    late = torch.cat([x, torch.full((5, 4, 1), 30.0, dtype=x.dtype)], 2).requires_grad_()
    again = module(late)
    assert torch.equal(again, padded)
    again[torch.isfinite(again)].sum().backward()
    assert torch.all(late.grad[:, :, 2] == 0.0) and torch.all(late.grad[:, 1, :2] != 0.0)


def test_a_module_is_the_simulation():
    """Spikes are those of the network itself, to the bit, example by example."""
    module, x = layer(), times()
    y = module(x)
    for k in range(len(x)):
        net = pm.Network()
        inputs = net.spikes("input", times=[train[torch.isfinite(train)].numpy() for train in x[k]])
        cells = net.lif("cells", 3, V_th=-60.0)
        rows, columns = np.indices((3, 4)).reshape(2, -1)
        weight, delay = (p.detach().numpy().ravel() for p in (module.weight, module.delay))
        net.connect(inputs, cells, source=columns, target=rows, weight=weight, delay=delay)
        trains = net.simulation().run(30.0)["cells"].trains()
        assert all(np.array_equal(train, row[np.isfinite(row)]) for train, row in zip(trains, y[k].detach().numpy()))


def test_threads_change_no_bit():
    """The number of threads decides neither times nor sums of gradients."""
    results = []
    for threads in (1, 3):
        module = layer(threads=threads)
        y = module(times(batch=40))
        (y[torch.isfinite(y)] ** 2).sum().backward()
        results.append((y, module.weight.grad))
    assert all(torch.equal(a, b) for a, b in zip(*results))


def test_parameters_that_change():
    """Weights, delays and thresholds hold from the next call on; a backward pass knows those of its own call."""
    module, x = layer(train_delay=True, train_threshold=True), times()
    module(x)[:, :, 0].sum().backward()
    expected = module.weight.grad.clone()
    module.zero_grad()
    first = module(x)
    moved = {name: p.detach() + 0.1 for name, p in module.named_parameters()}
    second = torch.func.functional_call(module, moved, (x,))
    assert not torch.equal(first[:, :, 0], second[:, :, 0])
    first[:, :, 0].sum().backward()
    assert torch.equal(module.weight.grad, expected)
    assert torch.equal(module(x), first)


def test_spikes_that_appear_have_no_gradient():
    """A weight below which a spike vanishes: the loss jumps there, and its gradient is that of the spikes there are."""
    module = SpikingLayer(1, 1, duration=20.0, weight=8000.0, V_th=-50.0)
    x = torch.ones(1, 1, 1, dtype=torch.float64)

    def fired(weight):
        return torch.func.functional_call(module, {"weight": torch.full((1, 1), weight, dtype=x.dtype)}, (x,))

    low, high = 100.0, 8000.0
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if fired(middle).numel() else (middle, high)
    assert fired(low).shape == (1, 1, 0) and fired(high).shape == (1, 1, 1)
    weight = torch.full((1, 1), high, dtype=x.dtype, requires_grad=True)
    torch.func.functional_call(module, {"weight": weight}, (x,)).sum().backward()
    assert weight.grad.item() < -1.0  # ms/pA: steep where the spike grazes the threshold, but finite
    flat = SpikingLayer(1, 1, duration=20.0, weight=high, V_th=-50.0, slope_floor=1.0)
    flat(x).sum().backward()
    assert 0.0 > flat.weight.grad.item() > weight.grad.item()
    silent = SpikingLayer(1, 1, duration=20.0, weight=low, V_th=-50.0)
    silent(x).sum().backward()
    assert silent.weight.grad is None or not silent.weight.grad.any()


def test_gradients_are_those_of_the_c_trainer():
    """Two layers, the loss by the first output spike: the same loss and step from the same weights, to rounding."""
    n, rate = 40, 1000.0
    text = f"""
duration: 40.0
seed: 1
data: {{yin_yang: {{seeds: [42, 41, 40]}}, train: {n}, validation: 1, test: 1}}
coding: {{latency: {{threshold: -1.0, from: 0.0, to: 20.0}}, bias: 0.0}}
neuron: {{C_m: 300.0, g_L: 30.0, E_L: -70.0, V_th: -50.0, V_reset: -70.0}}
layers: [{{size: 20, weight: {{normal: [900.0, 600.0]}}}}, {{size: 3, weight: {{normal: [1500.0, 600.0]}}}}]
loss: {{first_spike: {{scale: 0.5}}}}
batch: {n}
optimiser: sgd
rate: {rate}
slope_floor: 3.0
"""
    experiment = pm.Classification(text)
    train, validation, _ = experiment.data()
    trainer = experiment.trainer()
    trainer.test(validation)  # tables() is of the network of the last test
    before = list(trainer.tables().values())
    epoch = trainer.advance()
    trainer.test(validation)
    after = list(trainer.tables().values())
    neuron = {"C_m": 300.0, "g_L": 30.0, "E_L": -70.0, "V_th": -50.0, "V_reset": -70.0}
    layers = [
        SpikingLayer(*w.shape[::-1], duration=40.0, weight=w, slope_floor=3.0, threads=1, **neuron)
        for w in before
    ]
    times = torch.from_numpy(20.0 * (1.0 - np.column_stack([train.features, np.ones(n)])))[:, :, None]
    first = layers[1](layers[0](SpikeTimes.of(times))).first(3, 40.0)
    loss = torch.nn.functional.cross_entropy(-first / 0.5, torch.from_numpy(train.labels.astype(np.int64)))
    loss.backward()
    assert loss.item() == pytest.approx(epoch.train.loss, rel=1e-12)
    for layer, old, new in zip(layers, before, after):
        step = (old - new) / rate
        # the step is a difference of weights of some 1e3 pA
        assert layer.weight.grad.numpy() == pytest.approx(step, abs=1e-14) and np.abs(step).max() > 1e-5


def test_any_network():
    """Several inputs, outputs and populations; its gradients are those of the run."""
    net = pm.Network(seed=4)
    a, b = net.spikes("a", 3), net.spikes("b", 2)
    hidden = net.lif("hidden", 4, V_th=-62.0)
    out = net.lif("out", 2, V_th=pm.normal(-62, 0.5), receptors={"x": pm.exp(4)})
    net.connect(a, hidden, weight=pm.normal(2500, 300), delay=pm.uniform(0, 2))
    net.connect(b, out, weight=900.0, delay=1.0)
    last = net.connect(hidden, out, weight=pm.normal(500, 50), delay=0.5, rule={"fixed_indegree": 3})
    module = Network(net, ("a", "b"), ("hidden", "out"), duration=25.0, delays=True, thresholds=True)
    x, y = times(2, 3), times(2, 2)
    first, second = module(x, y)
    assert first.shape[:2] == (2, 4) and second.shape[:2] == (2, 2)
    second[torch.isfinite(second)].sum().backward()
    total = np.zeros(len(last))
    for k in range(2):
        sim = net.simulation()
        for population, trains in ((a, x[k]), (b, y[k])):
            neurons, slots = np.nonzero(np.isfinite(trains.numpy()))
            sim.inject(population, neurons, trains.numpy()[neurons, slots])
        run = sim.run(25.0)
        total += run.backward({"out": np.ones(len(run["out"]))})[last].weight
    assert np.allclose(module.weights[2].grad.numpy(), total, rtol=1e-13)  # sums of two in another order
    assert all(p.grad is not None and p.grad.any() for p in module.parameters())


def test_modules_are_kept(tmp_path):
    """state_dict, copy and pickle hold all that a module is."""
    module, x = layer(), times()
    y = module(x)
    other = layer(seed=2)
    assert not torch.equal(other(x), y) if other(x).shape == y.shape else True
    other.load_state_dict(module.state_dict())
    for same in (other, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(same(x), y)
    assert "4, 3" in repr(module)


def test_mistakes():
    module = layer()
    with pytest.raises(pm.InvalidError, match="example 1: neuron 2 .* -1 ms"):
        x = times()
        x[1, 2, 0] = -1.0
        module(x)
    with pytest.raises(pm.InvalidError, match="nan"):
        module(torch.full((1, 4, 1), float("nan"), dtype=torch.float64))
    with pytest.raises(pm.InvalidError, match="4 neurons"):
        module(torch.ones(1, 5, 1, dtype=torch.float64))
    with pytest.raises(pm.InvalidError, match="shape"):
        module(torch.ones(4, 1, dtype=torch.float64))
    with pytest.raises(pm.InvalidError, match="shape"):
        layer(weight=np.zeros((4, 3)))
    with pytest.raises(pm.InvalidError, match="positive"):
        layer(duration=0.0)
    with pytest.raises(KeyError, match="input"):
        Network(pm.Network(), "input", "output", duration=1.0)
    net = pm.Network()
    net.poisson("input", 1, 10.0)
    net.lif("output", 1)
    with pytest.raises(pm.InvalidError, match="input"):
        Network(net, duration=1.0)
    with torch.no_grad():
        module.delay -= 10.0
    with pytest.raises(pm.InvalidError, match="delay"):
        module(times())


def test_the_examples_of_the_documentation_run():
    """As they stand there, and with a gradient."""
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```py\n(import torch\n.*?)```", text, flags=re.S)
    names = {}
    exec(compile(code, "docs/python.md", "exec"), names)
    assert names["layer"].weight.grad.any()


@pytest.mark.parametrize("options", ["--readout --epochs 2 --train 600 --hidden 60", "--epochs 3 --train 3000"])
def test_the_examples_learn(options, monkeypatch, capsys):
    """The first steps of the examples already tell the classes apart better than chance."""
    monkeypatch.setattr("sys.argv", f"yin_yang.py --test 100 {options}".split())
    runpy.run_path(str(ROOT / "python" / "examples" / "yin_yang.py"), run_name="__main__")
    assert float(capsys.readouterr().out.split()[-2]) > 60.0
