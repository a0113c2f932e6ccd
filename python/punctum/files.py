"""Spike files, and other packages' tables."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import numpy as np
import numpy.typing as npt

from . import _c
from ._c import Path
from .errors import InvalidError
from .values import Array

if TYPE_CHECKING:
    from .simulation import Run


class SpikeTable(NamedTuple):
    """The columns of a spike file."""

    time: Array  # ms
    neuron: Array
    slope: Array  # mV/ms, 0 where the file has none


def read_spikes(path: Path) -> SpikeTable:
    """Reads a spike file: neuron, time (ms) and any further columns, of which the third is the slope."""
    pointer, n = ctypes.c_void_p(), ctypes.c_size_t()
    _c.call("pm_spikes_read", _c.path(path), ctypes.byref(pointer), ctypes.byref(n))
    table = _c.adopt(pointer, n.value, _c.dtype_of("pm_spike"))
    return SpikeTable(table["time"], table["neuron"], table["slope"])


def write_spikes(path: Path, time: npt.ArrayLike, neuron: npt.ArrayLike, slope: Optional[npt.ArrayLike] = None) -> None:
    """Writes a spike file with all digits. The file appears whole or not at all."""
    times, numbers = np.asarray(time, dtype=np.float64), np.asarray(neuron)
    slopes = np.zeros(len(times)) if slope is None else np.asarray(slope, dtype=np.float64)
    if not len(times) == len(numbers) == len(slopes):
        raise InvalidError(
            f"{len(times)} times, {len(numbers)} neurons, {len(slopes)} slopes; as many of each are needed"
        )
    partial = f"{os.fspath(path)}.partial"
    with open(partial, "w", encoding="ascii") as file:
        file.write("# neuron time_ms dVdt_mV_per_ms\n")
        file.writelines(
            f"{k} {t:.17g} {s:.17g}\n" for k, t, s in zip(numbers.tolist(), times.tolist(), slopes.tolist())
        )
    os.replace(partial, path)


def to_neo(run: Run) -> Any:
    import neo
    import quantities as pq

    block = neo.Block(description="punctum")
    segment = neo.Segment(name="run")
    block.segments.append(segment)
    for spikes in run.values():
        if spikes.recorded:
            for k, train in enumerate(spikes.trains()):
                segment.spiketrains.append(
                    neo.SpikeTrain(
                        train,
                        units=pq.ms,
                        t_start=run.start * pq.ms,
                        t_stop=run.stop * pq.ms,
                        name=f"{spikes.name}[{k}]",
                    )
                )
        for name, samples in spikes.samples.items():
            units = pq.pA if name.startswith("current") else pq.mV
            signal = neo.AnalogSignal(
                samples.values,
                units=units,
                sampling_period=samples.interval * pq.ms,
                t_start=(samples.time[0] if len(samples.time) else run.start) * pq.ms,
                name=f"{name} of {spikes.name}",
            )
            signal.annotate(neurons=samples.neurons.tolist())
            segment.analogsignals.append(signal)
    return block
