"""Classification: the program's results, and examples given as arrays."""

import json

import numpy as np
import pytest

import punctum as pm

EXPERIMENT = {
    "duration": 40.0,
    "seed": 1,
    "data": {"yin_yang": {}, "train": 200, "validation": 50, "test": 100},
    "coding": {"latency": {"threshold": -1.0, "from": 0.0, "to": 20.0}, "bias": 0.0},
    "neuron": {"C_m": 300.0, "g_L": 30.0, "E_L": -70.0, "V_th": -50.0, "V_reset": -70.0},
    "layers": [{"size": 30, "weight": {"normal": [900.0, 600.0]}}, {"size": 3, "weight": {"normal": [50.0, 30.0]}}],
    "loss": {"discounted": {"scale": 0.3, "tau": 10.0}},
    "epochs": 3,
    "batch": 20,
    "rate": 20.0,
}
GIVEN = {**EXPERIMENT, "data": {"given": {"classes": 3}}}


def test_trainings_are_those_of_the_program(program, tmp_path):
    """The same decisions and losses, to the bit; the program tests what was trained here, and the other way round."""
    (tmp_path / "e.yaml").write_text(json.dumps(EXPERIMENT))
    program("train", "e.yaml", "-o", "program", "--quiet", cwd=tmp_path)
    summary = json.loads((tmp_path / "program" / "summary.json").read_text())
    c = pm.Classification.load(tmp_path / "e.yaml")
    outcome = c.train(tmp_path / "here", threads=2)
    assert outcome.test.n == 100 and outcome.confusion.sum() == 100 and len(outcome.epochs) == 3
    assert outcome.test.correct == summary["test"]["correct"] and outcome.test.loss == summary["test"]["loss"]
    assert np.trace(outcome.confusion) == outcome.test.correct > 50
    program("test", "e.yaml", "here", "-o", "tested", cwd=tmp_path)
    again = c.test(tmp_path / "program")
    assert again.test == outcome.test and np.array_equal(again.confusion, outcome.confusion)
    assert [e.train for e in again.epochs] == [e.train for e in outcome.epochs]


def test_weights_begin_a_training(tmp_path):
    """A training that begins with the weights of another one knows what that has learnt."""
    c = pm.Classification(EXPERIMENT)
    first = c.train(tmp_path / "a")
    second = c.train(weights=tmp_path / "a" / "weights")
    assert second.epochs[0].train.loss < first.epochs[0].train.loss
    with pytest.raises(pm.InvalidError, match="nowhere"):
        c.train(weights=tmp_path / "nowhere")
    outcome = c.test(tmp_path / "a", network=tmp_path / "net")
    spikes = pm.load(tmp_path / "net" / "network.yaml").simulation().run()
    trained = c.trainer()
    trained.load_weights(tmp_path / "a" / "weights")
    trained.test(c.data()[2])
    # another engine, whose times differ by rounding
    assert spikes["layer-1"].time == pytest.approx(trained.run(c.data()[2], 0)[1].time, abs=1e-10)
    assert outcome.test.n == 100 and len(spikes["layer-1"]) > 0
    trainer, other = c.trainer(), c.trainer()
    trainer.load_weights(tmp_path / "a" / "weights")
    for binary in (False, True):
        trainer.save_weights(tmp_path / "w", binary)
        assert (tmp_path / "w").read_bytes().startswith(b"PMWEIGH" if binary else b"# punctum weights")
        other.load_weights(tmp_path / "w")
        _, validation, _ = c.data()
        assert other.test(validation).test == trainer.test(validation).test


def test_given_examples_and_epochs(tmp_path):
    """Examples in arrays are as good as the experiment's own, as a whole and epoch by epoch."""
    c = pm.Classification(EXPERIMENT)
    train, validation, test = c.data()
    assert len(train) == 200 and train.classes == 3 and train.features.shape == (200, 4)
    expected = c.train()
    given = pm.Classification(GIVEN)
    sets = [pm.Dataset(s.features, s.labels, classes=3) for s in (train, validation, test)]
    outcome = given.train(tmp_path / "a", train=sets[0], validation=sets[1], test=sets[2])
    assert outcome.test == expected.test
    tested = given.test(tmp_path / "a", data=sets[2], train=sets[0])
    assert np.array_equal(tested.confusion, expected.confusion)
    trainer = given.trainer(sets[0])
    epochs = [trainer.advance(sets[1]) for _ in range(2)]
    (tmp_path / "b").mkdir()
    trainer.save(tmp_path / "b", epochs)
    other = given.trainer(sets[0])
    assert [e.train for e in other.restore(tmp_path / "b")] == [e.train for e in epochs] and other.epochs == 2
    assert other.advance(sets[1]).train == trainer.advance(sets[1]).train
    assert [e.validation for e in (*epochs,)] == [e.validation for e in outcome.epochs[:2]]
    assert trainer.test(sets[2]).test == expected.test
    layers = trainer.run(sets[2], 0)
    assert len(layers) == 3 and len(layers[0].time) == 5 and len(layers[1].time) > 0
    assert trainer.tables()["weights-1"].shape == (30, 5)


def test_numbers_and_models():
    """Numbers by their keys; other models train, too."""
    c = pm.Classification(EXPERIMENT)
    assert c["epochs"] == 3 and c["rate"] == 20.0
    c["epochs"] = 1
    assert len(c.train().epochs) == 1
    with pytest.raises(KeyError, match="epoch"):
        c["epoch"]
    with pytest.raises(pm.InvalidError, match="rate"):
        c["rate"] = -1.0
    pixels = np.random.default_rng(1).integers(0, 256, (40, 4, 4), dtype=np.uint8)
    data = pm.Dataset(pixels, np.arange(40) % 2)
    assert data.shape == (4, 4) and "16 features" in repr(data)
    given = {"data": {"given": {"classes": 2}}, "model": {"lee": {}}, "epochs": 1, "batch": 10, "layers": [8, 2]}
    assert pm.Classification(given).trainer(data).advance().train.n == 40


def test_mistakes_and_exceptions():
    with pytest.raises(pm.InvalidError, match="epochs"):
        pm.Classification({**EXPERIMENT, "epochs": -1})
    with pytest.raises(pm.InvalidError, match="labels"):
        pm.Dataset(np.zeros((3, 2)), [0, 1])
    with pytest.raises(pm.InvalidError):
        pm.Dataset(np.full((2, 2), 1.5), [0, 1])
    with pytest.raises(pm.InvalidError):
        pm.Classification(GIVEN).train()

    def fail(epoch, done, score):
        if epoch == 1 and done == 60:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pm.Classification(EXPERIMENT).train(callback=fail)
    trainer = pm.Classification(EXPERIMENT).trainer()
    with pytest.raises(ZeroDivisionError):
        trainer.advance(callback=lambda *_: 1 / 0)
