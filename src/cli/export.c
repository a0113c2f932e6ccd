/* punctum export: a network as a script for another simulator. The script holds the parameters; every synapse and every
 * input spike stands in text files beside it, so that both simulators run the same network, random choices included. */
#define _GNU_SOURCE
#include "cli/export.h"
#include "cli/command.h"
#include "cli/options.h"

#include "io/output.h"
#include "model/neuron.h"
#include "net/wiring.h"
#include "sim/sources.h"

#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BRIAN2, NEST };
static const char *const simulators[] = {"brian2", "nest", NULL};

typedef struct options {
    const char *file, *script;
    int to; /* place in simulators */
} options;

/* Where the files go. */
typedef struct place {
    char *folder, *script, *stem;
} place;

typedef struct export {
    const options *o;
    place at;
    pm_network *network;
    pm_wiring *wiring;
    double resolution;  /* NEST's, ms */
    pm_output *outputs; /* the script, begun first: who writes it has the name to himself; and the data */
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
        return pm_fail(error, PM_INVALID, "-o: '%s' is not the name of a Python script; it must end with .py", script);
    *ending = '\0';
    return pm_folder_make(at->folder, error);
}

static bool connected(const pm_network *net, size_t from, size_t to) {
    for (size_t k = 0; k < net->n_projections; k++)
        if (net->projections[k].from == from && net->projections[k].to == to)
            return true;
    return false;
}

/* --- what NEST can do --- */

static bool multiple(double x, double step) { return fabs(x / step - round(x / step)) < 1e-9 * fmax(1.0, x / step); }

/* NEST rounds delays and refractory times to its resolution: the coarsest one that leaves them as they are. */
static pm_status choose_resolution(export *x, pm_error *error) {
    static const double steps[] = {0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001};
    enum { N = sizeof steps / sizeof *steps };
    const pm_wiring *w = x->wiring;
    size_t k = 0;
    for (uint64_t g = 0; g < w->n_groups; g++) {
        if (w->groups[g].delay == 0.0)
            return pm_fail(error, PM_INVALID, "%s: some synapses have no delay, and NEST has no delays of 0 ms",
                           x->o->file);
        while (k < N && !multiple(w->groups[g].delay, steps[k]))
            k++;
        if (k == N)
            return pm_fail(
                error, PM_INVALID,
                "%s: a delay of %.17g ms is no multiple of 0.001 ms; NEST rounds delays to its resolution, so "
                "give the delays in steps, as in {uniform: [1.0, 3.0, 0.1]}",
                x->o->file, w->groups[g].delay);
    }
    for (size_t p = 0; p < x->network->n_populations; p++) {
        const pm_population *population = &x->network->populations[p];
        if (population->kind != PM_LIF)
            continue;
        while (k < N && !(multiple(population->neuron.t_ref, steps[k]) && population->neuron.t_ref > 0.0))
            k++;
        if (k == N)
            return pm_fail(error, PM_INVALID,
                           "%s: '%s' has t_ref = %g ms; NEST's precise models need a positive multiple of 0.001 ms",
                           x->o->file, population->name, population->neuron.t_ref);
    }
    x->resolution = steps[k];
    return PM_OK;
}

/* iaf_psc_exp_ps has one time constant for positive and another for negative weights. A double-exponential current of
 * positive weight w is the sum of both: w with tau_1 and -w with tau_2. One of negative weight is not. */
static pm_status check_currents(const export *x, pm_error *error) {
    const pm_wiring *w = x->wiring;
    for (uint32_t n = 0; n < w->n_neurons; n++)
        for (uint64_t g = w->first_group[n]; g < w->first_group[n + 1]; g++) {
            if (w->groups[g].sign > 0)
                continue;
            uint32_t from = pm_wiring_population_of_neuron(w, x->network, n);
            uint32_t to = pm_wiring_population_of_cell(w, x->network, w->targets[w->groups[g].begin]);
            if (x->network->populations[to].neuron.tau_2 > 0.0)
                return pm_fail(error, PM_INVALID,
                               "%s: synapses from '%s' to '%s' have negative weights and double-exponential currents "
                               "(tau_2 = %g ms): none of NEST's precise models has these (iaf_psc_exp_ps_lossless has "
                               "single-exponential currents, iaf_psc_exp_ps can do positive weights only); export to "
                               "brian2, or set tau_2 to 0",
                               x->o->file, x->network->populations[from].name, x->network->populations[to].name,
                               x->network->populations[to].neuron.tau_2);
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

static pm_status heed_signals(pm_error *error) {
    return pm_interrupted ? pm_fail(error, PM_STOPPED, "stopped; nothing was exported") : PM_OK;
}

static pm_status write_synapses(export *x, size_t from, size_t to, pm_error *error) {
    const pm_wiring *w = x->wiring;
    const pm_population *populations = x->network->populations;
    char *name = NULL;
    if (asprintf(&name, "%s-synapses-%s+%s.dat", x->at.stem, populations[from].name, populations[to].name) < 0)
        return pm_fail_memory(error, "a path");
    pm_output *output = NULL;
    pm_status status = open_data(x, name, "# source target weight_pA delay_ms", &output, error);
    for (uint32_t n = w->first_neuron[from]; !status && n < w->first_neuron[from + 1]; n++) {
        status = heed_signals(error);
        for (uint64_t g = w->first_group[n]; g < w->first_group[n + 1]; g++)
            for (uint64_t k = w->groups[g].begin; !status && k < w->groups[g + 1].begin; k++)
                if (w->targets[k] >= w->first_cell[to] && w->targets[k] < w->first_cell[to + 1])
                    status = pm_output_write(output, error, "%" PRIu32 " %" PRIu32 " %.17g %.17g\n",
                                             n - w->first_neuron[from], w->targets[k] - w->first_cell[to],
                                             w->weights[k], w->groups[g].delay);
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
        if (x->o->to == NEST && spikes[k].time == 0.0)
            status = pm_fail(error, PM_INVALID, "%s: '%s' fires at 0 ms; NEST's generators begin after it", x->o->file,
                             x->network->populations[population].name);
        else
            status = pm_output_write(output, error, "%" PRIu32 " %.17g\n", spikes[k].neuron, spikes[k].time);
    }
    free(name);
    if (!status)
        status = heed_signals(error);
    return status ? status : pm_output_prepare(output, error);
}

static pm_status write_data(export *x, pm_error *error) {
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
    for (size_t from = 0; from < net->n_populations; from++)
        for (size_t to = 0; !status && to < net->n_populations; to++)
            if (connected(net, from, to))
                status = write_synapses(x, from, to, error);
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

static pm_status write_network(const export *x, pm_output *out, pm_error *error) {
    const pm_network *net = x->network;
    char *stem = python_text(x->at.stem);
    if (!stem)
        return pm_fail_memory(error, "the script");
    pm_status status = pm_output_write(out, error,
                                       "STEM = %s  # of the files beside this script\n"
                                       "DURATION = %.17g  # ms\nSTEP = %.17g  # ms\n"
                                       "# mV, pA, pF, nS, ms\nPOPULATIONS = {\n",
                                       stem, net->duration, x->o->to == NEST ? x->resolution : 0.1);
    for (size_t p = 0; !status && p < net->n_populations; p++) {
        const pm_neuron *n = &net->populations[p].neuron;
        if (net->populations[p].kind == PM_LIF)
            status = pm_output_write(out, error,
                                     "    '%s': dict(size=%" PRIu32 ", C_m=%.17g, g_L=%.17g, E_L=%.17g, V_th=%.17g, "
                                     "V_reset=%.17g,\n        t_ref=%.17g, I_e=%.17g, tau_1=%.17g, tau_2=%.17g),\n",
                                     net->populations[p].name, net->populations[p].size, n->C_m, n->g_L, n->E_L,
                                     n->V_th, n->V_reset, n->t_ref, n->I_e, n->tau_1, n->tau_2);
    }
    if (!status)
        status = pm_output_write(out, error, "}\nINPUTS = {  # sizes\n");
    for (size_t p = 0; !status && p < net->n_populations; p++)
        if (net->populations[p].kind != PM_LIF)
            status = pm_output_write(out, error, "    '%s': %" PRIu32 ",\n", net->populations[p].name,
                                     net->populations[p].size);
    if (!status)
        status = pm_output_write(out, error, "}\nSYNAPSES = [\n");
    for (size_t from = 0; from < net->n_populations; from++)
        for (size_t to = 0; !status && to < net->n_populations; to++)
            if (connected(net, from, to))
                status = pm_output_write(out, error, "    ('%s', '%s'),\n", net->populations[from].name,
                                         net->populations[to].name);
    free(stem);
    return status ? status : pm_output_write(out, error, "]\n");
}

static pm_status begin_script(export *x, pm_error *error) {
    pm_output_mark mark;
    x->outputs = calloc(x->network->n_populations + x->network->n_projections + 1, sizeof *x->outputs);
    if (!x->outputs)
        return pm_fail_memory(error, "the outputs");
    pm_status status = pm_output_open(&x->outputs[x->n_outputs++], x->at.folder, x->at.script, error);
    return status ? status : pm_output_flush(x->outputs, &mark, error);
}

static pm_status write_script(const export *x, pm_error *error) {
    const pm_export_text *text = x->o->to == NEST ? &pm_export_nest : &pm_export_brian2;
    pm_status status = pm_output_write(x->outputs, error, "%s", text->head);
    if (!status)
        status = write_network(x, x->outputs, error);
    return status ? status : pm_output_write(x->outputs, error, "%s%s", pm_export_common, text->body);
}

static pm_status export_network(const options *o, pm_error *error) {
    export x = {.o = o};
    pm_status status = pm_load_network(o->file, true, &x.network, error);
    for (size_t p = 0; !status && p < x.network->n_populations; p++)
        if (x.network->populations[p].kind == PM_LIF)
            status = pm_neuron_need_current(&x.network->populations[p].neuron, "the export", error);
    if (!status)
        status = pm_wiring_new(x.network, &x.wiring, error);
    if (!status && o->to == NEST)
        status = check_currents(&x, error);
    if (!status && o->to == NEST)
        status = choose_resolution(&x, error);
    if (!status)
        status = find_place(&x.at, o->script, error);
    pm_watch_signals(NULL);
    if (!status)
        status = begin_script(&x, error);
    if (!status)
        status = write_data(&x, error);
    if (!status)
        status = write_script(&x, error);
    if (!status)
        status = pm_output_commit_all(x.outputs, x.n_outputs, error);
    if (!status)
        printf("%s\n", o->script);
    for (size_t k = 0; k < x.n_outputs; k++)
        pm_output_discard(&x.outputs[k]);
    free(x.outputs);
    free(x.at.folder);
    free(x.at.script);
    free(x.at.stem);
    pm_wiring_free(x.wiring);
    pm_network_free(x.network);
    return status;
}

/* --- the call --- */

static const pm_operand operands[] = {{"NETWORK.yaml", offsetof(options, file), 1, "which network file?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_CHOICE, "to", 't', "NAME", "brian2 or nest", .target = offsetof(options, to), .choices = simulators,
     .question = "for which simulator? Give --to brian2 or --to nest"},
    {PM_OPTION_TEXT, "output", 'o', "FILE.py", "the script; synapses and input spikes go into text files beside it",
     .target = offsetof(options, script), .question = "where to? Give the name of the script with -o FILE.py"},
    {0},
};

static const pm_call call = {
    "export",
    "Write a network as a script for Brian2 or PyNEST that runs as it is.",
    operands,
    list,
    "The script takes --dt MS (time step) and --output DIR, where it leaves spikes-POPULATION.dat ('neuron time_ms') "
    "for 'punctum compare'. For NEST, the precise models are used (iaf_psc_exp_ps_lossless; iaf_psc_exp_ps for "
    "double-exponential currents of positive weights); a network that they cannot represent is refused.",
    (const char *const[]){"punctum export network.yaml --to brian2 -o brian.py",
                          "python3 brian.py --dt 0.01 --output brian",
                          "punctum compare results/spikes-cells.dat brian/spikes-cells.dat", NULL},
    NULL};

static int run(int argc, char **argv) {
    options o = {0};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    pm_status status = export_network(&o, &error);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_export = {"export", "write a network for Brian2 or NEST", run};
