"""Populations, views and assemblies."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.parameters import ParameterSpace, simplify

import punctum as pm

from .recording import Recorder
from .simulator import ID, NANO_TO_PICO, state
from .standardmodels import Stream


class Assembly(common.Assembly):
    __doc__ = common.Assembly.__doc__
    _simulator = __import__("punctum.pynn.simulator", fromlist=["state"])


class _Parameters:
    """Parameters of a population or of a part of it."""

    celltype: Any
    size: int

    def _arrays(self) -> tuple[dict[str, Any], Any]:
        """Those of the whole population, and which of them are meant."""
        raise NotImplementedError

    @staticmethod
    def check_trains(values: dict[str, Any]) -> None:
        """Spike times ascend."""
        for train in np.atleast_1d(values.get("spike_times", np.empty(0))):
            if np.any(np.diff(np.asarray(train.value, float)) < 0.0):
                raise errors.InvalidParameterValueError("spike times must ascend")

    def _get_parameters(self, *names: str) -> Any:
        arrays, part = self._arrays()
        native = {name: simplify(arrays[name][part]) for name in self.celltype.get_native_names(*names)}
        return self.celltype.reverse_translate(ParameterSpace(native, shape=(self.size,)))

    def _set_parameters(self, parameter_space: Any) -> None:
        arrays, part = self._arrays()
        parameter_space.evaluate(simplify=False)
        if self.celltype.injectable:
            state.changed("parameters of neurons")
        values = dict(parameter_space.items())
        self.check_trains(values)
        for name, value in values.items():
            arrays[name][part] = value

    def _get_view(self, selector: Any, label: Any = None) -> Any:
        return PopulationView(self, selector, label)


class PopulationView(_Parameters, common.PopulationView):
    __doc__ = common.PopulationView.__doc__
    _simulator = Assembly._simulator
    _assembly_class = Assembly

    def _arrays(self) -> tuple[dict[str, Any], Any]:
        parent, part = self.parent, np.arange(self.parent.size)[self.mask]
        while isinstance(parent, PopulationView):
            part = np.arange(parent.parent.size)[parent.mask][part]
            parent = parent.parent
        return parent.parameters, part

    def _set_initial_value_array(self, variable: str, initial_values: Any) -> None:
        state.changed("initial values")


class Population(_Parameters, common.Population):
    __doc__ = common.Population.__doc__
    _simulator = Assembly._simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    def _create_cells(self) -> None:
        ids = np.arange(state.id_counter, state.id_counter + self.size)
        self.all_cells = np.array([ID(int(number)) for number in ids], dtype=ID)
        self._mask_local = np.ones(self.size, bool)
        for cell in self.all_cells:
            cell.parent = self
        state.id_counter += self.size
        space = self.celltype.native_parameters
        space.shape = (self.size,)
        space.evaluate(simplify=False)
        self.parameters: dict[str, Any] = {
            name: np.array(np.broadcast_to(values, (self.size,))) for name, values in space.as_dict().items()
        }
        self.check_trains(self.parameters)
        self.network_name = f"p{len(state.populations)}"
        state.populations.append(self)
        state.changed("the network")
        self.restart()

    def _arrays(self) -> tuple[dict[str, Any], Any]:
        return self.parameters, slice(None)

    def _set_initial_value_array(self, variable: str, initial_values: Any) -> None:
        state.changed("initial values")

    # --- running -------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        self.fired: list[tuple[float, Any, Any]] = []  # up to when, neurons, times
        if not self.celltype.injectable:
            self.streams = [Stream(state.seed, int(cell)) for cell in self.all_cells]

    def build(self, network: Any) -> None:
        if self.celltype.injectable:
            self._build_cells(network)
        else:
            network.spikes(self.network_name, self.size)

    def _build_cells(self, network: Any) -> None:
        p = self.parameters
        kernel = self.celltype.kernel
        parameters: dict[str, Any] = {
            "C_m": NANO_TO_PICO * p["cm"],
            "g_L": NANO_TO_PICO * p["cm"] / p["tau_m"],
            "E_L": p["v_rest"],
            "V_th": p["v_thresh"],
            "V_reset": p["v_reset"],
            "t_ref": p["tau_refrac"],
            "I_e": NANO_TO_PICO * p["i_offset"],
        }
        receptors = None
        if kernel == "impulse":
            parameters.update(tau_1=0.0, tau_2=0.0)
        else:
            times = [self._common(name) for name in ("tau_syn_E", "tau_syn_I")]
            if kernel == "exp" and times[0] == times[1]:
                parameters.update(tau_1=times[0], tau_2=0.0)
            else:
                make = getattr(pm, kernel)
                receptors = {"excitatory": make(times[0]), "inhibitory": make(times[1])}
        v = np.broadcast_to(np.asarray(self.initial_values["v"].evaluate(simplify=False), float), (self.size,))
        initial = None if np.array_equal(v, parameters["E_L"]) else {"V_m": v}
        for name, values in parameters.items():
            array = np.asarray(values, float)
            parameters[name] = float(array.flat[0]) if np.all(array == array.flat[0]) else array
        network.lif(self.network_name, self.size, receptors=receptors, initial=initial, **parameters)

    def _common(self, name: str) -> float:
        values = self.parameters[name]
        if np.any(values != values[0]):
            raise NotImplementedError(f"{name} must be the same for all neurons of a population")
        return float(values[0])

    def fire(self, simulation: Any, begin: float, end: float) -> None:
        """Spikes of sources in [begin, end): those that were fired before, or new ones."""
        if self.celltype.injectable:
            return
        known = self.fired[-1][0] if self.fired else 0.0
        if end > known:
            parts = [self.celltype.draw(self.parameters, k, self.streams[k], known, end) for k in range(self.size)]
            numbers = np.repeat(np.arange(self.size), [len(part) for part in parts])
            self.fired.append((end, numbers, np.concatenate(parts) if parts else np.empty(0)))
        for _, numbers, times in self.fired:
            inside = (times >= begin) & (times < end)
            if inside.any():
                simulation.inject(self.network_name, numbers[inside], times[inside])
