"""What the program does with files and folders, from Python: the same bytes, the same numbers."""

import _thread
import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest

import punctum as pm

DATA = Path(__file__).resolve().parents[2] / "data"
SEARCH = """
experiment: {experiment}
seed: 7
samples: 4
trials: 2
iterations: 3
rounds: 2
vary:
  rule.normad.tau_hat: {{uniform: [1.5, 8.0]}}
  rule.normad.normalisation: {{choice: [gram, gram]}}
"""


def network():
    net = pm.Network(seed=3, duration=60.0)
    inputs = net.poisson("input", 20, rate=40.0)
    cells = net.lif("cells", 10, V_th=-60.0, t_ref=2.0)
    net.connect(inputs, cells, weight=900.0, delay=1.0)
    cells.record("potential", [0], interval=1.0)
    return net


def test_run_into_a_folder(program, tmp_path):
    path = DATA / "networks" / "cuba.yaml"
    text = path.read_text().replace("duration: 1000.0", "duration: 50.0")
    path = tmp_path / "cuba.yaml"
    path.write_text(text)
    program("run", path, "-o", tmp_path / "program", "--quiet")
    results = pm.load(path).run_into(tmp_path / "package")
    names = {p.name for p in (tmp_path / "program").iterdir()}
    assert {p.name for p in (tmp_path / "package").iterdir()} == names
    for name in names - {"summary.json"}:
        assert (tmp_path / "program" / name).read_bytes() == (tmp_path / "package" / name).read_bytes()
    assert results.reached == pm.load(path).duration and results.rates["e"] > 0.0


def test_checkpoints_in_a_folder(tmp_path):
    """A run that is stopped half way and goes on leaves what one without a break does."""
    net = network()
    net.run_into(tmp_path / "whole")

    class Enough(Exception):
        pass

    def stop(time, _spikes):
        raise Enough

    net.duration = 1000.0
    net.run_into(tmp_path / "long")
    with pytest.raises(Enough):
        net.run_into(tmp_path / "parts", checkpoint_every=50.0, callback=stop)
    assert not (tmp_path / "parts" / "summary.json").exists()
    net.run_into(tmp_path / "parts", checkpoint_every=50.0, resume=True)
    for name in ("spikes-cells.dat", "spikes-input.dat"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "long" / name).read_bytes()
    with pytest.raises(pm.InvalidError, match="did you mean 'clock'"):
        net.run_into(tmp_path / "no", engine="clok")
    run = network().simulation().run()
    assert np.array_equal(pm.read_spikes(tmp_path / "whole" / "spikes-cells.dat").time, run["cells"].time)


def test_export(tmp_path):
    net = network()
    assert net.export(tmp_path / "nest.py", "nest")["cells"].startswith("iaf_psc_exp_ps")
    net.export(tmp_path / "brian.py", "brian2")
    compile((tmp_path / "brian.py").read_text(), "brian.py", "exec")
    with pytest.raises(pm.InvalidError, match="did you mean 'nest'"):
        net.export(tmp_path / "x.py", "nes")
    with pytest.raises(pm.InvalidError):
        net.export(tmp_path / "x.txt", "nest")


def test_validation(program, tmp_path):
    net = network()
    net.populations[1].record_spikes = True
    shares = []
    how = {"schemes": ["exact-cubic", "rk-grid"], "smallest": 0.1}
    v = net.validate(tmp_path / "out", callback=shares.append, **how)
    assert v.steps[0] == 1.0 and np.all(np.diff(v.steps) < 0)
    row, column = v.schemes.index("exact-cubic"), int(np.flatnonzero(v.steps == 0.1)[0])
    assert v.median[row, column] < 1e-4 and v.missing[row, column] == 0
    assert np.isnan(v.median[v.schemes.index("exact-grid")]).all() and np.isnan(v.median[:, v.steps < 0.1]).all()
    assert v.potential_error < 1e-9 and v.spikes > 0 and shares == sorted(shares)
    assert (tmp_path / "out" / "validation.dat").exists()
    with pytest.raises(pm.InvalidError, match="rk-grid"):
        net.validate(schemes=["rk-gird"])


def searched(tmp_path):
    path = tmp_path / "search.yaml"
    path.write_text(SEARCH.format(experiment=DATA / "experiments" / "xor.yaml"))
    return path


def test_search(program, tmp_path):
    path = searched(tmp_path)
    program("search", path, "-o", tmp_path / "program", "--quiet")
    search = pm.Search.load(path)
    assert len(search) == 4 and search.varied[0] == "rule.normad.tau_hat"
    told = []
    points = search.run(tmp_path / "package", callback=told.append)
    assert [p.rounds for p in points] == sorted((p.rounds for p in points), reverse=True)
    assert 1.5 <= points[0].values["rule.normad.tau_hat"] <= 8.0
    assert points[0].values["rule.normad.normalisation"] == "gram" and told[-1].done == told[-1].trials
    for name in ("search.dat", "best.yaml"):
        assert (tmp_path / "program" / name).read_bytes() == (tmp_path / "package" / name).read_bytes()
    assert len(pm.Experiment.load(tmp_path / "package" / "best.yaml").sizes) == 3
    with pytest.raises(pm.InvalidError, match="no point 4"):
        search.values(4)
    with pytest.raises(pm.InvalidError):
        pm.Search.load(tmp_path / "none.yaml")


def test_interrupted_searches_go_on(tmp_path):
    search = pm.Search.load(searched(tmp_path))
    whole = search.run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        search.run(tmp_path / "parts", jobs=1, callback=lambda _p: _thread.interrupt_main())
    assert search.run(tmp_path / "parts", resume=True) == whole


def test_camera(tmp_path):
    camera = pm.Camera(threshold=0.4)
    assert camera.dark == pm.kind("camera", "camera").fields["dark"].default
    picture = np.zeros((28, 28), np.uint8)
    picture[8:20, 10:14] = 255
    events = camera.record(picture)
    assert len(events.time) > 100 and np.all(np.diff(events.time.astype(np.int64)) >= 0) and set(events.on) == {0, 1}
    camera.threshold = 0.2
    assert len(camera.record(picture).time) > len(events.time)
    copied = pickle.loads(pickle.dumps(camera))
    assert repr(copied) == repr(camera)
    with pytest.raises(pm.InvalidError, match="did you mean 'threshold'"):
        pm.Camera(treshold=1.0)
    with pytest.raises(pm.InvalidError):
        camera.record(np.zeros((40, 40)))
    with pytest.raises(pm.InvalidError):
        camera.record(np.full((4, 4), 300))


def test_films(program, tmp_path):
    pictures = np.zeros((3, 28, 28), np.uint8)
    pictures[:, 8:20, 10:14] = 255
    images, labels = tmp_path / "images.gz", tmp_path / "labels.gz"
    with gzip.open(images, "wb") as file:
        file.write(np.array([0x803, 3, 28, 28], ">u4").tobytes() + pictures.tobytes())
    with gzip.open(labels, "wb") as file:
        file.write(np.array([0x801, 3], ">u4").tobytes() + bytes([4, 7, 7]))
    program("camera", "-i", images, "-l", labels, "-o", tmp_path / "program", "--quiet", "--threshold", "0.4")
    film = pm.Camera(threshold=0.4).film(images, labels, tmp_path / "package")
    assert film.done == film.pictures == 3 and film.events > 300
    for path in (tmp_path / "program").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "package" / path.relative_to(tmp_path / "program")).read_bytes()
