#!/usr/bin/env python3
"""Files of examples for recurrent networks, in the form of the Spiking Heidelberg Digits: 700 channels, 20 classes.

    scripts/spoken.py make DIR [--seed 1] [--train 1000] [--test 400] [--spikes 500] [--classes 20]
    scripts/spoken.py convert DIR shd_train.h5 shd_test.h5

`make` draws a synthetic set: every class is a word of three formants, whose tracks over channels and loudness over time
are drawn once; every example is that word at a speed, pitch and loudness of its own, heard by channels that fire as
Poisson processes. `convert` takes the original files (https://zenkelab.org/datasets), keeping every bit of their times;
it needs h5py. Both write DIR/train.dat and DIR/test.dat: a row with the label, then rows `channel time_ms`.
"""
import argparse
import pathlib

import numpy as np

CHANNELS = 700
FORMANTS = 3
KNOTS = 5


def word(rng):
    """Tracks of the formants: channels and loudness at knots over time, and the length in ms."""
    low = np.array([60.0, 230.0, 420.0])[:, None]
    return low + rng.uniform(0.0, 190.0, (FORMANTS, KNOTS)), rng.uniform(0.1, 1.0, (FORMANTS, KNOTS)), rng.uniform(
        350.0, 600.0)


def along(part, formant, of):
    """Values of formants at parts of a word, straight from knot to knot."""
    at = part * (KNOTS - 1)
    left = np.minimum(at.astype(int), KNOTS - 2)
    return of[formant, left] + (at - left) * (of[formant, left + 1] - of[formant, left])


def speak(rng, of, spikes):
    """One example: times (ms) and channels, in order of time."""
    tracks, loudness, length = of
    speed, pitch, onset = rng.uniform(0.85, 1.15), rng.normal(0.0, 12.0), rng.uniform(0.0, 40.0)
    loud = loudness * rng.uniform(0.7, 1.3, loudness.shape)
    n = rng.poisson(spikes)
    part = rng.uniform(0.0, 1.0, 4 * n)  # of the word; thinned by loudness
    formant = rng.integers(0, FORMANTS, 4 * n)
    level = along(part, formant, loud)
    keep = np.flatnonzero(rng.uniform(0.0, 1.3, 4 * n) < level)[:n]
    part, formant = part[keep], formant[keep]
    centre = along(part, formant, tracks)
    channel = np.clip(np.rint(centre + pitch + rng.normal(0.0, 10.0, len(part))), 0, CHANNELS - 1).astype(int)
    time = onset + part * length / speed
    order = np.lexsort((channel, time))
    return time[order], channel[order]


def write(path, examples):
    with open(path, "w", encoding="ascii") as file:
        file.write("# label of an example, then its spikes: channel time_ms\n")
        for label, time, channel in examples:
            file.write(f"{label}\n")
            file.writelines(f"{c} {t!r}\n" for c, t in zip(channel.tolist(), time.tolist()))


def make(o):
    words = [word(np.random.Generator(np.random.PCG64([o.seed, k]))) for k in range(o.classes)]
    for number, (name, n) in enumerate((("train", o.train), ("test", o.test))):
        rng = np.random.Generator(np.random.PCG64([o.seed, 1000 + number]))
        labels = rng.permutation(np.arange(n) % o.classes)
        write(o.folder / f"{name}.dat", ((k, *speak(rng, words[k], o.spikes)) for k in labels.tolist()))


def convert(o):
    import h5py  # only here

    for name, path in (("train", o.files[0]), ("test", o.files[1])):
        with h5py.File(path) as file:
            times, units, labels = file["spikes"]["times"], file["spikes"]["units"], file["labels"]
            write(o.folder / f"{name}.dat", ((int(labels[k]), np.asarray(times[k], dtype=float) * 1000.0,
                                              np.asarray(units[k], dtype=int)) for k in range(len(labels))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "convert"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--test", type=int, default=400)
    parser.add_argument("--spikes", type=float, default=500.0, help="of an example, on average")
    parser.add_argument("--classes", type=int, default=20)
    o = parser.parse_args()
    if (o.what == "convert") != (len(o.files) == 2):
        parser.error("convert takes the two files of the original set, make takes none")
    o.folder.mkdir(parents=True, exist_ok=True)
    (convert if o.what == "convert" else make)(o)


if __name__ == "__main__":
    main()
