"""Running: slices, injection, states, checkpoints, Ctrl-C, gradients."""

import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest

import punctum as pm
from punctum.errors import error_of
from test_network import build


def small():
    net = pm.Network()
    inputs = net.spikes("input", times=[[1.0, 4.0, 4.5], [2.0]])
    cells = net.lif("cells", 3, V_th=-60.0)
    a = net.connect(inputs, cells, weight=pm.normal(3000, 300), delay=pm.uniform(0.5, 1.5))
    return net, inputs, cells, a


def test_slices_change_nothing():
    """In slices of any length, with callbacks and a bar or without: the same bits."""
    net = build()
    whole = net.simulation().run()
    sim = net.simulation()
    seen = []
    parts = [sim.run(7.3), sim.run(until=30.0), sim.run(every=11.0, callback=lambda s: seen.append(s.time))]
    joined = parts[0] + parts[1] + parts[2]
    assert seen[:2] == [41.0, 52.0] and seen[-1] == 80.0
    for name in ("cells", "input"):
        assert np.array_equal(joined[name].time, whole[name].time)
        assert np.array_equal(joined[name].neuron, whole[name].neuron)
    assert np.array_equal(joined["cells"].potential.values, whole["cells"].potential.values)
    assert whole["cells"].potential.values.shape == (160, 2)
    assert np.array_equal(whole["cells"].potential.time, 0.5 * np.arange(160))
    with pytest.raises(pm.InvalidError, match="follow"):
        parts[0] + parts[2]


def test_spikes_as_arrays():
    """Arrays are sorted by time and stay valid after everything else is gone."""
    run = build().simulation().run()
    spikes = run["cells"]
    assert np.all(np.diff(spikes.time) >= 0) and spikes.neuron.dtype == np.uint32
    assert sum(map(len, spikes.trains())) == len(spikes) == spikes.counts().sum()
    assert np.array_equal(np.sort(np.concatenate(spikes.trains())), spikes.time)
    assert spikes.rate() == pytest.approx(len(spikes) / 15 / 0.08)
    assert run.counts["spikes"] == len(spikes)
    again = pickle.loads(pickle.dumps(run))
    assert np.array_equal(again["cells"].time, spikes.time)


def test_a_network_may_change_below_a_simulation():
    """A simulation keeps the network that it was made of."""
    net, inputs, cells, a = small()
    sim = net.simulation()
    before = sim.run(5.0)["cells"].time
    net.lif("more", 5)
    cells.V_th = 100.0
    rest = sim.run(15.0)
    assert "more" not in rest
    other, *_ = small()
    assert np.array_equal(np.concatenate([before, rest["cells"].time]), other.simulation().run(20.0)["cells"].time)
    sim.reset()
    assert len(sim.run(20.0)["cells"]) == 0 and len(net.simulation().run(1.0)) == 3


def test_injection_and_state():
    """Injected spikes act like given ones, and the state is that of the model."""
    net = pm.Network()
    inputs = net.spikes("input", size=2)
    cells = net.lif("cells", 2)
    net.connect(inputs, cells, rule="one_to_one", weight=500.0)
    sim = net.simulation()
    sim.inject(inputs, [0, 1], [1.0, 2.0])
    sim.run(3.0)
    state = sim.state("cells")
    expected = 500.0 * (np.exp(-2.0 / 5.0) - np.exp(-2.0 / 1.25))
    assert state.current[0] == pytest.approx(expected, rel=1e-13)  # one rounding each of few operations
    assert np.all(state.potential > -70.0)
    with pytest.raises(pm.InvalidError):
        sim.inject(inputs, 0, 1.0)
    with pytest.raises(pm.InvalidError):
        sim.inject(inputs, 5, 4.0)


def test_injected_spikes_in_any_order():
    """Spikes that are injected, in whatever order and before or after a checkpoint, act as given ones, to the bit."""
    rng = np.random.default_rng(2)
    trains = [np.sort(rng.uniform(0.0, 50.0, 40)) for _ in range(3)]
    runs = []
    for given in (trains, [[], [], []]):
        net = pm.Network()
        inputs, cells = net.spikes("input", times=given), net.lif("cells", 3, V_th=-60.0)
        net.connect(inputs, cells, weight=1500.0, delay=0.5)
        runs.append(net.simulation())
    neurons, times = np.repeat(np.arange(3), 40), np.concatenate(trains)
    order = rng.permutation(120)
    early, late = order[times[order] < 30.0], order[times[order] >= 30.0]
    runs[1].inject("input", neurons[early], times[early])
    runs[1].inject("input", neurons[late[:20]], times[late[:20]])
    first = runs[1].run(20.0)
    copied = pickle.loads(pickle.dumps(runs[1]))
    expected = runs[0].run(50.0)["cells"]
    assert len(expected) > 20
    for sim in (runs[1], copied):
        sim.inject("input", neurons[late[20:]], times[late[20:]])
        assert np.array_equal(np.concatenate([first["cells"].time, sim.run(30.0)["cells"].time]), expected.time)


def test_checkpoints(tmp_path):
    """A state goes on where it was, here or in another simulation, to the bit."""
    net = build()
    whole = net.simulation().run()["cells"].time
    sim = net.simulation(threads=1)
    first = sim.run(33.0)["cells"].time
    copied = pickle.loads(pickle.dumps(sim))
    sim.save(tmp_path / "state")
    assert np.array_equal(np.concatenate([first, sim.run(until=80.0)["cells"].time]), whole)
    assert copied.time == 33.0
    other = net.simulation()
    other.load(tmp_path / "state")
    for s in (copied, other):
        assert np.array_equal(np.concatenate([first, s.run(until=80.0)["cells"].time]), whole)
    with pytest.raises(pm.InvalidError, match="another network"):
        small()[0].simulation().restore(sim.checkpoint())
    with pytest.raises(pm.InvalidError):
        sim.restore(sim.checkpoint()[:-16])
    with pytest.raises(pm.InvalidError):
        sim.restore(b"something else")
    assert sim.time == 0.0 or sim.time == 80.0


def test_the_clock_converges():
    """The engine with a time step comes near the exact one, and has states as that has."""
    net = build()
    exact = net.simulation().run()["cells"]
    clock = net.simulation(engine="clock", dt=0.01, interpolation="cubic").run()["cells"]
    assert len(clock) == len(exact)
    assert np.abs(np.sort(clock.time) - np.sort(exact.time)).max() < 1e-3
    net = pm.Network()  # of no duration: runs end where they are told
    net.lif("cells", 1, I_e=300.0).record("potential", interval=0.5)
    samples = [net.simulation(**how).run(4.0)["cells"].potential for how in ({}, {"engine": "clock", "dt": 0.25})]
    assert np.array_equal(samples[0].time, samples[1].time) and len(samples[0].time) == 8
    assert np.allclose(samples[0].values, samples[1].values, rtol=1e-13)  # rounding of 16 steps
    with pytest.raises(pm.InvalidError, match="quadratic"):
        net.simulation(engine="clock", interpolation="quadratic")
    sim = net.simulation(engine="clock")
    with pytest.raises(pm.InvalidError, match="engine"):
        net.simulation().restore(sim.checkpoint())
    with pytest.raises(pm.InvalidError):
        net.simulation(dt=0.1)


def test_gradients():
    """The gradient is that of finite differences."""
    net, inputs, cells, a = small()
    wish = np.array([5.0, 6.0, 7.0])

    def loss(sim):
        sim.reset()
        t = sim.run(30.0)["cells"].time[:3]
        return 0.5 * np.sum((t - wish) ** 2)

    sim = net.simulation()
    run = sim.run(30.0)
    t = run["cells"].time
    assert len(t) >= 3
    dl = np.zeros(len(t))
    dl[:3] = t[:3] - wish
    g = run.backward({cells: dl})
    for array, gradient, step in ((a.weight, g[a].weight, 1e-3), (a.delay, g[a].delay, 1e-6)):
        for k in range(len(array)):
            kept = array[k]
            array[k] = kept + step
            up = loss(sim)
            array[k] = kept - step
            down = loss(sim)
            array[k] = kept
            # central differences: error of second order in the step, and rounding of 1e-14 over the step
            assert gradient[k] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-7)
    assert g["cells"].threshold.shape == (3,) and g["input"].time.shape == (4,)
    # Everything is invariant under a shift of time: inputs moved by d move outputs by d.
    assert g["input"].time.sum() == pytest.approx(dl.sum(), rel=1e-9)


def test_gradients_need_everything():
    net, *_ = small()
    net["input"].record_spikes = False
    run = net.simulation().run(10.0)
    with pytest.raises(pm.InvalidError, match="input"):
        run.backward({"cells": np.zeros(len(run["cells"]))})
    net["input"].record_spikes = True
    sim = net.simulation()
    sim.run(1.0)
    with pytest.raises(pm.InvalidError, match="begins at"):
        sim.run(1.0).backward({})


def long_running():
    net = pm.Network()
    noise = net.poisson("noise", 100, 1000.0, record=False)
    cells = net.lif("cells", 100, V_th=-60.0)
    net.connect(noise, cells, weight=20.0, delay=1.0)
    return net.simulation(threads=1)


def test_interrupts_end_a_run_at_a_clean_point():
    """Ctrl-C raises KeyboardInterrupt; the run goes on afterwards as if nothing had been."""
    sim = long_running()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        sim.run(1e9)
    timer.join()
    reached = sim.time
    assert 0.0 < reached < 1e9
    rest = sim.run(10.0)
    assert (rest.start, rest.stop) == (0.0, reached + 10.0)
    whole = long_running().run(reached + 10.0)
    assert np.array_equal(rest["cells"].time, whole["cells"].time)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_go_on_while_it_runs():
    """The interpreter's lock is free during a run; another thread can stop it."""
    sim = long_running()
    caught = []

    def run():
        try:
            sim.run(1e9)
        except pm.Stopped as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while sim.time == 0.0:
        time.sleep(0.01)
    with pytest.raises(pm.InvalidError, match="running"):
        sim.run(1.0)
    sim.stop()
    thread.join()
    assert len(caught) == 1


def test_exceptions_in_callbacks_lose_nothing():
    sim = build().simulation()

    def fail(s):
        if s.time >= 20.0:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sim.run(every=10.0, callback=fail)
    assert sim.time == 20.0
    assert np.array_equal(sim.run(until=80.0)["cells"].time, build().simulation().run()["cells"].time)


def test_messages_are_taken_apart():
    """Neuron, population and time of a message are attributes of the exception."""
    error = error_of("runaway activity: neuron cells[3] fires without end at 0.25 ms", False)
    assert (error.population, error.neuron, error.time) == ("cells", 3, 0.25)
    assert not isinstance(error, pm.InvalidError)
    error = error_of("net.yaml:7: populations[0].neuron.C_m: C_m is -3 pF; it must be positive", True)
    assert (error.file, error.line, error.key) == ("net.yaml", 7, "populations[0].neuron.C_m")


def test_tables_and_pictures(monkeypatch):
    """pandas, neo and matplotlib where they are; an SVG without matplotlib."""
    run = build().simulation().run()
    svg = run.raster(svg=True)
    assert svg._repr_svg_().startswith("<svg") and svg.text.count("v") > 10
    assert ">cells</text>" in svg.text and ">0</text>" in svg.text and ">-0</text>" not in svg.text
    assert "polyline" in str(run.potential("cells", svg=True))
    pandas = pytest.importorskip("pandas")
    table = run.to_pandas()
    assert isinstance(table, pandas.DataFrame) and len(table) == len(run["cells"]) + len(run["input"])
    pytest.importorskip("neo")
    segment = run.to_neo().segments[0]
    assert sum(map(len, segment.spiketrains)) == len(table)
    assert segment.analogsignals[0].shape == (160, 2)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    assert run.raster().get_xlabel() == "time (ms)"
    assert len(run.potential("cells", [3]).lines) == 1


def test_spike_files(tmp_path):
    """What is written is read again to the bit."""
    run = build().simulation().run()
    s = run["cells"]
    pm.write_spikes(tmp_path / "s.dat", s.time, s.neuron, s.slope)
    table = pm.read_spikes(tmp_path / "s.dat")
    assert np.array_equal(table.time, s.time) and np.array_equal(table.slope, s.slope)


def test_metrics():
    """Values that can be worked out by hand."""
    assert pm.metrics.correlation([1.0, 2.0], [2.0, 1.0]) == pytest.approx(1.0, rel=1e-15)
    assert pm.metrics.van_rossum([1.0], []) == pytest.approx(np.sqrt(0.5), rel=1e-15)
    assert pm.metrics.victor_purpura([1.0], [1.5], cost=1.0) == 0.5
    assert pm.metrics.victor_purpura([], [1.5, 3.0]) == 2.0
    with pytest.raises(pm.InvalidError):
        pm.metrics.correlation([1.0], [1.0], tau=0.0)


def test_matches(program, tmp_path):
    """Runs side by side: what is missing, what is extra, and how far the others moved; the numbers of the program."""
    net = pm.Network(seed=2)
    cells = net.lif("cells", 5, V_th=-55.0)
    net.connect(net.poisson("input", 20, 40.0), cells, weight=900.0, delay=1.0)
    run, step = net.simulation().run(200.0), net.simulation(engine="clock", dt=0.1, interpolation="cubic").run(200.0)
    same = pm.metrics.match(run, run)
    assert (same.matched, same.missing, same.extra, same.largest) == (sum(map(len, run.values())), 0, 0, 0.0)
    part = {"cells": run["cells"]}
    assert pm.metrics.match(part, run).extra == len(run["input"]) and pm.metrics.match(run, part).missing > 0
    near = pm.metrics.match(run, step, window=0.5)
    assert near.matched > 0.9 * same.matched and 0.0 <= near.median <= near.largest <= 0.5
    assert np.isnan(pm.metrics.match({}, run).median)
    with pytest.raises(pm.InvalidError, match="window"):
        pm.metrics.match(run, run, window=-1.0)


def test_counts_without_a_record():
    net = pm.Network(seed=2)
    cells = net.lif("cells", 5, I_e=900.0, V_th=-50.0, record=False)
    sim = net.simulation()
    run = sim.run(100.0)
    assert len(run["cells"]) == 0 and sim.spikes(cells) == sim.counts["spikes"] > 0
