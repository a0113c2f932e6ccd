/* punctum run: simulate a network file. Spikes and potentials stream into files as they occur; the files get their
 * names when the run has ended, by itself or by Ctrl-C, and vanish when it fails. With checkpoints, a run that does not
 * reach its end leaves the unfinished files for one that goes on. */
#define _GNU_SOURCE
#include "cli/command.h"
#include "cli/kinds.h"
#include "cli/options.h"
#include "cli/ranks.h"

#include "io/checkpoint.h"
#include "io/recorder.h"
#include "io/summary.h"
#include "net/mark.h"
#include "run/simulation.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

/* One run. */
typedef struct job {
    const options *options;
    const pm_network *network;
    const pm_exchange *ranks;
    pm_results *results;
    pm_recorder *recorder;
    pm_simulation *simulation;
    uint64_t mark; /* of the network */
    bool saved;    /* there is a checkpoint to go on from */
} job;

static pm_simulation *running;

static void stop(int signal_number) {
    (void)signal_number;
    if (running)
        pm_simulation_stop(running);
}

/* Everything up to now into a checkpoint. */
static pm_status save(job *j, pm_error *error) {
    const pm_exchange *x = j->ranks;
    pm_archive archive = {0};
    pm_status status = pm_recorder_archive(j->recorder, &archive, error);
    if (!status)
        status = pm_simulation_archive(j->simulation, &archive, error);
    status = pm_exchange_agree(x, status, error);
    if (!status) {
        const size_t *sizes = &archive.size;
        const void *parts = x->size > 1 ? x->collect(x->user, archive.bytes, archive.size, &sizes) : archive.bytes;
        if (x->rank == 0)
            status = pm_checkpoint_write(j->options->folder, j->mark, x->size, sizes, parts, error);
        status = pm_exchange_agree(x, status, error);
    }
    j->saved = j->saved || !status;
    free(archive.bytes);
    return status;
}

/* Files that have got their names already are taken back: the summary must not stay with what is left of them. */
static pm_status take_back(job *j, pm_error *error) {
    const pm_exchange *x = j->ranks;
    uint64_t missing = pm_recorder_missing(j->recorder);
    if (x->size > 1)
        x->sum(x->user, &missing, 1);
    pm_status status = missing > 0 && x->rank == 0 ? pm_results_retire(j->results, error) : PM_OK;
    return pm_exchange_agree(x, status, error);
}

/* Back to the checkpoint, if there is one. */
static pm_status load(job *j, pm_error *error) {
    pm_checkpoint checkpoint = {0};
    pm_status status = pm_checkpoint_read(j->options->folder, j->mark, &checkpoint, &j->saved, error);
    if (!status && !j->saved && j->ranks->rank == 0 && pm_results_exist(j->results))
        (void)fprintf(stderr, "punctum: %s holds results and no checkpoint to go on from: the run begins at 0 ms\n",
                      j->options->folder);
    if (!status && j->saved && checkpoint.ranks != j->ranks->size)
        status = pm_fail(error, PM_INVALID,
                         "the checkpoint in %s is one of a run on %u ranks, not %u; go on with as many: mpirun -n %u",
                         j->options->folder, checkpoint.ranks, j->ranks->size, checkpoint.ranks);
    status = pm_exchange_agree(j->ranks, status, error);
    if (!status && j->saved)
        status = take_back(j, error);
    if (!status && j->saved) {
        pm_archive archive = {.bytes = checkpoint.parts, .size = checkpoint.sizes[j->ranks->rank], .reading = true};
        for (uint32_t r = 0; r < j->ranks->rank; r++)
            archive.bytes += checkpoint.sizes[r];
        status = pm_recorder_archive(j->recorder, &archive, error);
        if (!status)
            status = pm_simulation_archive(j->simulation, &archive, error);
        if (!status && pm_simulation_time(j->simulation) > j->network->duration)
            status = pm_fail(error, PM_INVALID, "the checkpoint in %s is at %.17g ms, beyond the end at %.17g ms",
                             j->options->folder, pm_simulation_time(j->simulation), j->network->duration);
    }
    pm_checkpoint_free(&checkpoint);
    return pm_exchange_agree(j->ranks, status, error);
}

/* Resumes, or sees to it that no checkpoint of an earlier run is left. */
static pm_status begin(job *j, pm_error *error) {
    const options *o = j->options;
    if (o->resume || o->every > 0.0)
        j->mark = pm_network_mark(j->network);
    if (o->resume)
        return load(j, error);
    return pm_exchange_agree(j->ranks, j->ranks->rank == 0 ? pm_checkpoint_remove(o->folder, error) : PM_OK, error);
}

/* The first multiple of `step` after `now`, ms. */
static double next_multiple(double now, double step) {
    double next = step * (floor(now / step) + 1.0);
    return next > now ? next : next + step;
}

/* Runs to the end, in slices if there are checkpoints to write or a progress bar to move. */
static pm_status advance(job *j, pm_error *error) {
    enum { SLICES = 500 };
    const double duration = j->network->duration, every = j->options->every;
    pm_progress progress = pm_progress_begin(j->options->quiet || j->ranks->size > 1);
    pm_status status = PM_OK;
    for (double now; !status && (now = pm_simulation_time(j->simulation)) < duration;) {
        double slice = progress.on ? next_multiple(now, duration / SLICES) : duration;
        double mark = every > 0.0 ? next_multiple(now, every) : duration;
        double next = fmin(duration, fmin(slice, mark));
        status = pm_simulation_run(j->simulation, next, error);
        if (!status && next == mark && next < duration)
            status = save(j, error);
        char words[100];
        snprintf(words, sizeof words, "%.5g of %.5g ms, %" PRIu64 " spikes", next, duration,
                 pm_simulation_counts(j->simulation).spikes);
        pm_progress_show(&progress, next / duration, words);
    }
    pm_progress_end(&progress);
    return status;
}

/* What a run came to. */
typedef struct outcome {
    const pm_simulation *simulation;
    pm_counts counts;
    double reached;                /* ms */
    double build_seconds, seconds; /* preparing and running */
    double peak_megabytes;         /* of the rank that needs most */
    uint32_t ranks;
} outcome;

static double peak_megabytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024.0 : 0.0;
}

/* Over all ranks. */
static void sum_up(const pm_exchange *ranks, outcome *end) {
    pm_counts *c = &end->counts;
    uint64_t sums[] = {c->synapses, c->source_spikes, c->synaptic_events, c->bytes};
    double least[] = {-peak_megabytes()};
    if (ranks->size > 1) {
        ranks->sum(ranks->user, sums, sizeof sums / sizeof *sums);
        ranks->least(ranks->user, least, 1);
    }
    c->synapses = sums[0];
    c->source_spikes = sums[1];
    c->synaptic_events = sums[2];
    c->bytes = sums[3];
    end->peak_megabytes = -least[0];
    end->ranks = ranks->size;
}

/* Spikes per second of a neuron. */
static double rate(double spikes, double neurons, const outcome *end) {
    return neurons > 0.0 && end->reached > 0.0 ? spikes / (1e-3 * end->reached * neurons) : 0.0;
}

static double rate_of(const pm_network *network, uint32_t p, const outcome *end) {
    return rate((double)pm_simulation_spikes(end->simulation, p), network->populations[p].size, end);
}

/* How many neurons are sources. */
static uint64_t count_sources(const pm_network *network) {
    uint64_t n = 0;
    for (size_t p = 0; p < network->n_populations; p++)
        n += network->populations[p].kind == PM_LIF ? 0 : network->populations[p].size;
    return n;
}

static json_t *rates_json(const pm_network *network, const outcome *end) {
    json_t *map = json_object();
    for (uint32_t p = 0; p < network->n_populations; p++)
        if (network->populations[p].kind == PM_LIF)
            pm_json_set(&map, network->populations[p].name, json_real(rate_of(network, p, end)));
    return map;
}

/* "2855 spikes of 100 neurons (excitatory 43.2 Hz, inhibitory 13.9 Hz)", and of sources if there are some. */
static void print_rates(const pm_network *network, const outcome *end) {
    enum { SHOWN = 4 };
    const uint64_t sources = count_sources(network);
    uint32_t n = 0;
    printf("%" PRIu64 " spikes of %" PRIu64 " neurons", end->counts.spikes, end->counts.neurons - sources);
    for (uint32_t p = 0; p < network->n_populations; p++)
        if (network->populations[p].kind == PM_LIF && n++ < SHOWN)
            printf("%s%s %.3g Hz", n == 1 ? " (" : ", ", network->populations[p].name, rate_of(network, p, end));
    printf("%s%s", n > SHOWN ? ", ..." : "", n > 0 ? ")" : "");
    if (sources > 0)
        printf(", %" PRIu64 " of %" PRIu64 " sources", end->counts.source_spikes, sources);
}

static json_t *summarise(const pm_network *network, const options *o, const outcome *end) {
    const pm_counts *counts = &end->counts;
    const double sources = (double)count_sources(network), cells = (double)counts->neurons - sources;
    json_t *numbers = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "neurons", (json_int_t)counts->neurons, "synapses",
                                (json_int_t)counts->synapses, "spikes", (json_int_t)counts->spikes, "source_spikes",
                                (json_int_t)counts->source_spikes, "synaptic_events",
                                (json_int_t)counts->synaptic_events, "bytes", (json_int_t)counts->bytes);
    json_t *summary = json_pack(
        "{s:s, s:s, s:I, s:b, s:f, s:f, s:f, s:f, s:o, s:f, s:I, s:f, s:o, s:o}", "version", PM_VERSION, "command",
        "run", "seed", (json_int_t)network->seed, "complete", (int)(end->reached >= network->duration), "reached_ms",
        end->reached, "wall_seconds", end->seconds, "build_seconds", end->build_seconds, "rate_hz",
        rate((double)counts->spikes, cells, end), "rates_hz", rates_json(network, end), "source_rate_hz",
        rate((double)counts->source_spikes, sources, end), "ranks", (json_int_t)end->ranks, "peak_megabytes",
        end->peak_megabytes, "counts", numbers, "network", pm_network_json(network));
    if (o->engine == PM_ENGINE_CLOCK)
        pm_json_set(&summary, "clock",
                    json_pack("{s:f, s:s, s:s}", "dt_ms", o->step.dt, "scheme",
                              pm_clock_schemes[o->step.scheme], "interpolation",
                              pm_clock_interpolations[o->step.interpolation]));
    return summary;
}

/* Rank 0 for all. */
static pm_status write_results(const pm_network *network, const options *o, const pm_recorder *r, const outcome *end,
                               pm_error *error) {
    json_t *summary = r->ranks->rank == 0 ? summarise(network, o, end) : NULL;
    pm_status status = pm_results_commit(r->results, summary, error);
    json_decref(summary);
    return status;
}

/* Gives the files their names and says what came out. `status` is how the run ended. */
static pm_status finish(const pm_network *network, const options *o, pm_recorder *r, pm_status status, outcome *end,
                        pm_error *error) {
    if (status != PM_OK && status != PM_STOPPED)
        return status;
    sum_up(r->ranks, end);
    pm_status written = pm_exchange_agree(r->ranks, pm_recorder_commit(r, error), error);
    if (!written)
        written = write_results(network, o, r, end, error);
    written = pm_exchange_agree(r->ranks, written, error);
    if (written)
        return written;
    if (status == PM_STOPPED)
        return pm_fail(error, PM_STOPPED, "stopped at %.17g ms of %g ms; %s holds everything up to there", end->reached,
                       network->duration, o->folder);
    if (!o->quiet && r->ranks->rank == 0) {
        printf("%g ms, ", end->reached);
        print_rates(network, end);
        printf(", %" PRIu64 " synaptic events in %.3g s; results in %s\n", end->counts.synaptic_events, end->seconds,
               o->folder);
    }
    return PM_OK;
}

/* A run with checkpoints that was stopped leaves one instead of results. */
static pm_status stop_at_checkpoint(job *j, pm_error *error) {
    pm_status status = save(j, error);
    return status ? status
                  : pm_fail(error, PM_STOPPED, "stopped at %.17g ms of %g ms; the same command with --resume goes on",
                            pm_simulation_time(j->simulation), j->network->duration);
}

static pm_status simulate(job *j, pm_error *error) {
    const options *o = j->options;
    pm_options settings = o->step;
    settings.threads = o->threads > 0 ? o->threads : pm_ranks_threads(j->ranks);
    settings.exchange = j->ranks;
    double start = pm_seconds();
    pm_status status = pm_simulation_new(j->network, &settings, &j->simulation, error);
    double built = pm_seconds();
    if (!status)
        status = begin(j, error);
    if (status)
        return status;
    pm_simulation_on_spike(j->simulation, pm_recorder_spike, j->recorder);
    pm_simulation_on_sample(j->simulation, pm_recorder_sample, j->recorder);
    running = j->simulation;
    pm_watch_signals(stop);
    status = advance(j, error);
    running = NULL;
    if (status == PM_STOPPED && (o->resume || o->every > 0.0))
        return stop_at_checkpoint(j, error);
    outcome end = {.simulation = j->simulation,
                   .counts = pm_simulation_counts(j->simulation),
                   .reached = pm_simulation_time(j->simulation),
                   .build_seconds = built - start,
                   .seconds = pm_seconds() - built};
    status = finish(j->network, o, j->recorder, status, &end, error);
    if (!status && j->ranks->rank == 0)
        status = pm_checkpoint_remove(o->folder, error);
    return pm_exchange_agree(j->ranks, status, error);
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
    pm_recorder recorder = {0};
    job j = {.options = o, .ranks = ranks, .recorder = &recorder};
    pm_status status = load_network(o, ranks, &network, error);
    if (!status && network) {
        j.network = network;
        status = pm_exchange_agree(
            ranks, ranks->rank == 0 ? pm_results_open(o->folder, o->file, true, &j.results, error) : PM_OK, error);
        if (!status && ranks->rank > 0)
            status = pm_results_open(o->folder, NULL, false, &j.results, error);
        if (!status)
            status = pm_recorder_open(&recorder, network, ranks, j.results, error);
        status = pm_exchange_agree(ranks, status, error);
    }
    if (!status && network)
        status = simulate(&j, error);
    pm_simulation_free(j.simulation);
    if (recorder.network)
        pm_recorder_close(&recorder, j.saved);
    pm_results_close(j.results, j.saved);
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
