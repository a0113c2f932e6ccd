"""Standard cells, sources of spikes, sources of current, synapses. Parameters are kept in PyNN's units and converted
when a network is built."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import build_translations, cells, electrodes, synapses

from .simulator import NANO_TO_PICO, piecewise, state

MEMBRANE = ("v_rest", "cm", "tau_m", "tau_refrac", "v_thresh", "v_reset", "i_offset")
FOREVER = 1e11  # ms; PyNN's own word for without end is 1e12


def _same(*names: str) -> Any:
    return build_translations(*((name, name) for name in names))


class IF_curr_exp(cells.IF_curr_exp):
    __doc__ = cells.IF_curr_exp.__doc__
    translations = _same(*MEMBRANE, "tau_syn_E", "tau_syn_I")
    kernel = "exp"


class IF_curr_alpha(cells.IF_curr_alpha):
    __doc__ = cells.IF_curr_alpha.__doc__
    translations = _same(*MEMBRANE, "tau_syn_E", "tau_syn_I")
    kernel = "alpha"


class IF_curr_delta(cells.IF_curr_delta):
    __doc__ = cells.IF_curr_delta.__doc__
    translations = _same(*MEMBRANE)
    kernel = "impulse"


class SpikeSourceArray(cells.SpikeSourceArray):
    __doc__ = cells.SpikeSourceArray.__doc__
    translations = _same("spike_times")

    @staticmethod
    def draw(parameters: dict[str, Any], number: int, stream: Stream, begin: float, end: float) -> Any:
        """The spikes of a neuron in [begin, end)."""
        times = np.sort(np.asarray(parameters["spike_times"][number].value, dtype=float))
        return times[(times >= begin) & (times < end)]


class Stream:
    """The random numbers of a cell, and when it is to fire next where that is drawn already (ms)."""

    def __init__(self, *seeds: int) -> None:
        self.random = np.random.default_rng(seeds)
        self.next: Optional[float] = None


class _RenewalSource:
    """Fires after intervals (ms) that are drawn one after the other from the start on."""

    @classmethod
    def draw(cls, parameters: dict[str, Any], number: int, stream: Stream, begin: float, end: float) -> Any:
        """The spikes of a neuron in [begin, end)."""
        p = {name: values[number] for name, values in parameters.items()}
        stop, times = p["start"] + p["duration"], []
        if stream.next is None:
            stream.next = p["start"] + cls.interval(p, stream.random)
        while stream.next < min(stop, end):
            times.append(stream.next)
            stream.next += cls.interval(p, stream.random)
        return np.array(times)

    @staticmethod
    def interval(parameters: dict[str, Any], random: Any) -> float:
        raise NotImplementedError


class SpikeSourcePoissonRefractory(_RenewalSource, cells.SpikeSourcePoissonRefractory):
    __doc__ = cells.SpikeSourcePoissonRefractory.__doc__
    translations = _same("rate", "tau_refrac", "start", "duration")

    @staticmethod
    def interval(parameters: dict[str, Any], random: Any) -> float:
        """Of the given mean, the dead time included."""
        dead, mean = parameters["tau_refrac"], 1000.0 / parameters["rate"]
        if not mean > dead:
            raise ValueError(f"a rate of {parameters['rate']:g} Hz is not possible with a dead time of {dead:g} ms")
        return float(dead + random.exponential(mean - dead))


class SpikeSourceGamma(_RenewalSource, cells.SpikeSourceGamma):
    __doc__ = cells.SpikeSourceGamma.__doc__
    translations = _same("alpha", "beta", "start", "duration")

    @staticmethod
    def interval(parameters: dict[str, Any], random: Any) -> float:
        return float(random.gamma(parameters["alpha"], 1000.0 / parameters["beta"]))


class SpikeSourcePoisson(cells.SpikeSourcePoisson):
    __doc__ = cells.SpikeSourcePoisson.__doc__
    translations = _same("rate", "start", "duration")

    @staticmethod
    def draw(parameters: dict[str, Any], number: int, stream: Stream, begin: float, end: float) -> Any:
        """The spikes of a neuron in [begin, end)."""
        rate, first = parameters["rate"][number], parameters["start"][number]
        start, stop = max(first, begin), min(first + parameters["duration"][number], end)
        if not (rate > 0.0 and stop > start):
            return np.empty(0)
        count = stream.random.poisson(1e-3 * rate * (stop - start))
        return np.sort(stream.random.uniform(start, stop, count))


class Synapse:
    """dynamics: the parameters beside weight and delay; synapses that share them are of one model of the library."""

    dynamics: list[str] = []

    def _get_minimum_delay(self) -> Any:
        return state.dt if state.asked_delay == "auto" else state.asked_delay

    def model(self, values: Any) -> Any:
        """For Network.connect."""
        return "static"


class StaticSynapse(Synapse, synapses.StaticSynapse):
    __doc__ = synapses.StaticSynapse.__doc__
    translations = _same("weight", "delay")


class TsodyksMarkramSynapse(Synapse, synapses.TsodyksMarkramSynapse):
    __doc__ = synapses.TsodyksMarkramSynapse.__doc__
    dynamics = ["U", "tau_rec", "tau_facil"]
    translations = _same("weight", "delay", *dynamics)

    def model(self, values: Any) -> Any:
        U, tau_rec, tau_fac = values.tolist()[:3]
        return {"tsodyks": {"U": U, "u": U, "tau_rec": tau_rec, "tau_fac": tau_fac}}


# --- currents --------------------------------------------------------------------------------------------------------


class CurrentSource:
    """A current that is injected into cells. Epochs: its parameters, each from a time on; the last one holds."""

    def __init__(self, **parameters: Any) -> None:
        self.cells: list[tuple[Any, float]] = []  # and from when on
        self.epochs: list[tuple[float, dict[str, Any]]] = []
        super().__init__(**parameters)
        space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))
        space.update(**parameters)
        self.set_native_parameters(self.translate(space))
        state.current_sources.append(self)

    default_parameters: dict[str, Any]
    get_schema: Any
    translate: Any

    def set_native_parameters(self, parameters: Any) -> None:
        parameters.evaluate(simplify=True)
        values = dict(self.epochs[-1][1]) if self.epochs else {}
        for key, value in parameters.items():
            values[key] = np.asarray(value.value, float) if isinstance(value, Sequence) else float(value)
        self.epochs = [epoch for epoch in self.epochs if epoch[0] < state.t] + [(state.t, values)]
        state.forget()

    def get_native_parameters(self) -> Any:
        return ParameterSpace(dict(self.epochs[-1][1]))

    def inject_into(self, cells: Any) -> None:
        for cell in cells:
            if not cell.celltype.injectable:
                raise TypeError("Can't inject current into a spike source.")
        self.cells += [(cell, state.t) for cell in cells]
        state.forget()

    def record(self) -> None:
        """The current can be computed at any time."""

    def restart(self) -> None:
        self.epochs = [(0.0, self.epochs[-1][1])]
        self.cells = [(cell, 0.0) for cell, _ in self.cells]

    def prepare(self, until: float) -> bool:
        """Whether the network has to be built anew to run that far."""
        return False

    def course(self, values: dict[str, Any], until: float) -> list[tuple[float, float]]:
        """Steps: from when on (ms) which current (nA)."""
        raise NotImplementedError

    def sine(self, values: dict[str, Any]) -> Any:
        """amplitude (nA), frequency (Hz), phase (degrees) at t = 0, from, to (ms); None: there is none."""
        return None

    def build(self, network: Any) -> None:
        ends = [begin for begin, _ in self.epochs[1:]] + [np.inf]
        for cell, since in self.cells:
            place = (cell.parent.network_name, [cell.parent.id_to_index(cell)])
            for (begin, values), end in zip(self.epochs, ends):
                begin = max(begin, since)
                if begin >= end:
                    continue
                steps = piecewise(self.course(values, np.inf), begin, end)
                if any(value for _, value in steps):
                    network.current(*place, steps=[(time, NANO_TO_PICO * value) for time, value in steps])
                sine = self.sine(values)
                if sine and max(sine[3], begin) < min(sine[4], end):
                    stop = min(sine[4], end)
                    keys = ("amplitude", "frequency", "phase", "from", "to")
                    numbers = (NANO_TO_PICO * sine[0], sine[1], sine[2], max(sine[3], begin), stop)
                    network.current(*place, sine=dict(zip(keys, numbers if stop < FOREVER else (*numbers[:4], 0.0))))

    def _get_data(self) -> tuple[Any, Any]:
        times = state.dt * np.arange(int(round(state.t / state.dt)) + 1)
        current = np.zeros(len(times))
        ends = [begin for begin, _ in self.epochs[1:]] + [np.inf]
        for (begin, values), end in zip(self.epochs, ends):
            inside = (times >= begin) & (times < end)
            steps = self.course(values, state.t)
            if steps:
                number = np.searchsorted([time for time, _ in steps], times + 1e-9, side="right")
                current[inside] = np.array([0.0, *(value for _, value in steps)])[number][inside]
            if sine := self.sine(values):
                wave = sine[0] * np.sin(2e-3 * np.pi * sine[1] * times + np.radians(sine[2]))
                on = inside & (times > sine[3] - 1e-9) & (times < sine[4] - 1e-9)
                current[on] += wave[on]
        return times, current


class DCSource(CurrentSource, electrodes.DCSource):
    __doc__ = electrodes.DCSource.__doc__
    translations = _same("amplitude", "start", "stop")

    def course(self, values: dict[str, Any], until: float) -> list[tuple[float, float]]:
        stop = [(values["stop"], 0.0)] if values["stop"] < FOREVER else []
        return [(values["start"], values["amplitude"]), *stop] if values["start"] < values["stop"] else []


class StepCurrentSource(CurrentSource, electrodes.StepCurrentSource):
    __doc__ = electrodes.StepCurrentSource.__doc__
    translations = _same("amplitudes", "times")

    def set_native_parameters(self, parameters: Any) -> None:
        """Times go to the nearest time step, as in every simulator of PyNN; the last amplitude of a step holds."""
        super().set_native_parameters(parameters)
        values = self.epochs[-1][1]
        times, amplitudes = values["times"], values["amplitudes"]
        if np.any(times < 0.0):
            raise ValueError("Step current cannot accept negative timestamps.")
        if np.any(np.diff(times) <= 0.0):
            raise ValueError("Step current timestamps should be monotonically increasing.")
        steps, index = np.unique(np.flip(np.rint(times / state.dt)), return_index=True)
        values["times"], values["amplitudes"] = steps * state.dt, np.flip(amplitudes)[index]

    def course(self, values: dict[str, Any], until: float) -> list[tuple[float, float]]:
        return list(zip(values["times"].tolist(), values["amplitudes"].tolist()))


class ACSource(CurrentSource, electrodes.ACSource):
    __doc__ = electrodes.ACSource.__doc__
    translations = _same("amplitude", "start", "stop", "frequency", "offset", "phase")

    def course(self, values: dict[str, Any], until: float) -> list[tuple[float, float]]:
        stop = [(values["stop"], 0.0)] if values["stop"] < FOREVER else []
        return [(values["start"], values["offset"]), *stop] if values["start"] < values["stop"] else []

    def sine(self, values: dict[str, Any]) -> Any:
        phase = values["phase"] - 0.36 * values["frequency"] * values["start"]
        return values["amplitude"], values["frequency"], phase, values["start"], values["stop"]


class NoisyCurrentSource(CurrentSource, electrodes.NoisyCurrentSource):
    __doc__ = electrodes.NoisyCurrentSource.__doc__
    translations = _same("mean", "start", "stop", "stdev", "dt")

    def __init__(self, **parameters: Any) -> None:
        self.drawn: list[float] = []
        self.number = len(state.current_sources)
        super().__init__(**parameters)

    def prepare(self, until: float) -> bool:
        values = self.epochs[-1][1]
        wanted = int(np.ceil(max(min(until, values["stop"]) - values["start"], 0.0) / values["dt"])) + 1
        if len(self.drawn) >= wanted:
            return False
        # twice as many as are needed now, so that few networks are built in many short runs
        random = np.random.default_rng([state.seed, self.number])
        self.drawn = random.standard_normal(2 * wanted).tolist()
        return True

    def course(self, values: dict[str, Any], until: float) -> list[tuple[float, float]]:
        steps = [
            (values["start"] + k * values["dt"], values["mean"] + values["stdev"] * draw)
            for k, draw in enumerate(self.drawn)
            if values["start"] + k * values["dt"] < values["stop"]
        ]
        return [*steps, (values["stop"], 0.0)] if values["stop"] < FOREVER else steps
