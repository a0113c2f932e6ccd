/* A network as a script for another simulator. The script holds the parameters; every synapse, every
 * input spike, parameters that differ from neuron to neuron, and injected currents stand in text files beside it, so
 * that both simulators run the same network, random choices included. */
#define _GNU_SOURCE
#include "io/export.h"
#include "base/sized.h"

#include "model/kernel.h"
#include "model/neuron.h"
#include "net/current.h"
#include "net/population.h"
#include "net/synaptic.h"
#include "sim/sources.h"

#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <punctum/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the files go. */
typedef struct place {
    char *folder, *script, *stem;
} place;

typedef struct export {
    const char *file; /* what messages begin with */
    pm_simulator to;
    const volatile int *stop; /* NULL: never */
    place at;
    const pm_network *network;
    pm_wiring *wiring;
    double resolution;    /* NEST's, ms */
    pm_nest_neuron *nest; /* of each population */
    pm_output *outputs;   /* the script, begun first: who writes it has the name to himself; and the data */
    size_t n_outputs;
}
export;

static pm_status find_place(place *at, const char *script, pm_error *error) {
    char *one = strdup(script), *two = strdup(script);
    if (one && two) {
        at->folder = strdup(dirname(one));
        at->script = strdup(basename(two));
        at->stem = strdup(at->script ? at->script : "");
    }
    free(one);
    free(two);
    if (!at->folder || !at->script || !at->stem)
        return pm_fail_memory(error, "a path");
    char *ending = strrchr(at->stem, '.');
    if (!ending || ending == at->stem || strcmp(ending, ".py") != 0)
        return pm_fail_key(error, "script", "'%s' is not the name of a Python script; it must end with .py", script);
    *ending = '\0';
    return pm_folder_make(at->folder, error);
}

static bool connected(const pm_network *net, size_t from, size_t to, uint32_t receptor) {
    for (size_t k = 0; k < net->n_projections; k++)
        if (net->projections[k].from == from && net->projections[k].to == to &&
            net->projections[k].receptor == receptor)
            return true;
    return false;
}

/* An exponential current with a time constant of 0 ms has other equations: that of one neuron of a population among
 * others of positive ones. */
static pm_status check_varied(const export *x, uint32_t population, pm_error *error) {
    const pm_population *p = &x->network->populations[population];
    const bool single = p->neuron.tau_2 == 0.0;
    for (uint32_t n = 0; p->varied && p->n_receptors == 0 && n < p->size; n++) {
        pm_neuron one;
        pm_status status = pm_network_neuron(x->network, population, n, &one, NULL, error);
        if (status)
            return status;
        const char *key = one.tau_1 == 0.0 && p->neuron.tau_1 > 0.0                       ? "tau_1"
                          : (one.tau_2 == 0.0) != (single && !pm_export_varies(p, TAU_2)) ? "tau_2"
                                                                                          : NULL;
        if (key)
            return pm_fail_key(error, key,
                               "%s: %s of neuron %s[%" PRIu32 "] is 0 ms, and not that of all others: such a "
                               "population cannot be exported; make two of it",
                               x->file, key, p->name, n);
    }
    return PM_OK;
}

/* --- data --- */

/* Begins a file of data. */
static pm_status open_data(export *x, const char *name, const char *head, pm_output **output, pm_error *error) {
    *output = &x->outputs[x->n_outputs++];
    pm_status status = pm_output_open(*output, x->at.folder, name, error);
    return status ? status : pm_output_write(*output, error, "%s\n", head);
}

static pm_status heed_stop(const export *x, pm_error *error) {
    return x->stop && *x->stop ? pm_fail(error, PM_STOPPED, "stopped; nothing was exported") : PM_OK;
}

/* Several receptors have a file each: two numbers are no name, and a list has no column for a third. */
static pm_status write_synapses(export *x, size_t from, size_t to, uint32_t receptor, pm_error *error) {
    const pm_wiring *w = x->wiring;
    const pm_population *populations = x->network->populations;
    char *name = NULL;
    const bool several = pm_population_receptors(&populations[to]) > 1;
    if (asprintf(&name, "%s-synapses-%s+%s%s%s.dat", x->at.stem, populations[from].name, populations[to].name,
                 several ? "+" : "", several ? populations[to].receptors[receptor].name : "") < 0)
        return pm_fail_memory(error, "a path");
    pm_output *output = NULL;
    pm_status status = open_data(x, name, "# source target weight_pA delay_ms", &output, error);
    for (uint32_t n = w->first_neuron[from]; !status && n < w->first_neuron[from + 1]; n++) {
        status = heed_stop(x, error);
        for (uint64_t g = w->first_group[n]; g < w->first_group[n + 1]; g++)
            for (uint64_t k = pm_group_begin(w, g); !status && k < pm_group_begin(w, g + 1); k++)
                if (pm_group_receptor(w, g) == receptor && w->targets[k] >= w->first_cell[to] &&
                    w->targets[k] < w->first_cell[to + 1])
                    status = pm_output_write(output, error, "%" PRIu32 " %" PRIu32 " %.17g %.17g\n",
                                             n - w->first_neuron[from], w->targets[k] - w->first_cell[to],
                                             w->weights[k], pm_group_delay(w, g));
    }
    free(name);
    return status ? status : pm_output_prepare(output, error);
}

static pm_status write_input(export *x, const pm_spike *spikes, size_t n, size_t population, pm_error *error) {
    char *name = NULL;
    if (asprintf(&name, "%s-spikes-%s.dat", x->at.stem, x->network->populations[population].name) < 0)
        return pm_fail_memory(error, "a path");
    pm_output *output = NULL;
    pm_status status = open_data(x, name, "# neuron time_ms", &output, error);
    for (size_t k = 0; !status && k < n; k++) {
        if (spikes[k].population != population)
            continue;
        if (x->to == PM_NEST && spikes[k].time == 0.0)
            status = pm_fail(error, PM_INVALID, "%s: '%s' fires at 0 ms; NEST's generators begin after it", x->file,
                             x->network->populations[population].name);
        else
            status = pm_output_write(output, error, "%" PRIu32 " %.17g\n", spikes[k].neuron, spikes[k].time);
    }
    free(name);
    if (!status)
        status = heed_stop(x, error);
    return status ? status : pm_output_prepare(output, error);
}

/* Parameters that differ from neuron to neuron, as they are drawn. */
static pm_status write_neurons(export *x, uint32_t population, pm_error *error) {
    const pm_population *p = &x->network->populations[population];
    char *name = NULL;
    if (asprintf(&name, "%s-neurons-%s.dat", x->at.stem, p->name) < 0)
        return pm_fail_memory(error, "a path");
    pm_output *output = NULL;
    pm_status status = open_data(x, name, "# C_m g_L E_L V_th V_reset t_ref I_e tau_1 tau_2 V_m", &output, error);
    for (uint32_t n = 0; !status && n < p->size; n++) {
        pm_neuron one;
        double V_m = 0.0;
        status = pm_network_neuron(x->network, population, n, &one, &V_m, error);
        for (size_t k = 0; !status && k < PM_NEURON_FIELDS; k++)
            status = pm_output_write(output, error, "%.17g ", pm_field_value(&pm_neuron_lif.fields[k], &one));
        if (!status)
            status = pm_output_write(output, error, "%.17g\n", V_m);
    }
    free(name);
    if (!status)
        status = heed_stop(x, error);
    return status ? status : pm_output_prepare(output, error);
}

/* The steps and the noise of all currents of a neuron, added up; sines stand in the script. */
static pm_status write_constants(const export *x, uint32_t population, uint32_t neuron, pm_output *output,
                                 pm_error *error) {
    const pm_network *net = x->network;
    double before = 0.0;
    pm_status status = PM_OK;
    for (double time = 0.0, next; !status && time < net->duration; time = next) {
        double sum = 0.0;
        next = INFINITY;
        for (size_t k = 0; k < net->n_currents; k++) {
            const pm_current *c = &net->currents[k];
            if (c->population != population || !pm_current_concerns(c, neuron))
                continue;
            sum += pm_current_constant(c, pm_current_key(net, k), neuron, time);
            next = fmin(next, pm_current_next(c, time));
        }
        if (sum != before)
            status = pm_output_write(output, error, "%" PRIu32 " %.17g %.17g\n", neuron, time, sum);
        before = sum;
    }
    return status;
}

static bool has_current(const pm_network *net, size_t population) {
    bool found = false;
    for (size_t k = 0; k < net->n_currents; k++)
        found = found || net->currents[k].population == population;
    return found;
}

static pm_status write_currents(export *x, uint32_t population, pm_error *error) {
    const pm_population *p = &x->network->populations[population];
    char *name = NULL;
    if (asprintf(&name, "%s-currents-%s.dat", x->at.stem, p->name) < 0)
        return pm_fail_memory(error, "a path");
    pm_output *output = NULL;
    pm_status status = open_data(x, name, "# neuron time_ms current_pA", &output, error);
    for (uint32_t n = 0; !status && n < p->size; n++) {
        status = heed_stop(x, error);
        if (!status)
            status = write_constants(x, population, n, output, error);
    }
    free(name);
    return status ? status : pm_output_prepare(output, error);
}

static pm_status write_sources(export *x, pm_error *error) {
    const pm_network *net = x->network;
    pm_sources *sources = NULL;
    const pm_spike *spikes = NULL;
    size_t n = 0;
    pm_status status = pm_sources_new(net, NULL, &sources, error);
    if (!status)
        status = pm_sources_collect(sources, net->duration, &spikes, &n, error);
    for (size_t p = 0; !status && p < net->n_populations; p++)
        if (net->populations[p].kind != PM_LIF)
            status = write_input(x, spikes, n, p, error);
    pm_sources_free(sources);
    return status;
}

static pm_status write_data(export *x, pm_error *error) {
    const pm_network *net = x->network;
    pm_status status = write_sources(x, error);
    for (uint32_t p = 0; !status && p < net->n_populations; p++) {
        if (net->populations[p].varied)
            status = write_neurons(x, p, error);
        if (!status && has_current(net, p))
            status = write_currents(x, p, error);
    }
    for (size_t from = 0; from < net->n_populations; from++)
        for (size_t to = 0; to < net->n_populations; to++)
            for (uint32_t r = 0; !status && r < pm_population_receptors(&net->populations[to]); r++)
                if (connected(net, from, to, r))
                    status = write_synapses(x, from, to, r, error);
    return status;
}

/* --- the script --- */

/* A file's name as an expression of Python; populations' names hold no character that Python would have to be told
 * about. What is not printable ASCII is written as bytes: the script then parses and finds its files whatever the name.
 */
static char *python_text(const char *text) {
    char *quoted = malloc(4 * strlen(text) + 20), *to = quoted;
    bool plain = true;
    if (!quoted)
        return NULL;
    for (const char *c = text; *c; c++)
        plain = plain && *c >= ' ' && *c <= '~';
    to += sprintf(to, plain ? "'" : "os.fsdecode(b'");
    for (const char *c = text; *c; c++) {
        if (*c == '\'' || *c == '\\')
            *to++ = '\\';
        if (*c >= ' ' && *c <= '~')
            *to++ = *c;
        else
            to += sprintf(to, "\\x%02x", (unsigned char)*c);
    }
    (void)sprintf(to, plain ? "'" : "')");
    return quoted;
}

/* (name, kernel, time constants in ms, what an arrival of weight 1 is multiplied by) */
static pm_status write_receptors(const pm_population *p, pm_output *out, pm_error *error) {
    pm_status status = pm_output_write(out, error, "        receptors=[");
    const bool own = p->n_receptors > 0;
    for (uint32_t k = 0; !status && k < pm_population_receptors(p); k++) {
        const pm_receptor r = pm_population_get_receptor(p, k);
        double unit[2][PM_KERNEL_WIDTH] = {{0.0}};
        for (size_t peak = 0; r.kernel->arrive && peak < 2; peak++)
            r.kernel->arrive(r.parameters, peak == 1 && r.peak, unit[peak]);
        const size_t at = unit[0][0] == 0.0; /* which of the two an arrival adds to */
        status = pm_output_write(out, error, "('%s', '%s', (", r.name,
                                 r.kernel->form == PM_FORM_ALPHA ? "alpha" : r.kernel->kind.name);
        for (size_t f = 0; !status && f < r.kernel->kind.n_fields; f++)
            status = own ? pm_output_write(out, error, "%.17g, ", r.parameters[f])
                         : pm_output_write(out, error, "'%s', ", r.kernel->kind.fields[f].name);
        if (!status)
            status = pm_output_write(out, error, "), %.17g), ", r.kernel->arrive ? unit[1][at] / unit[0][at] : 1.0);
    }
    return status ? status : pm_output_write(out, error, "],\n");
}

static pm_status write_jumps(const char *key, const pm_jump *jumps, size_t n, pm_output *out, pm_error *error) {
    pm_status status = pm_output_write(out, error, "%s=[", key);
    for (size_t k = 0; !status && k < n; k++)
        status = pm_output_write(out, error, "(%.17g, %.17g), ", jumps[k].jump, jumps[k].tau);
    return status ? status : pm_output_write(out, error, "], ");
}

/* V - E_L after a spike is that before it times the first number, plus the second; None: V becomes V_reset. */
static pm_status write_reset(const pm_reset *reset, pm_output *out, pm_error *error) {
    if (reset->kind == PM_RESET_TO)
        return pm_output_write(out, error, "reset=None");
    const bool subtract = reset->kind == PM_RESET_SUBTRACT;
    return pm_output_write(out, error, "reset=(%.17g, %.17g)", subtract ? 1.0 : reset->fraction,
                           subtract ? -reset->subtract : reset->add);
}

/* (neurons or None for all, amplitude in pA, frequency in Hz, phase in degrees, from, to in ms) */
static pm_status write_sines(const pm_network *net, size_t population, pm_output *out, pm_error *error) {
    pm_status status = pm_output_write(out, error, "        sines=[");
    for (size_t k = 0; !status && k < net->n_currents; k++) {
        const pm_current *c = &net->currents[k];
        if (c->population != population || c->kind != PM_CURRENT_SINE)
            continue;
        status = pm_output_write(out, error, c->n_neurons == 0 ? "(None" : "([");
        for (size_t n = 0; !status && n < c->n_neurons; n++)
            status = pm_output_write(out, error, "%" PRIu32 ", ", c->neurons[n]);
        if (!status)
            status = pm_output_write(out, error, "%s, %.17g, %.17g, %.17g, %.17g, %.17g), ",
                                     c->n_neurons == 0 ? "" : "]", c->amplitude, c->frequency, c->phase, c->from,
                                     c->to > 0.0 ? c->to : 2.0 * net->duration);
    }
    return status ? status : pm_output_write(out, error, "]");
}

static pm_status write_population(const export *x, size_t number, pm_output *out, pm_error *error) {
    const pm_population *p = &x->network->populations[number];
    const pm_neuron *n = &p->neuron;
    pm_status status = pm_output_write(out, error,
                                       "    '%s': dict(size=%" PRIu32 ", C_m=%.17g, g_L=%.17g, E_L=%.17g, V_th=%.17g, "
                                       "V_reset=%.17g,\n        t_ref=%.17g, I_e=%.17g, tau_1=%.17g, tau_2=%.17g, "
                                       "V_m=%.17g, varied=%s, injected=%s,\n",
                                       p->name, p->size, n->C_m, n->g_L, n->E_L, n->V_th, n->V_reset, n->t_ref, n->I_e,
                                       n->tau_1, n->tau_2, n->E_L, p->varied ? "True" : "False",
                                       has_current(x->network, number) ? "True" : "False");
    if (!status)
        status = write_receptors(p, out, error);
    if (!status)
        status = pm_output_write(out, error, "        ");
    if (!status)
        status = write_jumps("threshold", p->threshold, p->n_threshold, out, error);
    if (!status)
        status = write_jumps("after_spike", p->after_spike, p->n_after_spike, out, error);
    if (!status)
        status = write_reset(&p->reset, out, error);
    if (!status)
        status = pm_output_write(out, error, ",\n");
    if (!status)
        status = write_sines(x->network, number, out, error);
    if (!status && x->to == PM_NEST)
        status = pm_nest_write(&x->nest[number], p, out, error);
    return status ? status : pm_output_write(out, error, "),\n");
}

static pm_status write_network(const export *x, pm_output *out, pm_error *error) {
    const pm_network *net = x->network;
    char *stem = python_text(x->at.stem);
    if (!stem)
        return pm_fail_memory(error, "the script");
    pm_status status = pm_output_write(out, error,
                                       "STEM = %s  # of the files beside this script\n"
                                       "DURATION = %.17g  # ms\nSTEP = %.17g  # ms\n"
                                       "# mV, pA, pF, nS, ms\nPOPULATIONS = {\n",
                                       stem, net->duration, x->to == PM_NEST ? x->resolution : 0.1);
    free(stem);
    for (size_t p = 0; !status && p < net->n_populations; p++)
        if (net->populations[p].kind == PM_LIF)
            status = write_population(x, p, out, error);
    if (!status)
        status = pm_output_write(out, error, "}\nINPUTS = {  # sizes\n");
    for (size_t p = 0; !status && p < net->n_populations; p++)
        if (net->populations[p].kind != PM_LIF)
            status = pm_output_write(out, error, "    '%s': %" PRIu32 ",\n", net->populations[p].name,
                                     net->populations[p].size);
    if (!status)
        status = pm_output_write(out, error, "}\nSYNAPSES = [  # from, to, receptor\n");
    for (size_t from = 0; from < net->n_populations; from++)
        for (size_t to = 0; to < net->n_populations; to++)
            for (uint32_t r = 0; !status && r < pm_population_receptors(&net->populations[to]); r++)
                if (connected(net, from, to, r))
                    status = pm_output_write(out, error, "    ('%s', '%s', %" PRIu32 "),\n",
                                             net->populations[from].name, net->populations[to].name, r);
    return status ? status : pm_output_write(out, error, "]\n");
}

static pm_status begin_script(export *x, pm_error *error) {
    pm_output_mark mark;
    /* Of a population: input spikes, or parameters and currents. */
    x->outputs = calloc(2 * x->network->n_populations + x->network->n_projections + 1, sizeof *x->outputs);
    if (!x->outputs)
        return pm_fail_memory(error, "the outputs");
    pm_status status = pm_output_open(&x->outputs[x->n_outputs++], x->at.folder, x->at.script, error);
    return status ? status : pm_output_flush(x->outputs, &mark, error);
}

static pm_status write_script(const export *x, pm_error *error) {
    const pm_export_text *text = x->to == PM_NEST ? &pm_export_nest : &pm_export_brian2;
    pm_status status = pm_output_write(x->outputs, error, "%s", text->head);
    if (!status)
        status = write_network(x, x->outputs, error);
    if (!status)
        status = pm_output_write(x->outputs, error, "%s", pm_export_common);
    for (size_t k = 0; !status && text->body[k]; k++)
        status = pm_output_write(x->outputs, error, "%s", text->body[k]);
    return status;
}

/* Scripts write equations or choose models by the forms that they know. */
static pm_status check_receptors(const export *x, uint32_t population, pm_error *error) {
    const pm_population *p = &x->network->populations[population];
    for (uint32_t k = 0; k < pm_population_receptors(p); k++) {
        const pm_receptor r = pm_population_get_receptor(p, k);
        if (!r.kernel->impulse && r.kernel->form == PM_FORM_OTHER)
            return pm_fail_key(error, "receptors",
                               "%s: receptors: '%s' has %s currents ('%s'); exponential and alpha currents and "
                               "impulses can be exported",
                               x->file, p->name, r.kernel->kind.name, r.name);
    }
    return PM_OK;
}

static pm_status check_synapses(const export *x, pm_error *error) {
    pm_error found;
    if (pm_network_need_static(x->network, "scripts have", &found) == PM_OK)
        return PM_OK;
    return pm_fail_key(error, "synapse", "%s: synapse: %s", x->file, found.message);
}

/* Whether the other simulator can do it. */
static pm_status check_network(export *x, pm_error *error) {
    const pm_network *net = x->network;
    pm_status status = check_synapses(x, error);
    for (uint32_t p = 0; !status && p < net->n_populations; p++)
        if (net->populations[p].kind == PM_LIF)
            status = check_receptors(x, p, error);
    for (uint32_t p = 0; !status && p < net->n_populations; p++)
        if (net->populations[p].kind == PM_LIF)
            status = check_varied(x, p, error);
    if (status || x->to != PM_NEST)
        return status;
    x->nest = calloc(net->n_populations + 1, sizeof *x->nest);
    if (!x->nest)
        return pm_fail_memory(error, "the models");
    for (uint32_t p = 0; !status && p < net->n_populations; p++)
        if (net->populations[p].kind == PM_LIF)
            status = pm_nest_choose(x->file, net, x->wiring, p, &x->nest[p], error);
    double resolution = 0.0;
    if (!status)
        status = pm_nest_resolution(x->file, net, x->wiring, x->nest, &resolution, error);
    x->resolution = resolution;
    return status;
}

static void tell_models(const export *x, pm_export_model *models) {
    for (size_t p = 0; models && p < x->network->n_populations; p++)
        models[p] = x->nest ? (pm_export_model){x->nest[p].model, x->nest[p].grid} : (pm_export_model){NULL, false};
}

pm_status pm_network_export(const pm_network *network, const pm_export *how, pm_export_model *models, pm_error *error) {
    pm_export own;
    pm_status status = PM_SIZED_COPY(own, how, "an export", error);
    if (status)
        return status;
    how = &own;
    export x = {.file = how->name ? how->name : "the network", .to = how->to, .stop = how->stop, .network = network};
    status = pm_wiring_new(network, &x.wiring, error);
    if (!status)
        status = check_network(&x, error);
    if (!status)
        status = find_place(&x.at, how->script, error);
    if (!status)
        status = begin_script(&x, error);
    if (!status)
        status = write_data(&x, error);
    if (!status)
        status = write_script(&x, error);
    if (!status)
        status = pm_output_commit_all(x.outputs, x.n_outputs, error);
    if (!status)
        tell_models(&x, models);
    for (size_t k = 0; k < x.n_outputs; k++)
        pm_output_discard(&x.outputs[k]);
    free(x.outputs);
    free(x.nest);
    free(x.at.folder);
    free(x.at.script);
    free(x.at.stem);
    pm_wiring_free(x.wiring);
    return status;
}
