/* punctum run: what is seen of it on the terminal. Ctrl-C ends a run at a clean point. */
#include "cli/command.h"
#include "cli/kinds.h"
#include "cli/options.h"
#include "cli/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const engines[] = {"event", "clock", NULL};

typedef struct options {
    const char *file, *folder;
    double duration;           /* ms; NAN: as in the file */
    double seed;               /* NAN: as in the file */
    int threads;               /* 0: all cores */
    int engine;                /* a pm_engine_kind, place in engines */
    double dt;                 /* ms; NAN: not given */
    int scheme, interpolation; /* places in pm_clock_schemes and pm_clock_interpolations; -1: not given */
    pm_options step;           /* of these, for PM_ENGINE_CLOCK */
    double every;              /* ms between checkpoints; 0: none */
    bool resume;
    bool quiet;
} options;

static pm_simulation *running;

static void stop(int signal_number) {
    (void)signal_number;
    if (running)
        pm_simulation_stop(running);
}

typedef struct view {
    const pm_network *network;
    const char *folder;
    pm_progress progress;
} view;

/* The first one begins to listen to signals: what came before may be ended at once. */
static void watch(void *user, pm_simulation *simulation) {
    (void)user;
    running = simulation;
    if (simulation)
        pm_watch_signals(stop);
}

static void show(void *user, double now, uint64_t spikes) {
    view *v = user;
    char words[100];
    snprintf(words, sizeof words, "%.5g of %.5g ms, %" PRIu64 " spikes", now, v->network->duration, spikes);
    pm_progress_show(&v->progress, now / v->network->duration, words);
}

static void warn(void *user) {
    const view *v = user;
    (void)fprintf(stderr, "punctum: %s holds results and no checkpoint to go on from: the run begins at 0 ms\n",
                  v->folder);
}

/* How many neurons are sources. */
static uint64_t count_sources(const pm_network *network) {
    uint64_t n = 0;
    for (size_t p = 0; p < network->n_populations; p++)
        n += network->populations[p].kind == PM_LIF ? 0 : network->populations[p].size;
    return n;
}

/* "2855 spikes of 100 neurons (excitatory 43.2 Hz, inhibitory 13.9 Hz)", and of sources if there are some. */
static void print_rates(const pm_network *network, const pm_network_outcome *end) {
    enum { SHOWN = 4 };
    const uint64_t sources = count_sources(network);
    uint32_t n = 0;
    printf("%" PRIu64 " spikes of %" PRIu64 " neurons", end->counts.spikes, end->counts.neurons - sources);
    for (uint32_t p = 0; p < network->n_populations; p++)
        if (network->populations[p].kind == PM_LIF && n++ < SHOWN)
            printf("%s%s %.3g Hz", n == 1 ? " (" : ", ", network->populations[p].name, end->rates[p]);
    printf("%s%s", n > SHOWN ? ", ..." : "", n > 0 ? ")" : "");
    if (sources > 0)
        printf(", %" PRIu64 " of %" PRIu64 " sources", end->counts.source_spikes, sources);
}

static pm_status load_network(const options *o, const pm_exchange *ranks, pm_network **network, pm_error *error) {
    if (o->engine == PM_ENGINE_CLOCK && ranks->size > 1)
        return pm_fail(error, PM_INVALID, "the time-stepped engine runs on one rank, not on %u", ranks->size);
    pm_status status = pm_exchange_agree(ranks, pm_load_network(o->file, ranks->rank == 0, network, error), error);
    if (!status && !isnan(o->duration))
        (*network)->duration = o->duration;
    if (!status && !isnan(o->seed))
        (*network)->seed = (uint64_t)o->seed;
    return status;
}

static pm_status run_network(const options *o, const pm_exchange *ranks, pm_error *error) {
    pm_network *network = NULL;
    pm_status status = load_network(o, ranks, &network, error);
    if (status || !network)
        return status;
    view v = {.network = network, .folder = o->folder, .progress = pm_progress_begin(o->quiet || ranks->size > 1)};
    pm_network_job how = {.folder = o->folder,
                          .file = o->file,
                          .options = o->step,
                          .every = o->every,
                          .resume = o->resume,
                          .running = watch,
                          .progress = v.progress.on ? show : NULL,
                          .anew = warn,
                          .user = &v};
    pm_network_outcome end;
    how.options.threads = o->threads > 0 ? o->threads : pm_ranks_threads(ranks);
    how.options.exchange = ranks;
    status = pm_network_run(network, &how, &end, error);
    pm_progress_end(&v.progress);
    if (!status && !o->quiet && ranks->rank == 0) {
        printf("%g ms, ", end.reached);
        print_rates(network, &end);
        printf(", %" PRIu64 " synaptic events in %.3g s; results in %s\n", end.counts.synaptic_events, end.seconds,
               o->folder);
    }
    pm_network_outcome_free(&end);
    pm_network_free(network);
    return status;
}

/* The parameters of neurons and sources. */
static void print_kinds(FILE *to) {
    static const char *const of_networks[] = {"neuron", "source", NULL};
    pm_print_samples(to);
    pm_print_categories(to, of_networks);
}

static const pm_operand operands[] = {{"NETWORK.yaml", offsetof(options, file), 1, "which network file?"}, {0}};

static const pm_option list[] = {
    {PM_OPTION_TEXT, "output", 'o', "DIR", "folder for the results, made if need be",
     .target = offsetof(options, folder), .question = "where to? Give a folder for the results with -o DIR"},
    {PM_OPTION_NUMBER, "duration", 'd', "MS", "run for MS milliseconds instead of the file's duration",
     .target = offsetof(options, duration), .least = 0.0, .most = 1e15},
    {PM_OPTION_WHOLE, "seed", 's', "N", "seed in place of the file's", .target = offsetof(options, seed), .least = 0.0,
     .most = 0x1p53},
    {PM_OPTION_COUNT, "threads", 't', "N",
     "number of threads of each rank (default: all cores; the results do not depend on it)",
     .target = offsetof(options, threads), .least = 1.0, .most = 1024.0},
    {PM_OPTION_FLAG, "quiet", 'q', NULL, "no progress bar, no closing line", .target = offsetof(options, quiet)},
    {PM_OPTION_HEADING, .help = "Long runs:"},
    {PM_OPTION_NUMBER, "checkpoint-every", 0, "MS", "save the state every MS milliseconds of model time",
     .target = offsetof(options, every), .least = 1e-6, .most = 1e15},
    {PM_OPTION_FLAG, "resume", 'r', NULL, "go on from the last checkpoint in DIR, or begin where there is none",
     .target = offsetof(options, resume)},
    {PM_OPTION_HEADING, .help = "Time-stepped reference simulator in place of the exact engine:"},
    {PM_OPTION_CHOICE, "engine", 0, "NAME", "event: exact, the default; clock: time-stepped",
     .target = offsetof(options, engine), .choices = engines},
    {PM_OPTION_NUMBER, "dt", 0, "MS", "clock: time step (default 0.1 ms)", .target = offsetof(options, dt),
     .least = 1e-9, .most = 1e9},
    {PM_OPTION_CHOICE, "scheme", 0, "NAME", "clock: exact (propagators, the default) or rk (Runge-Kutta)",
     .target = offsetof(options, scheme), .choices = pm_clock_schemes},
    {PM_OPTION_CHOICE, "interpolate", 0, "NAME",
     "clock: spikes between grid points, by linear or cubic interpolation (cubic where no NAME is given; grid: none, "
     "the default)",
     .target = offsetof(options, interpolation), .choices = pm_clock_interpolations, .bare = "cubic"},
    {0},
};

static const pm_call call = {
    "run",
    "Simulate a network file, exactly.",
    operands,
    list,
    "DIR receives spikes-POPULATION.dat (neuron, time in ms, dV/dt in mV/ms), potential-POPULATION-NEURON.dat (time in "
    "ms, V in mV), curve-POPULATION-NEURON.dat (the same with points in between, for drawing) and summary.json. Ctrl-C "
    "ends the run at a clean point with complete files.",
    (const char *const[]){"punctum run network.yaml -o results",
                          "punctum run network.yaml -o results --duration 100 --seed 7 --threads 1",
                          "punctum run network.yaml -o results --checkpoint-every 1e4 --resume",
                          "mpirun -n 4 punctum run network.yaml -o results",
                          "punctum run network.yaml -o stepped --engine clock --dt 0.1 --interpolate", NULL},
    print_kinds};

/* The options of the two engines do not mix. */
static void settle_engine(options *o) {
    if (o->engine == PM_ENGINE_EVENT && (!isnan(o->dt) || o->scheme >= 0 || o->interpolation >= 0))
        pm_call_refuse(&call,
                       "--dt, --scheme and --interpolate belong to --engine clock: the event-driven engine has no "
                       "time step");
    if (o->engine == PM_ENGINE_CLOCK && (o->resume || o->every > 0.0))
        pm_call_refuse(&call, "--checkpoint-every and --resume belong to the event-driven engine");
    o->step.engine = (pm_engine_kind)o->engine;
    o->step.dt = isnan(o->dt) ? 0.1 : o->dt;
    if (o->scheme >= 0)
        o->step.scheme = (pm_clock_scheme)o->scheme;
    if (o->interpolation >= 0)
        o->step.interpolation = (pm_clock_interpolation)o->interpolation;
}

static int run(int argc, char **argv) {
    options o = {.duration = NAN, .seed = NAN, .dt = NAN, .scheme = -1, .interpolation = -1};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    settle_engine(&o);
    const pm_exchange *ranks = pm_ranks();
    pm_status status = run_network(&o, ranks, &error);
    if (ranks->rank > 0) /* all have the same message */
        error.message[0] = '\0';
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_run = {"run", "simulate a network file", run};
