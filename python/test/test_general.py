"""General neurons: everything that is described here runs as in a network file."""

import pickle
import runpy
import tarfile
from pathlib import Path

import numpy as np
import pytest

import punctum as pm

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["adaptive", "alpha", "currents", "everything", "receptors"])
def test_files_go_through_the_description(name, program, tmp_path):
    """Loaded, pickled and written into the library again: the bits of the program."""
    path = ROOT / "test" / "reference" / "general" / name / "network.yaml"
    program("run", path, "-o", tmp_path, "--quiet")
    net = pickle.loads(pickle.dumps(pm.load(path)))
    run = net.simulation().run()
    seen = 0
    for spikes in run.values():
        file = tmp_path / f"spikes-{spikes.name}.dat"
        if file.exists() and len(spikes):
            neuron, time, slope = np.loadtxt(file, ndmin=2).T
            assert np.array_equal(spikes.time, time) and np.array_equal(spikes.neuron, neuron)
            assert np.array_equal(spikes.slope, slope)
            seen += len(spikes)
    assert seen > 20


def test_two_receptors():
    """Currents of two receptors are those of their kernels, and add up."""
    net = pm.Network()
    a, b = net.spikes("a", times=[[1.0]]), net.spikes("b", times=[[2.0]])
    receptors = {"fast": pm.exp2(4, 1, peak=True), "slow": pm.alpha(5)}
    c = net.lif("c", 1, receptors=receptors, V_th=100.0)
    first = net.connect(a, c, receptor="fast", weight=100.0)
    second = net.connect(b, c, receptor="slow", weight=-30.0)
    assert (first.weight[0], second.weight[0]) == (100.0, -30.0)
    c.record("current", interval=0.5)
    c.record("current", interval=0.5, receptor="slow")
    run = net.simulation().run(20.0)["c"]
    t = run.current.time
    slow = np.where(t > 2.0, -30.0 * (t - 2.0) / 5.0 * np.exp(1.0 - (t - 2.0) / 5.0), 0.0)
    # rounding: a few operations on numbers of the size of the weight
    assert run.samples["current of slow"].values[:, 0] == pytest.approx(slow, abs=1e-12)
    peak = (run.current.values[:, 0] - slow).max()
    assert 99.0 < peak <= 100.0 + 1e-10
    for receptor, message in (("medium", "did you mean|there are"), (None, "several")):
        with pytest.raises(pm.InvalidError, match=message):
            net.connect(a, c, receptor=receptor)


def test_parameters_differ():
    """Values for each neuron are those that act; distributions are drawn from the seed."""
    net = pm.Network()
    v = net.lif("v", 3, E_L=[-70.0, -60.0, -50.0], V_th=100.0, initial={"V_m": [-70.0, -60.0, -80.0]})
    sim = net.simulation()
    sim.run(1e3)
    assert sim.state(v).potential == pytest.approx([-70.0, -60.0, -50.0], rel=1e-12)
    assert np.array_equal(v.E_L, [-70.0, -60.0, -50.0])
    with pytest.raises(pm.InvalidError, match="shape"):
        net.lif("w", 3, E_L=[-70.0, -60.0])


def adaptive(parameters):
    """Neurons with all that general ones have."""
    p = dict(parameters)
    net = pm.Network(seed=3)
    inputs = net.spikes("input", times=[[1.0, 9.0], [2.0, 30.0], [4.5]])
    cells = net.lif(
        "cells", 2, I_e=[p["I_e"], 800.0], t_ref=1.0, V_th=-55.0,
        receptors={"fast": pm.exp(p["tau"]), "slow": pm.alpha(6.0)},
        threshold=[(p["jump"], 20.0)], after_spike=[(-40.0, 30.0)],
    )  # fmt: skip
    net.connect(inputs, cells, receptor="fast", weight=p["weight"], delay=1.0)
    net.connect(cells, cells, receptor="slow", weight=30.0, delay=p["delay"], autapses=False)
    return net


def test_gradients_of_general_neurons():
    """Derivatives with respect to whatever moves spikes are those of finite differences."""
    at = {"I_e": 900.0, "tau": 3.0, "jump": 2.0, "weight": 180.0, "delay": 2.5}

    def loss(parameters):
        return np.sum(adaptive(parameters).simulation().run(40.0)["cells"].time)

    net = adaptive(at)
    run = net.simulation().run(40.0)
    g = run.backward({"cells": np.ones(len(run["cells"]))}, parameters=True)
    first, second = net.projections
    found = {
        "I_e": g["cells"].I_e[0],
        "tau": g["cells"].receptors["fast"][0],
        "jump": g["cells"].threshold_jumps[0, 0],
        "weight": g[first].weight.sum(),
        "delay": g[second].delay.sum(),
    }
    assert len(run["cells"]) > 4
    for name, step in {"I_e": 1e-4, "tau": 1e-6, "jump": 1e-6, "weight": 1e-4, "delay": 1e-6}.items():
        up, down = ({**at, name: at[name] + sign * step} for sign in (1, -1))
        # central differences of sums of times: an error of second order, and rounding of 1e-13 over the step
        assert found[name] == pytest.approx((loss(up) - loss(down)) / (2 * step), rel=1e-5), name
    assert np.array_equal(run.backward({"cells": np.ones(len(run["cells"]))})[first].weight, g[first].weight)
    with pytest.raises(AttributeError, match="parameters=True"):
        run.backward({})["cells"].I_e


def test_source_distribution(tmp_path):
    """It has all that program, package, tests and documentation are made from."""
    with tarfile.open(tmp_path / runpy.run_path(str(ROOT / "python" / "backend.py"))["build_sdist"](tmp_path)) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames()}
    assert {"PKG-INFO", "mkdocs.yml", ".clang-format"} < names
    for room in ("src", "include", "python", "docs", "data", "test", "scripts"):
        files = (path.relative_to(ROOT).as_posix() for path in (ROOT / room).rglob("*") if path.is_file())
        missing = {name for name in files if not name.endswith((".gz", ".pyc", ".so", "_declarations.py"))} - names
        assert not missing
