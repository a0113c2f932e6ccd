/* punctum run: simulate a network file. Spikes and potentials stream into files as they occur; the files get their
 * names when the run has ended, by itself or by Ctrl-C, and vanish when it fails. */
#define _GNU_SOURCE
#include "cli/command.h"

#include "io/output.h"
#include "io/summary.h"
#include "sim/clock.h"

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
    bool clock;      /* time-stepped instead of event-driven */
    pm_clock_options step;
    bool stepped; /* an option that only the time-stepped engine has was given */
    bool quiet;
} options;

/* The outputs of one run. */
typedef struct recorder {
    const pm_network *network;
    pm_output *spikes;     /* of each population; unopened where spikes are not recorded */
    pm_output *potentials; /* samples of each recorded neuron */
    pm_output *curves;     /* the same with points in between, for drawing */
    size_t *first;         /* of each potential record: its first index in the two above */
    size_t n_neurons;      /* recorded neurons */
} recorder;

static pm_simulation *running;
static pm_clock *running_clock;

static void stop(int signal_number) {
    (void)signal_number;
    if (running)
        pm_simulation_stop(running);
    if (running_clock)
        pm_clock_stop(running_clock);
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
    return pm_output_write(&r->spikes[spike->population], error, "%" PRIu32 " %.17g %.17g\n", spike->neuron,
                           spike->time, spike->slope);
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

/* What a run came to. */
typedef struct outcome {
    pm_counts counts;
    double reached;                /* ms */
    double build_seconds, seconds; /* preparing and running */
} outcome;

static json_t *summarise(const pm_network *network, const options *o, const outcome *end) {
    const pm_counts *counts = &end->counts;
    double neuron_seconds = 1e-3 * end->reached * (double)counts->neurons;
    json_t *numbers = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "neurons", (json_int_t)counts->neurons, "synapses",
                                (json_int_t)counts->synapses, "spikes", (json_int_t)counts->spikes, "source_spikes",
                                (json_int_t)counts->source_spikes, "synaptic_events",
                                (json_int_t)counts->synaptic_events, "bytes", (json_int_t)counts->bytes);
    json_t *summary =
        json_pack("{s:s, s:s, s:I, s:b, s:f, s:f, s:f, s:f, s:o, s:o}", "version", PM_VERSION, "command", "run", "seed",
                  (json_int_t)network->seed, "complete", (int)(end->reached >= network->duration), "reached_ms",
                  end->reached, "wall_seconds", end->seconds, "build_seconds", end->build_seconds, "rate_hz",
                  neuron_seconds > 0.0 ? (double)counts->spikes / neuron_seconds : 0.0, "counts", numbers, "network",
                  pm_network_json(network));
    if (o->clock)
        json_object_set_new(summary, "clock",
                            json_pack("{s:f, s:s, s:s}", "dt_ms", o->step.dt, "scheme",
                                      pm_clock_schemes[o->step.scheme], "interpolation",
                                      pm_clock_interpolations[o->step.interpolation]));
    return summary;
}

/* Gives the files their names and says what came out. `status` is how the run ended. */
static pm_status finish(const pm_network *network, const options *o, recorder *r, pm_status status, const outcome *end,
                        pm_error *error) {
    if (status != PM_OK && status != PM_STOPPED)
        return status;
    pm_status written = recorder_commit(r, error);
    if (!written) {
        json_t *summary = summarise(network, o, end);
        written = pm_summary_write(o->folder, summary, error);
        json_decref(summary);
    }
    if (written)
        return written;
    if (status == PM_STOPPED)
        return pm_fail(error, PM_STOPPED, "stopped at %.17g ms of %g ms; %s holds everything up to there", end->reached,
                       network->duration, o->folder);
    if (!o->quiet)
        printf("%g ms, %" PRIu64 " spikes of %" PRIu64 " neurons, %" PRIu64
               " synaptic events in %.3g s; results in %s\n",
               end->reached, end->counts.spikes, end->counts.neurons, end->counts.synaptic_events, end->seconds,
               o->folder);
    return PM_OK;
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
    running = NULL;
    outcome end = {pm_simulation_counts(simulation), pm_simulation_time(simulation), built - begun,
                   pm_seconds() - built};
    status = finish(network, o, r, status, &end, error);
    pm_simulation_free(simulation);
    return status;
}

static pm_status simulate_stepped(const pm_network *network, const options *o, recorder *r, pm_error *error) {
    pm_clock *clock = NULL;
    double begun = pm_seconds();
    pm_status status = pm_clock_new(network, &o->step, &clock, error);
    double built = pm_seconds();
    if (status)
        return status;
    pm_clock_on_spike(clock, on_spike, r);
    pm_clock_on_sample(clock, on_sample, r);
    running_clock = clock;
    watch_signals();
    status = pm_clock_run(clock, network->duration, error);
    running_clock = NULL;
    outcome end = {pm_clock_counts(clock), pm_clock_time(clock), built - begun, pm_seconds() - built};
    status = finish(network, o, r, status, &end, error);
    pm_clock_free(clock);
    return status;
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
        status = o->clock ? simulate_stepped(network, o, &r, error) : simulate(network, o, &r, error);
    recorder_close(&r);
    pm_network_free(network);
    return status;
}

enum { ENGINE = 1000, STEP, SCHEME, INTERPOLATE };

/* The place of a word in a list that ends with NULL; a word that is not there ends the program. */
static int choose(struct argp_state *state, const char *option, const char *word, const char *const *list) {
    int k = 0;
    while (list[k] && strcmp(list[k], word) != 0)
        k++;
    if (!list[k])
        argp_error(state, "%s: there is no '%s'; one of these is wanted: %s, %s%s%s", option, word, list[0], list[1],
                   list[2] ? ", " : "", list[2] ? list[2] : "");
    return k;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    options *o = state->input;
    switch (key) {
    case 'o':
        o->folder = argument;
        return 0;
    case 'd':
        o->duration = pm_option_number("--duration", argument, 0.0, 1e15);
        return 0;
    case 's':
        o->seed = floor(pm_option_number("--seed", argument, 0.0, 0x1p53));
        return 0;
    case 't':
        o->threads = (int)pm_option_number("--threads", argument, 1.0, 1024.0);
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case ENGINE:
        o->clock = choose(state, "--engine", argument, (const char *const[]){"event", "clock", NULL}) == 1;
        return 0;
    case STEP:
        o->step.dt = pm_option_number("--dt", argument, 1e-9, 1e9);
        o->stepped = true;
        return 0;
    case SCHEME:
        o->step.scheme = (pm_clock_scheme)choose(state, "--scheme", argument, pm_clock_schemes);
        o->stepped = true;
        return 0;
    case INTERPOLATE:
        o->step.interpolation = PM_CLOCK_CUBIC;
        if (argument)
            o->step.interpolation =
                (pm_clock_interpolation)choose(state, "--interpolate", argument, pm_clock_interpolations);
        o->stepped = true;
        return 0;
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
        if (o->stepped && !o->clock)
            argp_error(state,
                       "--dt, --scheme and --interpolate belong to --engine clock: the event-driven engine has no "
                       "time step");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run(int argc, char **argv) {
    static const struct argp_option list[] = {
        {"output", 'o', "DIR", 0, "folder for the results, made if need be", 0},
        {"duration", 'd', "MS", 0, "run for MS milliseconds instead of the file's duration", 0},
        {"seed", 's', "N", 0, "seed in place of the file's", 0},
        {"threads", 't', "N", 0, "number of threads (default: all cores; the results do not depend on it)", 0},
        {"quiet", 'q', NULL, 0, "no progress bar, no closing line", 0},
        {"engine", ENGINE, "NAME", 0, "event: exact, the default; clock: the time-stepped reference simulator", 0},
        {"dt", STEP, "MS", 0, "clock: time step (default 0.1 ms)", 0},
        {"scheme", SCHEME, "NAME", 0, "clock: exact (propagators, the default) or rk (Runge-Kutta)", 0},
        {"interpolate", INTERPOLATE, "NAME", OPTION_ARG_OPTIONAL,
         "clock: spikes between grid points, by linear or cubic (the default) interpolation", 0},
        {0},
    };
    static const struct argp argp = {list,
                                     parse,
                                     "NETWORK.yaml",
                                     "Simulate a network file, exactly.\v"
                                     "DIR receives spikes-POPULATION.dat (neuron, time in ms, dV/dt in mV/ms), "
                                     "potential-POPULATION-NEURON.dat (time in "
                                     "ms, V in mV), curve-POPULATION-NEURON.dat (the same with points in between, for "
                                     "drawing) and summary.json. Ctrl-C "
                                     "ends the run at a clean point with complete files.\n\n"
                                     "Examples:\n"
                                     "  punctum run network.yaml -o results\n"
                                     "  punctum run network.yaml -o results --duration 100 --seed 7 --threads 1\n"
                                     "  punctum run network.yaml -o stepped --engine clock --dt 0.1 --interpolate\n",
                                     NULL,
                                     NULL,
                                     NULL};
    options o = {.duration = NAN, .seed = NAN, .step = {.dt = 0.1}};
    pm_error error = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    pm_status status = run_network(&o, &error);
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_run = {"run", "simulate a network file", run};
