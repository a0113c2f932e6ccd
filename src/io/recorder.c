/* Spikes and potentials stream into files as they occur, through a buffer for each file. */
#include "io/recorder.h"

#include "base/room.h"
#include "model/kernel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUTPUT_BYTES = 17000 }; /* what an output takes, its buffer for the most part */

pm_status pm_recorder_spike(const pm_spike *spike, void *user, pm_error *error) {
    pm_recorder *r = user;
    return pm_output_write(&r->spikes[spike->population], error, "%" PRIu32 " %.17g %.17g\n", spike->neuron,
                           spike->time, spike->slope);
}

/* Curves are for pictures of potentials. */
static bool has_curve(const pm_recorder *r, size_t record) {
    return r->network->potentials[record].quantity == PM_POTENTIAL;
}

pm_status pm_recorder_sample(const pm_sample *sample, void *user, pm_error *error) {
    pm_recorder *r = user;
    size_t k = r->first[sample->record] + sample->neuron;
    pm_status status = PM_OK;
    if (sample->kind != PM_SAMPLE_CURVE)
        status = pm_output_write(&r->potentials[k], error, "%.17g %.17g\n", sample->time, sample->potential);
    int spike = sample->kind == PM_SAMPLE_SPIKE && sample->time != r->fired[k]; /* the first of the two samples */
    r->fired[k] = spike ? sample->time : r->fired[k];
    if (!status && has_curve(r, sample->record))
        status = pm_output_write(&r->curves[k], error, "%.17g %.17g %d\n", sample->time, sample->potential, spike);
    return status;
}

/* Begins a file, if it is this rank's; rank 0 is to know of all. */
static pm_status open_file(pm_recorder *r, pm_output *output, bool own, const char *name, const char *head,
                           pm_error *error) {
    if (!own)
        return r->ranks->rank == 0 ? pm_results_add(r->results, name, error) : PM_OK;
    pm_status status = pm_output_open_in(output, r->results, name, error);
    return status ? status : pm_output_write(output, error, "%s\n", head);
}

static pm_status open_spikes(pm_recorder *r, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t p = 0; !status && p < r->network->n_populations; p++) {
        const pm_population *population = &r->network->populations[p];
        if (!population->record_spikes)
            continue;
        char name[128];
        snprintf(name, sizeof name, "spikes-%s.dat", population->name);
        status =
            open_file(r, &r->spikes[p], pm_share_reports(r->ranks, p), name, "# neuron time_ms dVdt_mV_per_ms", error);
    }
    return status;
}

static const char *const heads[] = {"# time_ms V_mV", "# time_ms I_pA", "# time_ms theta_mV"}; /* ORDER pm_quantity */

/* potential-P-N.dat, current-P-N.dat, current-P-RECEPTOR-N.dat, threshold-P-N.dat */
static void name_file(const pm_potential_record *record, const pm_population *p, uint32_t neuron, char *name,
                      size_t size) {
    static const char *const words[] = {"potential", "current", "threshold"}; /* ORDER pm_quantity */
    const char *word = words[record->quantity];
    if (record->quantity == PM_CURRENT && record->receptor != PM_EVERY_RECEPTOR)
        snprintf(name, size, "%s-%s-%s-%" PRIu32 ".dat", word, p->name,
                 pm_population_get_receptor(p, record->receptor).name, neuron);
    else
        snprintf(name, size, "%s-%s-%" PRIu32 ".dat", word, p->name, neuron);
}

static pm_status open_potentials(pm_recorder *r, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; k < r->network->n_potentials; k++) {
        const pm_potential_record *record = &r->network->potentials[k];
        const pm_population *population = &r->network->populations[record->population];
        for (size_t j = 0; !status && j < record->n_neurons; j++) {
            bool own = pm_share_has(r->ranks, r->network->populations[record->population].size, record->neurons[j]);
            char name[300];
            pm_output *potential = &r->potentials[r->first[k] + j], *curve = &r->curves[r->first[k] + j];
            name_file(record, population, record->neurons[j], name, sizeof name);
            status = open_file(r, potential, own, name, heads[record->quantity], error);
            if (!has_curve(r, k))
                continue;
            snprintf(name, sizeof name, "curve-%s-%" PRIu32 ".dat", population->name, record->neurons[j]);
            if (!status)
                status = open_file(r, curve, own, name, "# time_ms V_mV spike", error);
        }
    }
    return status;
}

pm_status pm_recorder_open(pm_recorder *recorder, const pm_network *network, const pm_exchange *ranks,
                           pm_results *results, pm_error *error) {
    pm_recorder *r = recorder;
    *r = (pm_recorder){.network = network, .ranks = ranks, .results = results};
    r->first = calloc(network->n_potentials + 1, sizeof *r->first);
    for (size_t k = 0; r->first && k < network->n_potentials; k++) {
        r->first[k] = r->n_neurons;
        r->n_neurons += network->potentials[k].n_neurons;
    }
    r->spikes = calloc(network->n_populations + 1, sizeof *r->spikes);
    r->potentials = calloc(r->n_neurons + 1, sizeof *r->potentials);
    r->curves = calloc(r->n_neurons + 1, sizeof *r->curves);
    r->fired = malloc((r->n_neurons + 1) * sizeof *r->fired);
    for (size_t k = 0; r->fired && k < r->n_neurons; k++)
        r->fired[k] = -INFINITY;
    if (!r->first || !r->spikes || !r->potentials || !r->curves || !r->fired)
        return pm_fail_memory(error, "the outputs");
    pm_status status = pm_room_check((double)(2 * r->n_neurons + network->n_populations) * OUTPUT_BYTES,
                                     "the buffers of all output files", error);
    if (!status)
        status = open_spikes(r, error);
    return status ? status : open_potentials(r, error);
}

pm_status pm_recorder_commit(pm_recorder *recorder, pm_error *error) {
    pm_recorder *r = recorder;
    pm_status status = PM_OK;
    for (size_t p = 0; !status && p < r->network->n_populations; p++)
        if (r->spikes[p].path)
            status = pm_output_commit(&r->spikes[p], error);
    for (size_t k = 0; !status && k < r->n_neurons; k++) {
        if (!r->potentials[k].path)
            continue;
        status = pm_output_commit(&r->potentials[k], error);
        if (!status && r->curves[k].path)
            status = pm_output_commit(&r->curves[k], error);
    }
    return status;
}

void pm_recorder_close(pm_recorder *recorder, bool leave) {
    pm_recorder *r = recorder;
    void (*end)(pm_output *) = leave ? pm_output_leave : pm_output_discard;
    for (size_t p = 0; r->spikes && p < r->network->n_populations; p++)
        end(&r->spikes[p]);
    for (size_t k = 0; k < r->n_neurons; k++) {
        if (r->potentials)
            end(&r->potentials[k]);
        if (r->curves)
            end(&r->curves[k]);
    }
    free(r->spikes);
    free(r->potentials);
    free(r->curves);
    free(r->fired);
    free(r->first);
    *r = (pm_recorder){0};
}

bool pm_recorder_missing(const pm_recorder *recorder) {
    const pm_recorder *r = recorder;
    bool missing = false;
    for (size_t p = 0; p < r->network->n_populations; p++)
        missing = missing || (r->spikes[p].path && pm_output_missing(&r->spikes[p]));
    for (size_t k = 0; k < r->n_neurons; k++)
        missing = missing ||
                  (r->potentials[k].path && pm_output_missing(&r->potentials[k])) ||
                  (r->curves[k].path && pm_output_missing(&r->curves[k]));
    return missing;
}

static pm_status archive_output(pm_output *output, pm_archive *archive, pm_error *error) {
    pm_output_mark mark = {0};
    pm_status status = PM_OK;
    if (!output->path)
        return PM_OK;
    if (!archive->reading)
        status = pm_output_flush(output, &mark, error);
    PM_ARCHIVE(archive, mark);
    if (!status && archive->reading && !archive->status)
        status = pm_output_reopen(output, &mark, error);
    return status;
}

pm_status pm_recorder_archive(pm_recorder *recorder, pm_archive *archive, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t p = 0; !status && p < recorder->network->n_populations; p++)
        status = archive_output(&recorder->spikes[p], archive, error);
    for (size_t k = 0; !status && k < recorder->n_neurons; k++) {
        status = archive_output(&recorder->potentials[k], archive, error);
        if (!status)
            status = archive_output(&recorder->curves[k], archive, error);
    }
    return status;
}
