/* Runs that record into arrays, which are handed out as they are: nothing is copied on the way to numpy.
 *
 * Ctrl-C: while a run is watched, SIGINT asks it to stop, and only the handler that was there before is restored
 * afterwards; Python then raises the signal again for its own handler. */
#define _GNU_SOURCE
#include "bridge.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct pm_python_run {
    const pm_network *network;
    pm_simulation *simulation;
    pm_recording *recording;
};

static pm_python_run *watched;
static volatile sig_atomic_t signalled;

static void on_interrupt(int number) {
    (void)number;
    signalled = 1;
    pm_python_run_stop(watched);
}

/* The place of a word among those that there are; NULL: the first. */
static bool find_word(const char *const *words, const char *word, int *place) {
    for (*place = 0; words[*place]; ++*place)
        if (!word || strcmp(words[*place], word) == 0)
            return true;
    return false;
}

static pm_status read_options(const pm_python_options *o, pm_options *options, pm_error *error) {
    int scheme = 0, interpolation = 0;
    *options = (pm_options){.threads = o->threads, .size = sizeof *options};
    if (o->dt == 0.0)
        return PM_OK;
    if (!find_word(pm_clock_schemes, o->scheme, &scheme))
        return pm_fail(error, PM_INVALID, "scheme: there is no '%s'; it must be exact or rk", o->scheme);
    if (!find_word(pm_clock_interpolations, o->interpolation, &interpolation))
        return pm_fail(error, PM_INVALID, "interpolation: there is no '%s'; it must be grid, linear or cubic",
                       o->interpolation);
    options->engine = PM_ENGINE_CLOCK;
    options->dt = o->dt;
    options->scheme = (pm_clock_scheme)scheme;
    options->interpolation = (pm_clock_interpolation)interpolation;
    return PM_OK;
}

pm_status pm_python_run_new(const pm_network *network, const pm_python_options *options, pm_python_run **result,
                            pm_error *error) {
    pm_options how;
    pm_status status = read_options(options, &how, error);
    if (status)
        return status;
    pm_python_run *run = calloc(1, sizeof *run);
    if (!run)
        return pm_fail_memory(error, "a run");
    run->network = network;
    status = pm_simulation_new(network, &how, &run->simulation, error);
    if (!status)
        status = pm_recording_new(network, &run->recording, error);
    if (status) {
        pm_python_run_free(run);
        return status;
    }
    pm_simulation_record(run->simulation, run->recording);
    *result = run;
    return PM_OK;
}

void pm_python_run_free(pm_python_run *run) {
    if (!run)
        return;
    pm_simulation_free(run->simulation);
    pm_recording_free(run->recording);
    free(run);
}

pm_simulation *pm_python_run_simulation(pm_python_run *run) { return run->simulation; }

pm_status pm_python_run_until(pm_python_run *run, double until, bool watch, int *interrupted, pm_error *error) {
    *interrupted = 0;
    if (!watch)
        return pm_simulation_run(run->simulation, until, error);
    struct sigaction ours = {.sa_handler = on_interrupt}, before;
    sigemptyset(&ours.sa_mask);
    ours.sa_flags = SA_RESTART;
    watched = run;
    signalled = 0;
    sigaction(SIGINT, &ours, &before);
    pm_status status = pm_simulation_run(run->simulation, until, error);
    sigaction(SIGINT, &before, NULL);
    watched = NULL;
    *interrupted = signalled;
    return status;
}

void pm_python_run_stop(pm_python_run *run) { pm_simulation_stop(run->simulation); }

double pm_python_run_time(const pm_python_run *run) { return pm_simulation_time(run->simulation); }

pm_counts pm_python_run_counts(const pm_python_run *run) { return pm_simulation_counts(run->simulation); }

pm_status pm_python_run_reset(pm_python_run *run, pm_error *error) {
    pm_recording_clear(run->recording);
    return pm_simulation_reset(run->simulation, error);
}

pm_python_spikes pm_python_take_spikes(pm_python_run *run, uint32_t population) {
    pm_recorded_spikes s = {0};
    (void)pm_recording_take_spikes(run->recording, population, &s, NULL);
    return (pm_python_spikes){s.time, s.slope, s.neuron, s.n, s.capacity};
}

pm_python_samples pm_python_take_samples(pm_python_run *run, size_t record, size_t neuron) {
    pm_recorded_samples s = {0};
    (void)pm_recording_take_samples(run->recording, record, neuron, &s, NULL);
    return (pm_python_samples){s.time, s.value, s.kind, s.n, s.capacity};
}

pm_status pm_python_inject(pm_simulation *simulation, const pm_spike *spikes, size_t n, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; !status && k < n; k++)
        status = pm_simulation_inject(simulation, spikes[k].population, spikes[k].neuron, spikes[k].time, error);
    return status;
}

void pm_python_free(void *array) { pm_free(array); }

pm_status pm_python_run_save(pm_python_run *run, uint8_t **bytes, size_t *size, pm_error *error) {
    void *state = NULL;
    pm_status status = pm_simulation_save(run->simulation, &state, size, error);
    *bytes = state;
    return status;
}

pm_status pm_python_run_restore(pm_python_run *run, const uint8_t *bytes, size_t size, pm_error *error) {
    pm_recording_clear(run->recording);
    return pm_simulation_restore(run->simulation, bytes, size, error);
}

pm_status pm_python_run_state(pm_python_run *run, uint32_t population, double *potential, double *current,
                              pm_error *error) {
    pm_status status = PM_OK;
    for (uint32_t k = 0; !status && k < run->network->populations[population].size; k++)
        status = pm_simulation_state(run->simulation, population, k, &potential[k], &current[k], error);
    return status;
}
