"""A network that the library has loaded, in the terms of this package."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from . import _c
from .kinds import kinds
from .network import (
    CURRENTS,
    PARAMETERS,
    QUANTITIES,
    Current,
    Network,
    Population,
    Projection,
    Recording,
)
from .values import EVENT, STEP, SYNAPSE, CellSpec, Drawn, Jump, Receptor, Reset
from .writing import RULES


def read_network(kind: type[Network], handle: Any) -> Network:
    c = handle.c
    net = kind(seed=c.seed, duration=c.duration)
    net.populations = [_population(net, c.populations[k]) for k in range(c.n_populations)]
    net.projections = [_projection(net, c.projections[k]) for k in range(c.n_projections)]
    for k in range(c.n_potentials):
        net.recordings.append(_recording(net, c.potentials[k]))
    for k in range(c.n_currents):
        net.currents.append(_current(net, c.currents[k]))
    net._handle = handle
    return net


def _population(net: Network, c: Any) -> Population:
    kinds = {_c.constants["PM_LIF"]: "lif", _c.constants["PM_SPIKE_SOURCE"]: "spikes"}
    population = Population(net, c.name.decode(), c.size, kinds.get(c.kind, "poisson"))
    fields = population.__dict__
    fields["record_spikes"] = bool(c.record_spikes)
    if population.kind == "spikes":
        fields["events"] = _c.seen(c.events, c.n_events, EVENT)
    elif population.kind == "poisson":
        fields["rate"] = float(c.rate)
        fields["course"] = _course(c)
    else:
        fields["spec"] = _cells(c)
    return population


def _course(c: Any) -> dict[str, Any]:
    course = c.course
    if course.n_steps:
        return {"steps": _c.seen(course.steps, course.n_steps, STEP)}
    if course.amplitude:
        return {"amplitude": course.amplitude, "frequency": course.frequency, "phase": course.phase}
    return {}


def _cells(c: Any) -> CellSpec:
    spec = CellSpec({name: float(getattr(c.neuron, name)) for name in PARAMETERS})
    kernels = {_c.lib.pm_kernel_find(_c.text(name)): kernel for name, kernel in kinds("receptor").items()}
    for k in range(c.n_receptors):
        r = c.receptors[k]
        kernel = kernels[r.kernel]
        values = tuple(r.parameters[: len(kernel.fields)])
        spec.receptors[r.name.decode()] = Receptor(kernel.name, values, bool(r.peak))
    spec.threshold = [Jump(c.threshold[k].jump, c.threshold[k].tau) for k in range(c.n_threshold)]
    spec.after_spike = [Jump(c.after_spike[k].jump, c.after_spike[k].tau) for k in range(c.n_after_spike)]
    if c.reset.kind == _c.constants["PM_RESET_SUBTRACT"]:
        spec.reset = Reset(subtract=c.reset.subtract)
    elif c.reset.kind == _c.constants["PM_RESET_FRACTION"]:
        spec.reset = Reset(fraction=c.reset.fraction, add=c.reset.add)
    if c.varied:
        for k, name in enumerate((*PARAMETERS, "V_m")):
            drawn = Drawn.read(c.varied[k], (c.size,))
            if not isinstance(drawn.value, float):
                spec.varied[name] = drawn
    return spec


def _projection(net: Network, c: Any) -> Projection:
    pre, post = net.populations[getattr(c, "from")], net.populations[c.to]
    names = {_c.constants["PM_" + name.upper()]: name for name in RULES}
    p = Projection(net, pre, post, names.get(c.rule, "list"))
    if p.rule == "list":
        p.synapses = _c.seen(c.synapses, c.n_synapses, SYNAPSE)
        p._drawn, p._original = p.synapses, p.synapses.copy()
    else:
        shape = (post.size, pre.size)
        p.weights, p.delays = Drawn.read(c.weight, shape), Drawn.read(c.delay, shape)
    field = RULES.get(p.rule)
    p.number = getattr(c, field) if field else 0
    if post.receptors:
        p.receptor = post.receptors[c.receptor]
    if c.synapse:
        models = {_c.lib.pm_synapse_model_find(_c.text(name)): model for name, model in kinds("synapse").items()}
        model = models[c.synapse]
        p.synapse = {model.name: dict(zip(model.fields, c.synapse_parameters))} if model.fields else {}
    p.autapses = not c.no_autapses
    p.multapses = not c.no_multapses
    return p


def _recording(net: Network, c: Any) -> tuple[Population, Recording]:
    population = net.populations[c.population]
    quantity, receptor = {_c.constants["PM_" + name.upper()]: name for name in QUANTITIES}[c.quantity], None
    if quantity == "current" and c.receptor != _c.constants["PM_EVERY_RECEPTOR"] and population.receptors:
        receptor = population.receptors[c.receptor]
    neurons = _c.seen(ctypes.cast(c.neurons, ctypes.c_void_p), c.n_neurons, np.uint32)
    return population, Recording(quantity, neurons, c.interval, receptor)


def _current(net: Network, c: Any) -> Current:
    kinds = {_c.constants["PM_CURRENT_" + name]: name for name in CURRENTS}
    kind = kinds[c.kind]
    neurons = _c.seen(c.neurons, c.n_neurons, np.uint32) if c.neurons else None
    steps = _c.seen(c.steps, c.n_steps, STEP)
    return Current(
        net.populations[c.population], neurons, kind, steps, {name: getattr(c, name) for name in CURRENTS[kind]}
    )
