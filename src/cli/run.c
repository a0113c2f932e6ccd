/* punctum run: simulate a network file. Spikes and potentials stream into files as they occur; the files get their names
 * when the run has ended, by itself or by Ctrl-C, and vanish when it fails. */
#define _GNU_SOURCE
#include "cli/command.h"

#include "io/output.h"
#include "io/summary.h"

#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    const char *file, *folder;
    double duration; /* ms; NAN: as in the file */
    double seed;     /* NAN: as in the file */
    int threads;     /* 0: all cores */
    bool quiet;
} options;

/* The outputs of one run. */
typedef struct recorder {
    const pm_network *network;
    pm_output *spikes;      /* of each population; unopened where spikes are not recorded */
    pm_output *potentials;  /* samples of each recorded neuron */
    pm_output *curves;      /* the same with points in between, for drawing */
    size_t *first;          /* of each potential record: its first index in the two above */
    size_t n_neurons;       /* recorded neurons */
} recorder;

static pm_simulation *running;

static void stop(int signal_number) {
    (void)signal_number;
    if (running)
        pm_simulation_stop(running);
}

static void watch_signals(void) {
    struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes shows as an error of write */
}

static pm_status on_spike(const pm_spike *spike, void *user, pm_error *error) {
    recorder *r = user;
    return pm_output_write(&r->spikes[spike->population], error, "%" PRIu32 " %.17g %.17g\n", spike->neuron, spike->time,
                           spike->slope);
}

static pm_status on_sample(const pm_sample *sample, void *user, pm_error *error) {
    recorder *r = user;
    size_t k = r->first[sample->record] + sample->neuron;
    const pm_population *p = &r->network->populations[r->network->potentials[sample->record].population];
    pm_status status = PM_OK;
    if (sample->kind != PM_SAMPLE_CURVE)
        status = pm_output_write(&r->potentials[k], error, "%.17g %.17g\n", sample->time, sample->potential);
    int spike = sample->kind == PM_SAMPLE_SPIKE && sample->potential == p->neuron.V_th;
    if (!status)
        status = pm_output_write(&r->curves[k], error, "%.17g %.17g %d\n", sample->time, sample->potential, spike);
    return status;
}

static pm_status open_spikes(recorder *r, const char *folder, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t p = 0; !status && p < r->network->n_populations; p++) {
        const pm_population *population = &r->network->populations[p];
        if (!population->record_spikes)
            continue;
        char name[128];
        snprintf(name, sizeof name, "spikes-%s.dat", population->name);
        status = pm_output_open(&r->spikes[p], folder, name, error);
        if (!status)
            status = pm_output_write(&r->spikes[p], error, "# neuron time_ms dVdt_mV_per_ms\n");
    }
    return status;
}

static pm_status open_potentials(recorder *r, const char *folder, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t k = 0; k < r->network->n_potentials; k++) {
        const pm_potential_record *record = &r->network->potentials[k];
        const char *population = r->network->populations[record->population].name;
        for (size_t j = 0; !status && j < record->n_neurons; j++) {
            char name[128];
            pm_output *potential = &r->potentials[r->first[k] + j], *curve = &r->curves[r->first[k] + j];
            snprintf(name, sizeof name, "potential-%s-%" PRIu32 ".dat", population, record->neurons[j]);
            status = pm_output_open(potential, folder, name, error);
            if (!status)
                status = pm_output_write(potential, error, "# time_ms V_mV\n");
            snprintf(name, sizeof name, "curve-%s-%" PRIu32 ".dat", population, record->neurons[j]);
            if (!status)
                status = pm_output_open(curve, folder, name, error);
            if (!status)
                status = pm_output_write(curve, error, "# time_ms V_mV spike\n");
        }
    }
    return status;
}

static pm_status recorder_open(recorder *r, const pm_network *network, const char *folder, pm_error *error) {
    *r = (recorder){.network = network};
    r->first = calloc(network->n_potentials + 1, sizeof *r->first);
    for (size_t k = 0; r->first && k < network->n_potentials; k++) {
        r->first[k] = r->n_neurons;
        r->n_neurons += network->potentials[k].n_neurons;
    }
    r->spikes = calloc(network->n_populations + 1, sizeof *r->spikes);
    r->potentials = calloc(r->n_neurons + 1, sizeof *r->potentials);
    r->curves = calloc(r->n_neurons + 1, sizeof *r->curves);
    if (!r->first || !r->spikes || !r->potentials || !r->curves)
        return pm_fail_memory(error, "the outputs");
    pm_status status = open_spikes(r, folder, error);
    return status ? status : open_potentials(r, folder, error);
}

static pm_status recorder_commit(recorder *r, pm_error *error) {
    pm_status status = PM_OK;
    for (size_t p = 0; !status && p < r->network->n_populations; p++)
        if (r->spikes[p].path)
            status = pm_output_commit(&r->spikes[p], error);
    for (size_t k = 0; !status && k < r->n_neurons; k++) {
        status = pm_output_commit(&r->potentials[k], error);
        if (!status)
            status = pm_output_commit(&r->curves[k], error);
    }
    return status;
}

/* Drops what was not committed. */
static void recorder_close(recorder *r) {
    for (size_t p = 0; r->spikes && p < r->network->n_populations; p++)
        pm_output_discard(&r->spikes[p]);
    for (size_t k = 0; k < r->n_neurons; k++) {
        if (r->potentials)
            pm_output_discard(&r->potentials[k]);
        if (r->curves)
            pm_output_discard(&r->curves[k]);
    }
    free(r->spikes);
    free(r->potentials);
    free(r->curves);
    free(r->first);
}

/* Runs to the end, in slices if there is a progress bar to move. */
static pm_status advance(pm_simulation *simulation, double duration, bool quiet, pm_error *error) {
    pm_progress progress = pm_progress_begin(quiet);
    pm_status status = PM_OK;
    int slices = progress.on ? 500 : 1;
    for (int k = 1; !status && k <= slices; k++) {
        status = pm_simulation_run(simulation, k == slices ? duration : duration * k / slices, error);
        char words[100];
        snprintf(words, sizeof words, "%.5g of %.5g ms, %" PRIu64 " spikes", pm_simulation_time(simulation), duration,
                 pm_simulation_counts(simulation).spikes);
        pm_progress_show(&progress, (double)k / slices, words);
    }
    pm_progress_end(&progress);
    return status;
}

static json_t *summarise(const pm_network *network, pm_simulation *simulation, double reached, double seconds,
                         double build_seconds) {
    pm_counts counts = pm_simulation_counts(simulation);
    double neuron_seconds = 1e-3 * reached * (double)counts.neurons;
    json_t *numbers = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "neurons", (json_int_t)counts.neurons, "synapses",
                                (json_int_t)counts.synapses, "spikes", (json_int_t)counts.spikes, "source_spikes",
                                (json_int_t)counts.source_spikes, "synaptic_events", (json_int_t)counts.synaptic_events,
                                "bytes", (json_int_t)counts.bytes);
    return json_pack("{s:s, s:s, s:I, s:b, s:f, s:f, s:f, s:f, s:o, s:o}", "version", PM_VERSION, "command", "run", "seed",
                     (json_int_t)network->seed, "complete", (int)(reached >= network->duration), "reached_ms", reached,
                     "wall_seconds", seconds, "build_seconds", build_seconds, "rate_hz",
                     neuron_seconds > 0.0 ? (double)counts.spikes / neuron_seconds : 0.0, "counts", numbers, "network",
                     pm_network_json(network));
}

static pm_status simulate(const pm_network *network, const options *o, recorder *r, pm_error *error) {
    pm_options settings = {.threads = o->threads};
    pm_simulation *simulation = NULL;
    double begun = pm_seconds();
    pm_status status = pm_simulation_new(network, &settings, &simulation, error);
    double built = pm_seconds();
    if (status)
        return status;
    pm_simulation_on_spike(simulation, on_spike, r);
    pm_simulation_on_sample(simulation, on_sample, r);
    running = simulation;
    watch_signals();
    status = advance(simulation, network->duration, o->quiet, error);
    double reached = pm_simulation_time(simulation), seconds = pm_seconds() - built;
    pm_status written = PM_OK;
    if (status == PM_OK || status == PM_STOPPED)
        written = recorder_commit(r, error);
    if (!written && (status == PM_OK || status == PM_STOPPED)) {
        json_t *summary = summarise(network, simulation, reached, seconds, built - begun);
        written = pm_summary_write(o->folder, summary, error);
        json_decref(summary);
    }
    if (!written && status == PM_STOPPED)
        status = pm_fail(error, PM_STOPPED, "stopped at %.17g ms of %g ms; %s holds everything up to there", reached,
                         network->duration, o->folder);
    pm_counts counts = pm_simulation_counts(simulation);
    if (!written && !status && !o->quiet)
        printf("%g ms, %" PRIu64 " spikes of %" PRIu64 " neurons, %" PRIu64 " synaptic events in %.3g s; results in %s\n",
               reached, counts.spikes, counts.neurons, counts.synaptic_events, seconds, o->folder);
    running = NULL;
    pm_simulation_free(simulation);
    return written ? written : status;
}

static pm_status run_network(const options *o, pm_error *error) {
    pm_network *network = NULL;
    recorder r = {0};
    pm_status status = pm_network_load(o->file, &network, error);
    if (status)
        return status;
    if (!isnan(o->duration))
        network->duration = o->duration;
    if (!isnan(o->seed))
        network->seed = (uint64_t)o->seed;
    status = pm_folder_make(o->folder, error);
    if (!status)
        status = recorder_open(&r, network, o->folder, error);
    if (!status)
        status = simulate(network, o, &r, error);
    recorder_close(&r);
    pm_network_free(network);
    return status;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    options *o = state->input;
    switch (key) {
    case 'o': o->folder = argument; return 0;
    case 'd': o->duration = pm_option_number("--duration", argument, 0.0, 1e15); return 0;
    case 's': o->seed = floor(pm_option_number("--seed", argument, 0.0, 0x1p53)); return 0;
    case 't': o->threads = (int)pm_option_number("--threads", argument, 1.0, 1024.0); return 0;
    case 'q': o->quiet = true; return 0;
    case ARGP_KEY_ARG:
        if (o->file)
            argp_error(state, "one network file only; '%s' is too many", argument);
        o->file = argument;
        return 0;
    case ARGP_KEY_END:
        if (!o->file)
            argp_error(state, "which network file?");
        if (!o->folder)
            argp_error(state, "where to? Give a folder for the results with -o DIR");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int run(int argc, char **argv) {
    static const struct argp_option list[] = {
        {"output", 'o', "DIR", 0, "folder for the results, made if need be", 0},
        {"duration", 'd', "MS", 0, "run for MS milliseconds instead of the file's duration", 0},
        {"seed", 's', "N", 0, "seed in place of the file's", 0},
        {"threads", 't', "N", 0, "number of threads (default: all cores; the results do not depend on it)", 0},
        {"quiet", 'q', NULL, 0, "no progress bar, no closing line", 0},
        {0},
    };
    static const struct argp argp = {
        list, parse, "NETWORK.yaml",
        "Simulate a network file, exactly.\v"
        "DIR receives spikes-POPULATION.dat (neuron, time in ms, dV/dt in mV/ms), potential-POPULATION-NEURON.dat (time in "
        "ms, V in mV), curve-POPULATION-NEURON.dat (the same with points in between, for drawing) and summary.json. Ctrl-C "
        "ends the run at a clean point with complete files.\n\n"
        "Examples:\n"
        "  punctum run network.yaml -o results\n"
        "  punctum run network.yaml -o results --duration 100 --seed 7 --threads 1\n",
        NULL, NULL, NULL};
    options o = {.duration = NAN, .seed = NAN};
    pm_error error = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    pm_status status = run_network(&o, &error);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_run = {"run", "simulate a network file", run};
