/* Every population and every recorded neuron has arrays that double when they are full, and that are handed out as they
 * are. Invariant: what is in them is in the order in which the simulation reports it. */
#include "base/list.h"
#include "net/spikes.h"

#include <punctum/recording.h>
#include <stdlib.h>

struct pm_recording {
    const pm_network *network;
    size_t n_populations, n_records; /* of the network when the recording was made */
    pm_recorded_spikes *spikes;      /* of each population */
    pm_recorded_samples *samples;    /* of each recorded neuron */
    size_t *first;                   /* of each record, and one more: the first of its samples */
};

pm_status pm_recording_new(const pm_network *network, pm_recording **recording, pm_error *error) {
    pm_recording *r = calloc(1, sizeof *r);
    *recording = NULL;
    if (!r)
        return pm_fail_memory(error, "a recording");
    r->network = network;
    r->first = calloc(network->n_potentials + 1, sizeof *r->first);
    r->spikes = calloc(network->n_populations + 1, sizeof *r->spikes);
    for (size_t k = 0; r->first && k < network->n_potentials; k++)
        r->first[k + 1] = r->first[k] + network->potentials[k].n_neurons;
    if (r->first)
        r->samples = calloc(r->first[network->n_potentials] + 1, sizeof *r->samples);
    if (!r->first || !r->spikes || !r->samples) {
        pm_recording_free(r);
        return pm_fail_memory(error, "a recording");
    }
    r->n_populations = network->n_populations;
    r->n_records = network->n_potentials;
    *recording = r;
    return PM_OK;
}

void pm_recording_clear(pm_recording *recording) {
    for (size_t p = 0; p < recording->n_populations; p++) {
        pm_recorded_spikes *s = &recording->spikes[p];
        free(s->time);
        free(s->slope);
        free(s->neuron);
        *s = (pm_recorded_spikes){0};
    }
    for (size_t k = 0; recording->samples && k < recording->first[recording->n_records]; k++) {
        pm_recorded_samples *s = &recording->samples[k];
        free(s->time);
        free(s->value);
        free(s->kind);
        *s = (pm_recorded_samples){0};
    }
}

void pm_recording_free(pm_recording *recording) {
    if (!recording)
        return;
    pm_recording_clear(recording);
    free(recording->spikes);
    free(recording->samples);
    free(recording->first);
    free(recording);
}

void pm_free(void *array) { free(array); }

/* --- recording --- */

/* Room for one more than the n items that there are. */
#define GROW(array, n, room) pm_list_reserve_beside((void **)&(array), n, (n) + 1, sizeof *(array), room)

pm_status pm_recording_on_spike(const pm_spike *spike, void *user, pm_error *error) {
    pm_recording *r = user;
    if (spike->population >= r->n_populations)
        return pm_fail(error, PM_INVALID, "the recording has no population %u", spike->population);
    pm_recorded_spikes *s = &r->spikes[spike->population];
    if (s->n == s->capacity) {
        size_t room = 0;
        if (!GROW(s->time, s->n, &room) || !GROW(s->slope, s->n, &room) || !GROW(s->neuron, s->n, &room))
            return pm_fail_memory(error, "recorded spikes");
        s->capacity = room;
    }
    s->time[s->n] = spike->time;
    s->slope[s->n] = spike->slope;
    s->neuron[s->n++] = spike->neuron;
    return PM_OK;
}

/* The samples of a recorded neuron, or NULL. */
static pm_recorded_samples *samples_of(const pm_recording *r, size_t record, size_t neuron, pm_error *error) {
    if (record < r->n_records && neuron < r->first[record + 1] - r->first[record])
        return &r->samples[r->first[record] + neuron];
    pm_fail(error, PM_INVALID, "the recording has no neuron %zu in a record %zu", neuron, record);
    return NULL;
}

pm_status pm_recording_on_sample(const pm_sample *sample, void *user, pm_error *error) {
    pm_recorded_samples *s = samples_of(user, sample->record, sample->neuron, error);
    if (!s)
        return PM_INVALID;
    if (s->n == s->capacity) {
        size_t room = 0;
        if (!GROW(s->time, s->n, &room) || !GROW(s->value, s->n, &room) || !GROW(s->kind, s->n, &room))
            return pm_fail_memory(error, "recorded samples");
        s->capacity = room;
    }
    s->time[s->n] = sample->time;
    s->value[s->n] = sample->potential;
    s->kind[s->n++] = (uint8_t)sample->kind;
    return PM_OK;
}

void pm_simulation_record(pm_simulation *simulation, pm_recording *recording) {
    pm_simulation_on_spike(simulation, pm_recording_on_spike, recording);
    pm_simulation_on_sample(simulation, pm_recording_on_sample, recording);
}

/* --- handing out --- */

pm_status pm_recording_spikes(const pm_recording *recording, uint32_t population, pm_recorded_spikes *spikes,
                              pm_error *error) {
    if (population >= recording->n_populations)
        return pm_fail(error, PM_INVALID, "the recording has no population %u", population);
    *spikes = recording->spikes[population];
    return PM_OK;
}

pm_status pm_recording_samples(const pm_recording *recording, size_t record, size_t neuron,
                               pm_recorded_samples *samples, pm_error *error) {
    const pm_recorded_samples *s = samples_of(recording, record, neuron, error);
    if (!s)
        return PM_INVALID;
    *samples = *s;
    return PM_OK;
}

pm_status pm_recording_take_spikes(pm_recording *recording, uint32_t population, pm_recorded_spikes *spikes,
                                   pm_error *error) {
    pm_status status = pm_recording_spikes(recording, population, spikes, error);
    if (!status)
        recording->spikes[population] = (pm_recorded_spikes){0};
    return status;
}

pm_status pm_recording_take_samples(pm_recording *recording, size_t record, size_t neuron, pm_recorded_samples *samples,
                                    pm_error *error) {
    pm_recorded_samples *s = samples_of(recording, record, neuron, error);
    if (!s)
        return PM_INVALID;
    *samples = *s;
    *s = (pm_recorded_samples){0};
    return PM_OK;
}

pm_status pm_recording_all(const pm_recording *recording, pm_spike **spikes, size_t *n, pm_error *error) {
    size_t total = 0;
    for (size_t p = 0; p < recording->n_populations; p++)
        total += recording->spikes[p].n;
    *n = 0;
    *spikes = malloc((total + 1) * sizeof **spikes);
    if (!*spikes)
        return pm_fail_memory(error, "recorded spikes");
    for (size_t p = 0; p < recording->n_populations; p++) {
        const pm_recorded_spikes *s = &recording->spikes[p];
        for (size_t k = 0; k < s->n; k++)
            (*spikes)[(*n)++] = (pm_spike){s->time[k], s->slope[k], (uint32_t)p, s->neuron[k]};
    }
    if (total > 1)
        qsort(*spikes, total, sizeof **spikes, pm_compare_spikes);
    return PM_OK;
}
