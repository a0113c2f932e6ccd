/* Every file is written through output.h, so that none is there in part. */
#define _GNU_SOURCE
#include "task/trial_files.h"

#include "io/output.h"
#include "io/summary.h"
#include "io/weights_file.h"
#include "model/neuron.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static pm_status write_trials(pm_results *results, const pm_trial *trials, size_t n, pm_error *error) {
    pm_output output;
    pm_status status = pm_output_open_in(&output, results, "trials.dat", error);
    if (!status)
        status = pm_output_write(&output, error, "# trial converged iterations polished correlation best off_ms\n");
    for (size_t k = 0; !status && k < n; k++)
        status = pm_output_write(&output, error, "%" PRIu32 " %d %" PRIu32 " %" PRIu32 " %.17g %.17g %.17g%s%s\n",
                                 trials[k].number, trials[k].converged, trials[k].iterations, trials[k].polished,
                                 trials[k].correlation, trials[k].best, trials[k].off,
                                 trials[k].message[0] ? " # " : "", trials[k].message);
    return pm_output_close(&output, status, error);
}

static double at_iteration(const pm_trial *trial, size_t iteration) {
    if (trial->n_history == 0)
        return 0.0;
    return trial->history[iteration < trial->n_history ? iteration : trial->n_history - 1];
}

static pm_status write_correlation(pm_results *results, const pm_trial *trials, size_t n, pm_error *error) {
    size_t longest = 0;
    for (size_t k = 0; k < n; k++)
        longest = trials[k].n_history > longest ? trials[k].n_history : longest;
    pm_output output;
    pm_status status = pm_output_open_in(&output, results, "correlation.dat", error);
    if (!status)
        status = pm_output_write(&output, error, "# iteration mean std converged\n");
    for (size_t i = 0; !status && i < longest; i++) {
        double mean = 0.0, squares = 0.0;
        size_t converged = 0;
        for (size_t k = 0; k < n; k++) {
            mean += at_iteration(&trials[k], i) / (double)n;
            converged += trials[k].converged && trials[k].n_history <= i + 1;
        }
        for (size_t k = 0; k < n; k++)
            squares += (at_iteration(&trials[k], i) - mean) * (at_iteration(&trials[k], i) - mean);
        double std = n > 1 ? sqrt(squares / (double)(n - 1)) : 0.0;
        status = pm_output_write(&output, error, "%zu %.17g %.17g %zu\n", i, mean, std, converged);
    }
    return pm_output_close(&output, status, error);
}

pm_status pm_training_tables_write(pm_results *results, const pm_trial *trials, size_t n, pm_error *error) {
    pm_status status = write_trials(results, trials, n, error);
    return status ? status : write_correlation(results, trials, n, error);
}

/* What goes into one folder of details. */
typedef struct details {
    pm_results *results;
    uint32_t number; /* of the trial */
    const pm_experiment *experiment;
    pm_trainer *trainer;
    const pm_pattern *patterns;
    size_t n_patterns;
} details;

static pm_status open_file(const details *d, pm_output *output, const char *name, pm_error *error) {
    char path[400];
    snprintf(path, sizeof path, "trial-%" PRIu32 "/%s", d->number, name);
    return pm_output_open_in(output, d->results, path, error);
}

static pm_status write_events(const details *d, const char *name, const pm_event *events, size_t n, pm_error *error) {
    pm_output output;
    pm_status status = open_file(d, &output, name, error);
    if (!status)
        status = pm_output_write(&output, error, "# neuron time_ms\n");
    for (size_t k = 0; !status && k < n; k++)
        status = pm_output_write(&output, error, "%" PRIu32 " %.17g\n", events[k].neuron, events[k].time);
    return pm_output_close(&output, status, error);
}

static uint32_t sources_over(const pm_experiment *e, size_t l, size_t receptor) {
    return e->layers[l].sources ? e->layers[l].sources[receptor] : e->layers[l - 1].size;
}

static void name_synapses(const pm_experiment *e, size_t l, size_t receptor, const char *when, char *name,
                          size_t size) {
    snprintf(name, size, "synapses-%s-%s-%s.dat", when, e->layers[l].name, e->receptors[receptor].name);
}

static pm_status write_weights(const details *d, const char *when, pm_error *error) {
    const pm_experiment *e = d->experiment;
    pm_status status = PM_OK;
    for (size_t l = 1; !status && l < e->n_layers; l++) {
        char name[160];
        pm_output output;
        snprintf(name, sizeof name, "weights-%s-%s.dat", when, e->layers[l].name);
        status = open_file(d, &output, name, error);
        if (!status)
            status = pm_output_write(&output, error, "# pA: one row per neuron of %s, one column per neuron of %s\n",
                                     e->layers[l].name, e->layers[l - 1].name);
        for (uint32_t j = 0; !status && j < e->layers[l].size; j++)
            for (uint32_t i = 0; !status && i < e->layers[l - 1].size; i++)
                status = pm_output_write(&output, error, "%.17g%s", pm_trainer_weight(d->trainer, l, i, j),
                                         i + 1 < e->layers[l - 1].size ? " " : "\n");
        status = pm_output_close(&output, status, error);
    }
    return status;
}

static pm_status write_layer_spikes(const details *d, const char *when, size_t pattern, size_t layer, pm_error *error) {
    const double *time, *slope;
    const uint32_t *neuron;
    size_t n = pm_trainer_spikes(d->trainer, layer, &time, &neuron, &slope);
    char name[160];
    pm_output output;
    snprintf(name, sizeof name, "spikes-%s-%zu-%s.dat", when, pattern, d->experiment->layers[layer].name);
    pm_status status = open_file(d, &output, name, error);
    if (!status)
        status = pm_output_write(&output, error, "# neuron time_ms dVdt_mV_per_ms\n");
    for (size_t k = 0; !status && k < n; k++)
        status = pm_output_write(&output, error, "%" PRIu32 " %.17g %.17g\n", neuron[k], time[k], slope[k]);
    return pm_output_close(&output, status, error);
}

/* Runs a pattern; *ran is false where the network runs away. */
static pm_status run_pattern(const details *d, size_t pattern, bool *ran, pm_error *error) {
    pm_error own = {0};
    pm_status status = pm_trainer_run(d->trainer, pattern, &own);
    *ran = !status;
    return !status || status == PM_FAILED ? PM_OK : pm_fail(error, status, "%s", own.message);
}

/* The same as lists of synapses, one for each receptor of a layer. */
static pm_status write_synapses(const details *d, const char *when, pm_error *error) {
    const pm_experiment *e = d->experiment;
    pm_status status = PM_OK;
    for (size_t l = 1; l < e->n_layers; l++)
        for (uint32_t k = 0, first = 0, end = 0; !status && k < e->n_receptors; k++, first = end) {
            char name[300];
            pm_output output;
            end += sources_over(e, l, k);
            if (first == end)
                continue;
            name_synapses(e, l, k, when, name, sizeof name);
            status = open_file(d, &output, name, error);
            if (!status)
                status = pm_output_write(&output, error, "# neuron of %s, neuron of %s, weight_pA, over %s\n",
                                         e->layers[l - 1].name, e->layers[l].name, e->receptors[k].name);
            for (uint32_t i = first; i < end; i++)
                for (uint32_t j = 0; !status && j < e->layers[l].size; j++)
                    status = pm_output_write(&output, error, "%" PRIu32 " %" PRIu32 " %.17g 0\n", i, j,
                                             pm_trainer_weight(d->trainer, l, i, j));
            status = pm_output_close(&output, status, error);
        }
    return status;
}

/* There are no spikes of patterns on which the network runs away. */
static pm_status write_state(const details *d, const char *when, pm_error *error) {
    pm_status status = write_weights(d, when, error);
    if (!status)
        status = write_synapses(d, when, error);
    for (size_t k = 0; !status && k < d->n_patterns; k++) {
        bool ran = false;
        status = run_pattern(d, k, &ran, error);
        for (size_t l = 0; !status && ran && l < d->experiment->n_layers; l++)
            status = write_layer_spikes(d, when, k, l, error);
    }
    return status;
}

static pm_status write_projections(pm_output *output, const pm_experiment *e, const char *when, size_t l,
                                   pm_error *error) {
    const char *from = e->layers[l - 1].name, *to = e->layers[l].name;
    pm_status status = PM_OK;
    if (e->n_receptors == 0)
        return pm_output_write(output, error,
                               "  - {from: %s, to: %s, connect: all_to_all, weight: {file: weights-%s-%s.dat}}\n", from,
                               to, when, to);
    for (size_t k = 0; !status && k < e->n_receptors; k++) {
        char name[300];
        name_synapses(e, l, k, when, name, sizeof name);
        if (sources_over(e, l, k) > 0)
            status = pm_output_write(output, error, "  - {from: %s, to: %s, connect: {file: %s}, receptor: %s}\n", from,
                                     to, name, e->receptors[k].name);
    }
    return status;
}

enum { POTENTIALS = 8 }; /* neurons of each layer whose potential a network file records */

static pm_status write_network(const details *d, const char *when, size_t pattern, pm_error *error) {
    const pm_experiment *e = d->experiment;
    char name[64];
    pm_output output;
    snprintf(name, sizeof name, "network-%s-%zu.yaml", when, pattern);
    pm_status status = open_file(d, &output, name, error);
    if (!status)
        status =
            pm_output_write(&output, error, "# The network %s training, on pattern %zu.\nduration: %.17g\nneuron:\n",
                            when, pattern, e->duration);
    for (size_t k = 0; !status && k < pm_neuron_lif.n_fields; k++)
        status = pm_output_write(&output, error, "  %s: %.17g\n", pm_neuron_lif.fields[k].name,
                                 pm_field_value(&pm_neuron_lif.fields[k], &e->neuron));
    if (!status && e->n_receptors > 0)
        status = pm_receptors_write(&output, "", e->receptors, e->n_receptors, "\n", error);
    if (!status)
        status = pm_output_write(&output, error,
                                 "populations:\n  - {name: %s, size: %" PRIu32
                                 ", source: {spikes: pattern-%zu-input.dat}}\n",
                                 e->layers[0].name, e->layers[0].size, pattern);
    for (size_t l = 1; !status && l < e->n_layers; l++)
        status = pm_output_write(&output, error, "  - {name: %s, size: %" PRIu32 "}\n", e->layers[l].name,
                                 e->layers[l].size);
    if (!status)
        status = pm_output_write(&output, error, "projections:\n");
    for (size_t l = 1; !status && l < e->n_layers; l++)
        status = write_projections(&output, e, when, l, error);
    if (!status)
        status = pm_output_write(&output, error, "record:\n  spikes: [");
    for (size_t l = 0; !status && l < e->n_layers; l++)
        status = pm_output_write(&output, error, "%s%s", l > 0 ? ", " : "", e->layers[l].name);
    if (!status)
        status = pm_output_write(&output, error, "]\n  potential:\n");
    for (size_t l = 1; !status && l < e->n_layers; l++) {
        status = pm_output_write(&output, error, "    - {population: %s, neurons: [0", e->layers[l].name);
        for (uint32_t k = 1; !status && k < e->layers[l].size && k < POTENTIALS; k++)
            status = pm_output_write(&output, error, ", %" PRIu32, k);
        if (!status)
            status = pm_output_write(&output, error, "], interval: 0.1}\n");
    }
    return pm_output_close(&output, status, error);
}

static pm_status write_patterns(const details *d, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < d->n_patterns; k++) {
        char name[64];
        snprintf(name, sizeof name, "pattern-%zu-input.dat", k);
        status = write_events(d, name, d->patterns[k].input, d->patterns[k].n_input, error);
        snprintf(name, sizeof name, "pattern-%zu-target.dat", k);
        if (!status)
            status = write_events(d, name, d->patterns[k].target, d->patterns[k].n_target, error);
        if (!status)
            status = write_network(d, "before", k, error);
        if (!status)
            status = write_network(d, "after", k, error);
    }
    return status;
}

/* Appends the output spikes of all patterns that can be run. */
static pm_status write_outputs(const details *d, pm_output *output, uint32_t iteration, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < d->n_patterns; k++) {
        const double *time, *slope;
        const uint32_t *neuron;
        bool ran = false;
        status = run_pattern(d, k, &ran, error);
        if (status || !ran)
            continue;
        size_t n = pm_trainer_spikes(d->trainer, d->experiment->n_layers - 1, &time, &neuron, &slope);
        for (size_t s = 0; !status && s < n; s++)
            status =
                pm_output_write(output, error, "%" PRIu32 " %zu %" PRIu32 " %.17g\n", iteration, k, neuron[s], time[s]);
    }
    return status;
}

static pm_status repeat(const details *d, const pm_trial *result, pm_error *error) {
    pm_output output;
    pm_status status = open_file(d, &output, "outputs.dat", error);
    if (!status)
        status = pm_output_write(&output, error, "# iteration pattern neuron time_ms\n");
    for (uint32_t k = 0; !status && k < result->iterations; k++) {
        pm_error own = {0};
        status = write_outputs(d, &output, k, error);
        pm_status step = status ? PM_OK : pm_trainer_step(d->trainer, &own);
        if (step == PM_FAILED) /* as it did before */
            break;
        if (step)
            status = pm_fail(error, step, "%s", own.message);
    }
    if (!status)
        status = write_outputs(d, &output, result->iterations, error);
    if (!status && !result->converged)
        pm_trainer_restore_best(d->trainer);
    return pm_output_close(&output, status, error);
}

static pm_status save_weights(const details *d, pm_error *error) {
    pm_output output;
    pm_status status = open_file(d, &output, "weights", error);
    if (!status)
        status = pm_weights_write(&output, d->trainer, PM_WEIGHTS_BINARY, error);
    return pm_output_close(&output, status, error);
}

pm_status pm_trial_details_write(pm_results *results, const pm_experiment *experiment, const pm_trial *result,
                                 pm_error *error) {
    details d = {.results = results, .number = result->number, .experiment = experiment};
    pm_status status = pm_trainer_new(experiment, result->number, &d.trainer, error);
    if (status)
        return status;
    d.patterns = pm_trainer_patterns(d.trainer, &d.n_patterns);
    status = write_patterns(&d, error);
    if (!status)
        status = write_state(&d, "before", error);
    if (!status)
        status = repeat(&d, result, error);
    if (!status)
        status = write_state(&d, "after", error);
    if (!status)
        status = save_weights(&d, error);
    pm_trainer_free(d.trainer);
    return status;
}
