"""Training: the same trials as the program's, and experiments built here."""

import _thread
from pathlib import Path

import numpy as np
import pytest

import punctum as pm

XOR = Path(__file__).resolve().parents[2] / "data" / "experiments" / "xor.yaml"


def test_trials_are_those_of_the_program(program, tmp_path):
    program("train", XOR, "--trials", "1", "-o", tmp_path / "out", "--quiet")
    row = np.loadtxt(tmp_path / "out" / "trials.dat", ndmin=2)[0]
    trial = pm.Experiment.load(XOR).run(0)
    assert trial.converged and trial.iterations == row[2]
    assert trial.correlation == row[4] and trial.off == row[6]


def experiment(rule="normad", **more):
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.uniform(0, 40, 2)) for _ in range(30)]
    return pm.Experiment(
        [pm.Layer("input", 30), pm.Layer("output", 1, weight=pm.normal(300, 100))],
        [pm.Pattern(trains, [[20.0, 35.0]])],
        50.0,
        **{"iterations": 300, "goal": {"within": 0.1}, "rule": rule, "V_th": -60.0, **more},
    )


@pytest.mark.parametrize("rule", ["normad", {"normad": {"tau_hat": 3.0, "normalisation": "gram"}}, "exact_gradient"])
def test_an_experiment_built_here(rule):
    trainer = experiment(rule).trainer()
    first = trainer.step()
    last = trainer.train(60)
    assert first.iteration <= 1 and last.correlation >= first.correlation or last.best >= first.correlation


def test_learning(tmp_path):
    """Step by step or in one go, training ends alike; weights go through arrays and files to the bit."""
    e = experiment()
    trial = e.run()
    trainer = e.trainer()
    reports = []
    report = trainer.train(callback=reports.append)
    assert report.converged and trial.converged and len(reports) >= trial.iterations
    output = trainer.run(0)[1]
    assert np.abs(output.time - [20.0, 35.0]).max() < 0.1
    assert trainer.weights[0].shape == (1, 30)
    trainer.save(tmp_path / "w")
    other = e.trainer()
    other.load(tmp_path / "w")
    assert np.array_equal(other.weights[0], trainer.weights[0])
    other.weights = [np.zeros((1, 30))]
    assert len(other.run(0)[1].time) == 0
    e.set_weights(trainer.weights)
    assert np.array_equal(e.trainer().run(0)[1].time, output.time)
    assert np.array_equal(e.trainer().patterns[0].target[0], [20.0, 35.0])


def test_all_trials(program, tmp_path):
    """Trials in a folder are those of the program, and those of one at a time; an interrupted training goes on."""
    program("train", XOR, "--trials", "3", "--keep", "1", "-o", tmp_path / "program", "--quiet")
    e = pm.Experiment.load(XOR)
    e.trials = 3
    told = []
    trials = e.train(tmp_path / "package", callback=told.append)
    assert [t.number for t in trials] == [0, 1, 2] and told[-1].done == 3
    for name in ("trial-0/network-after-2.yaml", "trial-0/weights", "correlation.dat"):
        assert (tmp_path / "program" / name).read_bytes() == (tmp_path / "package" / name).read_bytes()
    one = e.run(1)
    assert one.iterations == trials[1].iterations and np.array_equal(one.history, trials[1].history)
    with pytest.raises(KeyboardInterrupt):
        e.train(tmp_path / "parts", jobs=1, callback=lambda p: p.iterations == 90 and _thread.interrupt_main())
    again = e.train(tmp_path / "parts", resume=True)
    assert [t.iterations for t in again] == [t.iterations for t in trials]
    with pytest.raises(pm.InvalidError, match="trials"):
        e.trials = 0


def test_schedule_and_restart():
    """Learning that slows down changes less; a trial that begins again has weights of its own."""
    fast, slow = experiment(), experiment(schedule={"decay": 1.0, "power": 4.0})
    begin = fast.trainer().weights[0]
    moved = []
    for e in (fast, slow):
        trainer = e.trainer()
        trainer.train(5)
        moved.append(np.abs(trainer.weights[0] - begin).sum())
    assert moved[1] < moved[0]
    short = experiment(goal={"within": 1e-9}, restart=2).trainer()
    short.train(3)
    assert short.report.iteration == 3 and not np.array_equal(short.weights[0], fast.trainer().weights[0])
    with pytest.raises(pm.InvalidError, match="did you mean 'power'"):
        experiment(schedule={"pover": 1.0})


def test_receptors(tmp_path):
    """What is built here is what the file says: the same trial, to the bit; the network that is left runs with them."""
    receptors = {"ampa": pm.exp2(5.0, 1.25), "gaba": pm.exp(8.0)}
    file = XOR.with_name("receptors-xor.yaml")
    loaded = pm.Experiment.load(file).trainer()
    patterns = [pm.Pattern(p.input, p.target) for p in loaded.patterns]
    divided = {"ampa": 44, "gaba": 10}
    built = pm.Experiment(
        [
            pm.Layer("input", 54),
            pm.Layer("hidden", 54, {"ampa": pm.normal(1760, 880), "gaba": pm.normal(-800, 400)}, receptor=divided),
            pm.Layer("output", 1, receptor=divided),
        ],
        patterns,
        30.0,
        seed=2020,
        goal={"within": 0.05},
        rule={
            "normad": {
                "tau_hat": 3.0, "tau_hat_hidden": 3.0, "step": 30.0, "approach": 0.5, "longest_step": 15000.0
            }
        },
        receptors=receptors,
    ).trainer()
    for _ in range(20):
        loaded.step(), built.step()
    assert all(np.array_equal(a, b) for a, b in zip(loaded.weights, built.weights))
    assert np.ptp(built.weights[1]) > 0.0
    with pytest.raises(pm.InvalidError, match="there is no 'gabba'; did you mean 'gaba'"):
        pm.Experiment([pm.Layer("i", 2), pm.Layer("o", 1, receptor="gabba")], [], 1.0, receptors=receptors)
    with pytest.raises(pm.InvalidError, match="as many as 'i' has neurons, 2"):
        pm.Experiment([pm.Layer("i", 2), pm.Layer("o", 1, receptor={"ampa": 3})], [], 1.0, receptors=receptors)


def test_mistakes_in_experiments():
    with pytest.raises(pm.InvalidError, match="normad"):
        experiment("norma")
    with pytest.raises(pm.InvalidError, match="tau_hat"):
        experiment({"normad": {"tau_ha": 3.0}})
    with pytest.raises(pm.InvalidError):
        experiment({"normad": {"tau_hat": -3.0}})
    with pytest.raises(pm.InvalidError, match="gram"):
        experiment({"normad": {"normalisation": "gra"}})
    with pytest.raises(pm.InvalidError, match="shapes"):
        experiment().trainer().weights = [np.zeros((2, 30))]


def test_exceptions_in_callbacks():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        experiment().run(callback=fail)
