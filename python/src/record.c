/* Runs that record into arrays. Every population and every recorded neuron has its growing arrays, which are handed out
 * as they are: nothing is copied on the way to numpy.
 *
 * Ctrl-C: while a run is watched, SIGINT asks it to stop, and only the handler that was there before is restored
 * afterwards; Python then raises the signal again for its own handler. */
#define _GNU_SOURCE
#include "bridge.h"

#include "base/archive.h"
#include "net/mark.h"
#include "step/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct pm_python_run {
    const pm_network *network;
    pm_simulation *simulation; /* one of the two */
    pm_clock *clock;
    pm_clock_options step;
    pm_python_spikes *spikes;   /* of each population */
    pm_python_samples *samples; /* of each recorded neuron */
    size_t *first;              /* of each record: the first of its samples */
};

static pm_python_run *watched;
static volatile sig_atomic_t signalled;

static void on_interrupt(int number) {
    (void)number;
    signalled = 1;
    pm_python_run_stop(watched);
}

enum { FIRST_ROOM = 64 };

static bool resize(void **array, size_t n, size_t size) {
    void *moved = realloc(*array, n * size);
    if (moved)
        *array = moved;
    return moved != NULL;
}

static pm_status record_spike(const pm_spike *spike, void *user, pm_error *error) {
    pm_python_spikes *s = &((pm_python_run *)user)->spikes[spike->population];
    if (s->n == s->capacity) {
        const size_t room = s->capacity ? 2 * s->capacity : FIRST_ROOM;
        if (!resize((void **)&s->time, room, sizeof *s->time) || !resize((void **)&s->slope, room, sizeof *s->slope) ||
            !resize((void **)&s->neuron, room, sizeof *s->neuron))
            return pm_fail_memory(error, "recorded spikes");
        s->capacity = room;
    }
    s->time[s->n] = spike->time;
    s->slope[s->n] = spike->slope;
    s->neuron[s->n++] = spike->neuron;
    return PM_OK;
}

static pm_status record_sample(const pm_sample *sample, void *user, pm_error *error) {
    pm_python_run *run = user;
    pm_python_samples *s = &run->samples[run->first[sample->record] + sample->neuron];
    if (s->n == s->capacity) {
        const size_t room = s->capacity ? 2 * s->capacity : FIRST_ROOM;
        if (!resize((void **)&s->time, room, sizeof *s->time) || !resize((void **)&s->value, room, sizeof *s->value) ||
            !resize((void **)&s->kind, room, sizeof *s->kind))
            return pm_fail_memory(error, "recorded samples");
        s->capacity = room;
    }
    s->time[s->n] = sample->time;
    s->value[s->n] = sample->potential;
    s->kind[s->n++] = (uint8_t)sample->kind;
    return PM_OK;
}

static bool find_word(const char *const *words, const char *word, int *place) {
    for (*place = 0; words[*place]; ++*place)
        if (!word || strcmp(words[*place], word) == 0)
            return true;
    return false;
}

static pm_status new_clock(pm_python_run *run, const pm_python_options *o, pm_error *error) {
    int scheme, interpolation;
    if (!find_word(pm_clock_schemes, o->scheme, &scheme))
        return pm_fail(error, PM_INVALID, "scheme: there is no '%s'; it must be exact or rk", o->scheme);
    if (!find_word(pm_clock_interpolations, o->interpolation, &interpolation))
        return pm_fail(error, PM_INVALID, "interpolation: there is no '%s'; it must be grid, linear or cubic",
                       o->interpolation);
    run->step = (pm_clock_options){o->dt, (pm_clock_scheme)scheme, (pm_clock_interpolation)interpolation};
    return pm_clock_new(run->network, &run->step, &run->clock, error);
}

static void listen(pm_python_run *run) {
    if (run->clock) {
        pm_clock_on_spike(run->clock, record_spike, run);
        pm_clock_on_sample(run->clock, record_sample, run);
    } else {
        pm_simulation_on_spike(run->simulation, record_spike, run);
        pm_simulation_on_sample(run->simulation, record_sample, run);
    }
}

pm_status pm_python_run_new(const pm_network *network, const pm_python_options *options, pm_python_run **result,
                            pm_error *error) {
    pm_python_run *run = calloc(1, sizeof *run);
    if (!run)
        return pm_fail_memory(error, "a run");
    run->network = network;
    run->first = calloc(network->n_potentials + 1, sizeof *run->first);
    run->spikes = calloc(network->n_populations + 1, sizeof *run->spikes);
    for (size_t k = 0; run->first && k < network->n_potentials; k++)
        run->first[k + 1] = run->first[k] + network->potentials[k].n_neurons;
    if (run->first)
        run->samples = calloc(run->first[network->n_potentials] + 1, sizeof *run->samples);
    const pm_options how = {.threads = options->threads};
    pm_status status = !run->first || !run->spikes || !run->samples ? pm_fail_memory(error, "a run")
                       : options->dt == 0.0 ? pm_simulation_new(network, &how, &run->simulation, error)
                                            : new_clock(run, options, error);
    if (status) {
        pm_python_run_free(run);
        return status;
    }
    listen(run);
    *result = run;
    return PM_OK;
}

static void clear(pm_python_run *run) {
    for (size_t p = 0; run->spikes && p < run->network->n_populations; p++) {
        pm_python_spikes s = pm_python_take_spikes(run, (uint32_t)p);
        free(s.time);
        free(s.slope);
        free(s.neuron);
    }
    for (size_t k = 0; run->samples && k < run->first[run->network->n_potentials]; k++) {
        pm_python_samples *s = &run->samples[k];
        free(s->time);
        free(s->value);
        free(s->kind);
        *s = (pm_python_samples){0};
    }
}

void pm_python_run_free(pm_python_run *run) {
    if (!run)
        return;
    clear(run);
    pm_simulation_free(run->simulation);
    pm_clock_free(run->clock);
    free(run->first);
    free(run->spikes);
    free(run->samples);
    free(run);
}

pm_simulation *pm_python_run_simulation(pm_python_run *run) { return run->simulation; }

static pm_status run_until(pm_python_run *run, double until, pm_error *error) {
    return run->clock ? pm_clock_run(run->clock, until, error) : pm_simulation_run(run->simulation, until, error);
}

pm_status pm_python_run_until(pm_python_run *run, double until, bool watch, int *interrupted, pm_error *error) {
    *interrupted = 0;
    if (!watch)
        return run_until(run, until, error);
    struct sigaction ours = {.sa_handler = on_interrupt}, before;
    sigemptyset(&ours.sa_mask);
    ours.sa_flags = SA_RESTART;
    watched = run;
    signalled = 0;
    sigaction(SIGINT, &ours, &before);
    pm_status status = run_until(run, until, error);
    sigaction(SIGINT, &before, NULL);
    watched = NULL;
    *interrupted = signalled;
    return status;
}

void pm_python_run_stop(pm_python_run *run) {
    if (run->clock)
        pm_clock_stop(run->clock);
    else
        pm_simulation_stop(run->simulation);
}

double pm_python_run_time(const pm_python_run *run) {
    return run->clock ? pm_clock_time(run->clock) : pm_simulation_time(run->simulation);
}

pm_counts pm_python_run_counts(const pm_python_run *run) {
    return run->clock ? pm_clock_counts(run->clock) : pm_simulation_counts(run->simulation);
}

pm_status pm_python_run_reset(pm_python_run *run, pm_error *error) {
    clear(run);
    if (!run->clock)
        return pm_simulation_reset(run->simulation, error);
    pm_clock_free(run->clock);
    run->clock = NULL;
    pm_status status = pm_clock_new(run->network, &run->step, &run->clock, error);
    if (!status)
        listen(run);
    return status;
}

pm_python_spikes pm_python_take_spikes(pm_python_run *run, uint32_t population) {
    pm_python_spikes spikes = run->spikes[population];
    run->spikes[population] = (pm_python_spikes){0};
    return spikes;
}

pm_python_samples pm_python_take_samples(pm_python_run *run, size_t record, size_t neuron) {
    pm_python_samples *place = &run->samples[run->first[record] + neuron], samples = *place;
    *place = (pm_python_samples){0};
    return samples;
}

void pm_python_free(void *array) { free(array); }

/* The mark of the network, then the state. */
pm_status pm_python_run_save(pm_python_run *run, uint8_t **bytes, size_t *size, pm_error *error) {
    if (!run->simulation)
        return pm_fail(error, PM_INVALID, "the state of a run with a time step cannot be saved");
    uint64_t mark = pm_network_mark(run->network);
    pm_archive archive = {0};
    PM_ARCHIVE(&archive, mark);
    pm_status status = pm_simulation_archive(run->simulation, &archive, error);
    if (status)
        free(archive.bytes);
    *bytes = status ? NULL : archive.bytes;
    *size = archive.size;
    return status;
}

pm_status pm_python_run_restore(pm_python_run *run, const uint8_t *bytes, size_t size, pm_error *error) {
    if (!run->simulation)
        return pm_fail(error, PM_INVALID, "the state of a run with a time step cannot be restored");
    uint64_t mark = 0;
    pm_archive archive = {.bytes = (uint8_t *)(uintptr_t)bytes, .size = size, .reading = true};
    PM_ARCHIVE(&archive, mark);
    if (archive.status || mark != pm_network_mark(run->network))
        return pm_fail(error, PM_INVALID, "the state is that of another network");
    clear(run);
    return pm_simulation_archive(run->simulation, &archive, error);
}

pm_status pm_python_run_state(pm_python_run *run, uint32_t population, double *potential, double *current,
                              pm_error *error) {
    if (!run->simulation)
        return pm_fail(error, PM_INVALID, "a run with a time step does not tell its state");
    pm_status status = PM_OK;
    for (uint32_t k = 0; !status && k < run->network->populations[population].size; k++)
        status = pm_simulation_state(run->simulation, population, k, &potential[k], &current[k], error);
    return status;
}
