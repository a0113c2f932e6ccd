"""What is described, given to the library: a function for each part of a network."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Mapping, Union, cast

import numpy as np

from . import _c
from .errors import InvalidError
from .kinds import kind
from .values import CellSpec, Receptor, kind_of

if TYPE_CHECKING:
    from .network import Current, Network, Population, Projection, Recording

# The rules of projections, and the number that each needs.
RULES = {
    "all_to_all": None,
    "one_to_one": None,
    "fixed_indegree": "indegree",
    "pairwise_bernoulli": "probability",
    "fixed_outdegree": "outdegree",
    "fixed_total_number": "total",
}


def neuron_of(spec: CellSpec) -> Any:
    """The parameters that are the same for all neurons."""
    neuron = _c.lib.pm_neuron_default()
    for name, value in spec.parameters.items():
        setattr(neuron, name, value)
    return neuron


def write_population(network: Network, handle: Any, p: Population, number: int) -> None:
    net, pinned, name = handle.pointer, _c.Pinned(), _c.text(p.name)
    if p.size < 0 or p.size >= 2**32:
        raise InvalidError(f"population '{p.name}': size is {p.size}; it must be from 1 to {2**32 - 1}", key="size")
    if p.kind == "spikes":
        events = pinned.items("pm_event", p.events)
        _c.call("pm_network_add_spike_source", net, name, p.size, events, len(p.events), None)
    elif p.kind == "poisson" and p.course:
        course = _c.new("pm_rate_course", **{k: v for k, v in p.course.items() if k != "steps"})
        if "steps" in p.course:
            course.steps = pinned.items("pm_step", p.course["steps"])
            course.n_steps = len(p.course["steps"])
        _c.call("pm_network_add_poisson_course", net, name, p.size, p.rate, ctypes.byref(course), None)
    elif p.kind == "poisson":
        _c.call("pm_network_add_poisson_source", net, name, p.size, p.rate, None)
    else:
        _c.call("pm_network_add_lif", net, name, p.size, ctypes.byref(neuron_of(p.spec)), None)
        _write_cells(net, number, p.spec, pinned)
    _c.call("pm_network_record_spikes", net, number, p.record_spikes)


def receptors_of(receptors: Mapping[str, Receptor], pinned: _c.Pinned) -> Any:
    """The library's receptors."""
    items = []
    for name, receptor in receptors.items():
        kernel = _c.lib.pm_kernel_find(_c.text(receptor.kernel))
        item = _c.new("pm_receptor", name=pinned.keep(_c.text(name)), kernel=kernel, peak=receptor.peak)
        item.parameters[: len(receptor.parameters)] = receptor.parameters
        items.append(item)
    return pinned.items("pm_receptor", items)


def _write_cells(net: Any, number: int, spec: CellSpec, pinned: _c.Pinned) -> None:
    if spec.receptors:
        _c.call("pm_network_set_receptors", net, number, receptors_of(spec.receptors, pinned), len(spec.receptors))
    for function, jumps in (("threshold", spec.threshold), ("after_spike", spec.after_spike)):
        if jumps:
            items = pinned.items("pm_jump", [_c.new("pm_jump", jump=j.jump, tau=j.tau) for j in jumps])
            _c.call(f"pm_network_set_{function}", net, number, items, len(jumps))
    if spec.reset and (spec.reset.subtract is not None or spec.reset.fraction is not None):
        if spec.reset.subtract is not None:
            reset = _c.new("pm_reset", kind=kind_of("PM_RESET_SUBTRACT"), subtract=spec.reset.subtract)
        else:
            reset = _c.new(
                "pm_reset", kind=kind_of("PM_RESET_FRACTION"), fraction=spec.reset.fraction, add=spec.reset.add
            )
        _c.call("pm_network_set_reset", net, number, ctypes.byref(reset))
    for name, drawn in spec.varied.items():
        if isinstance(drawn.value, np.ndarray):
            size = net.contents.populations[number].size
            if drawn.value.shape != (size,):
                raise InvalidError(f"{name}: values of shape {drawn.value.shape}; it must be ({size},)", key=name)
        distribution = _c.new("pm_distribution")
        drawn.write(distribution, pinned)
        _c.call("pm_network_vary", net, number, _c.text(name), ctypes.byref(distribution))


def synapse_of(synapse: Union[str, Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """A model of synapses with all its parameters; empty: static."""
    name, given = (synapse, {}) if isinstance(synapse, str) else next(iter(synapse.items()))
    model = kind("synapse", name)
    for key in given:
        model.field(key)
    defaults = {key: cast(float, field.default) for key, field in model.fields.items()}
    values = {key: float(given.get(key, default)) for key, default in defaults.items()}
    return {name: values} if name != "static" else {}


def write_projection(network: Network, handle: Any, p: Projection) -> None:
    pinned = _c.Pinned()
    rule = "SYNAPSE_LIST" if p.rule == "list" else p.rule.upper()
    c = _c.new("pm_projection", to=network.populations.index(p.post), rule=kind_of("PM_" + rule))
    setattr(c, "from", network.populations.index(p.pre))
    field = RULES.get(p.rule)
    if field:
        number = float(p.number) if field == "probability" else int(p.number)
        if isinstance(number, int) and (number != p.number or not 0 <= number < 2**32):
            raise InvalidError(f"rule: {p.rule} is {p.number}; it must be a whole number", key="rule")
        setattr(c, field, number)
    if p.rule == "list":
        c.synapses = pinned.items("pm_synapse", p.synapses)
        c.n_synapses = len(p.synapses)
    else:
        p.weights.write(c.weight, pinned)
        p.delays.write(c.delay, pinned)
    if p.receptor is not None:
        names = p.post.receptors
        if p.receptor not in names:
            raise InvalidError(
                f"receptor: population '{p.post.name}' has no '{p.receptor}'" + _c.nearest(p.receptor, names),
                key="receptor",
            )
        c.receptor = names.index(p.receptor)
    elif len(p.post.receptors) > 1:
        raise InvalidError(
            f"receptor: population '{p.post.name}' has several: {', '.join(p.post.receptors)}; one must be named",
            key="receptor",
        )
    for name, values in p.synapse.items():
        c.synapse = _c.lib.pm_synapse_model_find(_c.text(name))
        c.synapse_parameters[: len(values)] = list(values.values())
    c.size = ctypes.sizeof(c)
    c.no_autapses, c.no_multapses = not p.autapses, not p.multapses
    _c.call("pm_network_connect", handle.pointer, ctypes.byref(c))


def write_current(network: Network, handle: Any, current: Current) -> None:
    pinned = _c.Pinned()
    c = _c.new(
        "pm_current",
        kind=kind_of("PM_CURRENT_" + current.kind),
        population=network.populations.index(current.population),
        n_steps=len(current.steps),
    )
    if len(current.steps):
        c.steps = pinned.items("pm_step", current.steps)
    for key, value in current.numbers.items():
        setattr(c, key, value)
    if current.neurons is not None:
        c.neurons, c.n_neurons = pinned.indices(current.neurons), len(current.neurons)
    _c.call("pm_network_add_current", handle.pointer, ctypes.byref(c))


def write_recording(network: Network, handle: Any, population: Population, r: Recording) -> None:
    number, pinned = network.populations.index(population), _c.Pinned()
    neurons = pinned.indices(r.neurons)
    if r.quantity == "potential":
        _c.call("pm_network_record_potential", handle.pointer, number, neurons, len(r.neurons), r.interval)
        return
    receptor = _c.constants["PM_EVERY_RECEPTOR"]
    if r.receptor is not None:
        receptor = _c.index_of(population.receptors, r.receptor, "receptor")
    c = _c.new(
        "pm_potential_record",
        population=number,
        neurons=neurons,
        n_neurons=len(r.neurons),
        interval=r.interval,
        quantity=kind_of("PM_" + r.quantity.upper()),
        receptor=receptor,
    )
    _c.call("pm_network_record", handle.pointer, ctypes.byref(c))
