"""Describing networks: what is described is what runs, and what is wrong is refused with a name."""

import copy
import pickle

import numpy as np
import pytest

import punctum as pm

YAML = """
duration: 80.0
seed: 5
neuron: {V_th: -50.0, V_reset: -70.0, t_ref: 1.0}
populations:
  - {name: input, size: 20, source: {poisson: {rate: 40.0}}}
  - {name: cells, size: 15, neuron: {t_ref: 2.0}}
projections:
  - {from: input, to: cells, connect: {pairwise_bernoulli: 0.6}, weight: {normal: [900.0, 200.0]},
     delay: {uniform: [0.5, 2.0]}}
  - {from: cells, to: cells, connect: {fixed_indegree: 3}, weight: -150.0, delay: {uniform: [1.0, 2.0, 0.1]}}
record: {spikes: [cells], potential: [{population: cells, neurons: [0, 3], interval: 0.5}]}
"""


def build(record=True, delay=pm.uniform(0.5, 2)):
    net = pm.Network(seed=5, duration=80.0)
    inputs = net.poisson("input", 20, 40.0, record=record)
    cells = net.lif("cells", 15, V_th=-50.0, V_reset=-70.0, t_ref=2.0)
    net.connect(inputs, cells, rule={"pairwise_bernoulli": 0.6}, weight=pm.normal(900, 200), delay=delay)
    net.connect(cells, cells, rule={"fixed_indegree": 3}, weight=-150.0, delay=pm.uniform(1, 2, 0.1))
    cells.record("potential", [0, 3], interval=0.5)
    return net


def test_same_bits_as_the_program(program, tmp_path):
    """Built here, loaded here, or run by the program: the same network and seed give the same bits."""
    (tmp_path / "net.yaml").write_text(YAML)
    program("run", "net.yaml", "-o", "out", "--quiet", cwd=tmp_path)
    neuron, time, slope = np.loadtxt(tmp_path / "out" / "spikes-cells.dat", ndmin=2).T
    table = np.loadtxt(tmp_path / "out" / "curve-cells-3.dat", ndmin=2)
    assert len(time) > 50
    for net in (build(), pm.load(tmp_path / "net.yaml")):
        for threads in (1, 2):
            run = net.simulation(threads=threads).run()
            assert np.array_equal(run["cells"].time, time)
            assert np.array_equal(run["cells"].neuron, neuron)
            assert np.array_equal(run["cells"].slope, slope)
            when, potential = run["cells"].potential.curve(3)
            assert np.array_equal(when, table[:, 0]) and np.array_equal(potential, table[:, 1])
    run.save(tmp_path / "saved")
    assert (tmp_path / "saved" / "spikes-cells.dat").read_bytes() == (
        tmp_path / "out" / "spikes-cells.dat"
    ).read_bytes()


def test_values_in_steps(tmp_path, program):
    """Delays rounded to a grid: multiples of the step as decimal numbers, the same as the program's."""
    text = YAML.replace("{uniform: [0.5, 2.0]}", "{normal: [1.5, 0.75], low: 0.1, step: 0.1}")
    (tmp_path / "net.yaml").write_text(text)
    program("run", "net.yaml", "-o", "out", "--quiet", cwd=tmp_path)
    time = np.loadtxt(tmp_path / "out" / "spikes-cells.dat", ndmin=2)[:, 1]
    assert len(time) > 50
    delay = pm.normal(1.5, 0.75, low=0.1).rounded(0.1)
    loaded, built = pm.load(tmp_path / "net.yaml"), build(delay=delay)
    for net in (loaded, built):
        assert np.array_equal(net.projections[0].delay, np.round(net.projections[0].delay, 1))
        assert net.projections[0].delay.min() == 0.1
        assert np.array_equal(net.simulation().run()["cells"].time, time)
    with pytest.raises(pm.InvalidError, match="step already"):
        pm.uniform(0, 1, 0.1).rounded(0.1)
    with pytest.raises(pm.InvalidError, match="step of the delay"):
        loaded.connect(loaded["input"], loaded["cells"], delay=delay.rounded(-1.0))


def test_synapses_that_are_not_static(tmp_path, program):
    """Short-term plasticity: built here, loaded here, copied, or run by the program, to the same bits."""
    text = YAML.replace("delay: {uniform: [0.5, 2.0]}}", "delay: 1.0, synapse: {tsodyks: {U: 0.3, tau_rec: 60.0}}}")
    (tmp_path / "net.yaml").write_text(text.replace("900.0, 200.0", "2900.0, 200.0"))
    program("run", "net.yaml", "-o", "out", "--quiet", cwd=tmp_path)
    time = np.loadtxt(tmp_path / "out" / "spikes-cells.dat", ndmin=2)[:, 1]
    assert len(time) > 50
    net = pm.Network(seed=5, duration=80.0)
    inputs = net.poisson("input", 20, 40.0)
    cells = net.lif("cells", 15, V_th=-50.0, V_reset=-70.0, t_ref=2.0)
    synapse = {"tsodyks": {"U": 0.3, "tau_rec": 60.0}}
    rule = {"pairwise_bernoulli": 0.6}
    a = net.connect(inputs, cells, rule=rule, weight=pm.normal(2900, 200), delay=1.0, synapse=synapse)
    net.connect(cells, cells, rule={"fixed_indegree": 3}, weight=-150.0, delay=pm.uniform(1, 2, 0.1), synapse="static")
    assert a.synapse == {"tsodyks": {"U": 0.3, "u": 0.5, "x": 1.0, "tau_rec": 60.0, "tau_fac": 0.0}}
    loaded = pm.load(tmp_path / "net.yaml")
    assert [p.synapse for p in loaded.projections] == [p.synapse for p in net.projections] == [a.synapse, {}]
    for same in (net, loaded, net.copy()):
        assert np.array_equal(same.simulation().run()["cells"].time, time)
    with pytest.raises(pm.InvalidError, match="tau_rec is -1 ms"):
        net.connect(inputs, cells, synapse={"tsodyks": {"tau_rec": -1.0}})
    with pytest.raises(pm.InvalidError, match="did you mean 'tsodyks'"):
        net.connect(inputs, cells, synapse="tsodiks")
    with pytest.raises(pm.InvalidError, match="tsodyks has no parameter 'tau_req'; did you mean 'tau_rec'"):
        net.connect(inputs, cells, synapse={"tsodyks": {"tau_req": 1.0}})


def test_copies_run_alike():
    """A copied and a pickled network give the same run, and share nothing."""
    net = build()
    run = net.simulation().run()
    for other in (copy.copy(net), net.copy(), pickle.loads(pickle.dumps(net))):
        assert np.array_equal(other.simulation().run()["cells"].time, run["cells"].time)
    other = net.copy()
    other["cells"].V_th = -40.0
    assert net["cells"].V_th == -50.0
    assert len(other.simulation().run()["cells"]) < len(run["cells"])


def test_a_loaded_network_is_described(tmp_path):
    """What is loaded can be looked at and written into the library again without a bit changed."""
    (tmp_path / "net.yaml").write_text(YAML)
    net = pm.load(tmp_path / "net.yaml")
    assert (net.seed, net.duration, len(net)) == (5, 80.0, 2)
    assert (net["cells"].t_ref, net["cells"].V_th, net["input"].rate) == (2.0, -50.0, 40.0)
    assert net.projections[0].weights.value == pm.normal(900, 200)
    before = net.simulation().run()
    again = pickle.loads(pickle.dumps(net)).simulation().run()
    assert np.array_equal(before["cells"].time, again["cells"].time)


def test_synapses_are_drawn_as_they_run():
    """Weights and delays are those of the run: as a list of synapses the network gives the same spikes."""
    net = build()
    run = net.simulation().run()
    other = pm.Network(seed=5)
    other.poisson("input", 20, 40.0)
    other.lif("cells", 15, V_th=-50.0, V_reset=-70.0, t_ref=2.0)
    for p in net.projections:
        other.connect(p.pre.name, p.post.name, source=p.source, target=p.target, weight=p.weight, delay=p.delay)
    again = other.simulation().run(80.0)["cells"]
    assert np.array_equal(again.neuron, run["cells"].neuron)
    # arrivals at the same instant may be summed in another order, which shifts spikes by roundings
    assert np.abs(again.time - run["cells"].time).max() < 1e-11
    assert len(net.projections[1]) == 45
    assert not net.projections[0].source.flags.writeable


def test_twins_are_drawn_apart():
    """Two projections between the same populations have synapses of their own, in the order in which they were
    added."""
    net = pm.Network()
    a, b = net.spikes("a", size=5), net.lif("b", 5)
    first = net.connect(a, b, weight=pm.uniform(0, 1), delay=1.0)
    second = net.connect(a, b, weight=pm.uniform(0, 1), delay=1.0)
    assert len(first) == len(second) == 25
    assert not np.array_equal(first.weight, second.weight)
    total = np.concatenate([first.weight, second.weight])
    alone = pm.Network()
    alone.spikes("a", size=5), alone.lif("b", 5)
    assert np.array_equal(alone.connect("a", "b", weight=pm.uniform(0, 1), delay=1.0).weight, total[:25])


def test_changed_weights_hold_from_the_next_reset_on():
    """Weights are written in place; a running simulation keeps its own."""
    net = pm.Network()
    inputs = net.spikes("input", times=[[1.0]])
    cells = net.lif("cells", 2, V_th=-60.0, t_ref=30.0)
    a = net.connect(inputs, cells, weight=[[0.0], [9000.0]], delay=1.0)
    sim = net.simulation()
    a.weight[0] = 9000.0
    assert list(sim.run(20.0)["cells"].counts()) == [0, 1]
    sim.reset()
    assert list(sim.run(20.0)["cells"].counts()) == [1, 1]
    a.delay[:] = [1.0, 3.0]
    sim.reset()
    late = sim.run(20.0)["cells"].time
    assert late[1] - late[0] == pytest.approx(2.0, abs=1e-12)  # the same course two ms later, but for rounding


def test_what_is_wrong_is_named():
    """Errors are exceptions that name the key and the nearest that there is."""
    net = pm.Network()
    with pytest.raises(pm.InvalidError, match="C_mm.*did you mean 'C_m'") as caught:
        net.lif("cells", 5, C_mm=3.0)
    assert caught.value.key == "C_mm" and isinstance(caught.value, ValueError)
    with pytest.raises(pm.InvalidError, match="C_m") as caught:
        net.lif("cells", 5, C_m=-3.0)
    assert caught.value.key == "C_m"
    cells = net.lif("cells", 5)  # nothing is left of what was refused
    with pytest.raises(pm.InvalidError):
        net.lif("cells", 5)
    with pytest.raises(AttributeError, match="V_th"):
        cells.V_thh = 3.0
    with pytest.raises(pm.InvalidError, match="g_L"):
        cells.g_L = 0.0
    assert cells.g_L == 30.0
    with pytest.raises(KeyError, match="cells"):
        net.connect("cell", "cells")
    with pytest.raises(pm.InvalidError, match="fixed_indegree"):
        net.connect(cells, cells, rule="fixed_indegre")
    with pytest.raises(pm.InvalidError, match="delay"):
        net.connect(cells, cells, delay=-1.0)
    with pytest.raises(pm.InvalidError, match="shape|matrix"):
        net.connect(cells, cells, weight=np.zeros((3, 5)), delay=1.0)
    assert net.projections == [] and len(net) == 1


def test_files_are_named(tmp_path):
    """An error in a file has its name, line and key."""
    (tmp_path / "net.yaml").write_text("duration: 1.0\npopulations: [{name: a, size: 1, neuron: {C_m: -3}}]\n")
    with pytest.raises(pm.InvalidError) as caught:
        pm.load(tmp_path / "net.yaml")
    assert caught.value.file == str(tmp_path / "net.yaml")
    assert caught.value.line == 2
    assert "C_m" in caught.value.key
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.line, str(again)) == (2, str(caught.value))


def test_documentation_comes_from_the_tables():
    """help(net.lif) shows parameters, units and defaults as the library's tables have them."""
    assert "C_m: membrane capacitance, pF; 300" in pm.Network.lif.__doc__
    assert "C_m" in dir(pm.Network().lif("a", 1))
    normad = pm.kind("rule", "normad")
    assert normad.fields["normalisation"].default == "gram" and "none" in normad.fields["normalisation"].words
    assert set(pm.kinds()) >= {"neuron", "rule", "loss", "optimiser"}
    with pytest.raises(pm.InvalidError, match="normad"):
        pm.kind("rule", "norma")
