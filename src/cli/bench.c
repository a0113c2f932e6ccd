/* punctum bench: speed on fixed networks, beside the time that the machine needs to stream the same synapses. Timing is
 * done here and nowhere in the tests. */
#define _GNU_SOURCE
#include "cli/bench_exchange.h"
#include "cli/bench_images.h"
#include "cli/bench_networks.h"
#include "cli/bench_training.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/ranks.h"

#include "io/results.h"
#include "io/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct options {
    const char *name, *folder, *against;
    int neurons;     /* 0: the sizes of the set */
    double duration; /* ms; 0: by size */
    int threads;
    const pm_exchange *ranks;
    pm_results *results; /* of rank 0, if there is a folder */
} options;

static const char EXCHANGE[] = "exchange";

typedef struct measurement {
    pm_counts counts;
    double build_seconds, build_cpu_seconds, seconds, stream_seconds;
    double duration;       /* ms */
    double peak_megabytes; /* of the program so far; of the rank that needs most */
    pm_traffic traffic;    /* of this rank in the run */
    double cpu_seconds;    /* processor time of the run outside exchanges, of the rank that needs most */
} measurement;

/* Processor time of this thread: others may wait actively. */
static double thread_seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The time to read that many synapses (12 bytes) in order and to change the state of a neuron (32 bytes) for each, as
 * often as there were synaptic events, s of processor time. */
static double stream(const pm_counts *counts) {
    size_t n = counts->synapses < 1000 ? 1000 : (size_t)counts->synapses, cells = (size_t)counts->neurons;
    uint32_t *target = malloc(n * sizeof *target);
    double *weight = malloc(n * sizeof *weight), *state = calloc(4 * cells, sizeof *state), seconds = NAN;
    if (target && weight && state) {
        for (size_t k = 0; k < n; k++) {
            target[k] = (uint32_t)(k * 2654435761u % cells);
            weight[k] = 1.0;
        }
        double begun = thread_seconds();
        size_t done = 0;
        while (done < counts->synaptic_events) {
            size_t left = (size_t)counts->synaptic_events - done, part = left < n ? left : n;
            for (size_t k = 0; k < part; k++)
                state[(size_t)4 * target[k]] += weight[k];
            done += part;
        }
        seconds = thread_seconds() - begun;
        if (state[0] < 0.0) /* keeps the loop */
            (void)fputs("", stdout);
    }
    free(target);
    free(weight);
    free(state);
    return seconds;
}

static double peak_megabytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024.0 : NAN;
}

/* Counts of all ranks, the slowest and the largest of them. */
static void sum_up(const pm_exchange *ranks, measurement *m) {
    pm_counts *c = &m->counts;
    uint64_t sums[] = {c->synapses, c->synaptic_events, c->bytes};
    double most[] = {-m->build_seconds, -m->seconds, -m->stream_seconds, -m->peak_megabytes, -m->cpu_seconds};
    if (ranks->size == 1)
        return;
    ranks->sum(ranks->user, sums, sizeof sums / sizeof *sums);
    ranks->least(ranks->user, most, sizeof most / sizeof *most);
    c->synapses = sums[0];
    c->synaptic_events = sums[1];
    c->bytes = sums[2];
    m->build_seconds = -most[0];
    m->seconds = -most[1];
    m->stream_seconds = -most[2];
    m->peak_megabytes = -most[3];
    m->cpu_seconds = -most[4];
}

static pm_status measure(const pm_bench_network *b, uint32_t n, const options *o, measurement *m, pm_error *error) {
    pm_network *network = pm_network_new();
    pm_simulation *simulation = NULL;
    const pm_options settings = {.threads = o->threads, .exchange = o->ranks};
    if (!network)
        return pm_fail_memory(error, "a network");
    m->duration = o->duration > 0.0 ? o->duration : b->duration > 0.0 ? b->duration : fmax(100.0, 1e6 / n);
    pm_status status = b->build(b, n, network, error);
    double begun = pm_seconds(), cpu = pm_cpu_seconds();
    if (!status)
        status = pm_simulation_new(network, &settings, &simulation, error);
    m->build_seconds = pm_seconds() - begun;
    m->build_cpu_seconds = pm_cpu_seconds() - cpu;
    status = pm_exchange_agree(o->ranks, status, error);
    const pm_traffic before = pm_ranks_traffic();
    cpu = pm_cpu_seconds();
    begun = pm_seconds();
    if (!status)
        status = pm_simulation_run(simulation, m->duration, error);
    m->seconds = pm_seconds() - begun;
    if (!status) {
        const pm_traffic after = pm_ranks_traffic();
        m->traffic = (pm_traffic){after.exchanges - before.exchanges, after.bytes - before.bytes,
                                  after.seconds - before.seconds, after.cpu_seconds - before.cpu_seconds};
        m->cpu_seconds = pm_cpu_seconds() - cpu - m->traffic.cpu_seconds;
        m->counts = pm_simulation_counts(simulation);
        m->peak_megabytes = peak_megabytes();
    }
    pm_simulation_free(simulation);
    pm_network_free(network);
    if (!status) {
        m->stream_seconds = stream(&m->counts);
        sum_up(o->ranks, m);
    }
    return status;
}

static pm_status write_summary(const options *o, const pm_bench_network *b, uint32_t n, const measurement *m,
                               pm_error *error) {
    double events = fmax((double)m->counts.synaptic_events, 1.0);
    json_t *summary = json_pack(
        "{s:s, s:s, s:s, s:I, s:f, s:i, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:f, "
        "s:f}",
        "version", PM_VERSION, "command", "bench", "name", b->name, "neurons", (json_int_t)n, "duration", m->duration,
        "threads", o->threads, "synaptic_events", (json_int_t)m->counts.synaptic_events, "spikes",
        (json_int_t)m->counts.spikes, "synapses", (json_int_t)m->counts.synapses, "wall_seconds", m->seconds,
        "build_seconds", m->build_seconds, "build_cpu_seconds", m->build_cpu_seconds, "ns_per_synaptic_event",
        m->seconds * 1e9 / events, "stream_ns_per_synaptic_event", m->stream_seconds * 1e9 / events, "rate_hz",
        (double)m->counts.spikes / (n * m->duration * 1e-3), "bytes_per_synapse",
        (double)m->counts.bytes / (double)m->counts.synapses, "peak_megabytes", m->peak_megabytes, "ranks",
        (json_int_t)o->ranks->size, "exchanges", (json_int_t)m->traffic.exchanges, "exchanged_bytes",
        (json_int_t)m->traffic.bytes, "exchange_seconds", m->traffic.seconds, "cpu_seconds", m->cpu_seconds);
    pm_watch_signals(NULL); /* what has begun is finished */
    pm_status status = pm_results_commit(o->results, summary, error);
    json_decref(summary);
    return status;
}

/* ns of processor time per event of a network in what this command printed before; 0: it is not there. */
static pm_status find_before(const char *path, const char *name, uint32_t n, double *ns, pm_error *error) {
    FILE *file = fopen(path, "r");
    if (!file)
        return pm_fail(error, PM_FAILED, "%s: %s", path, strerror(errno));
    char line[300], word[20];
    uint32_t neurons = 0;
    double number = 0.0;
    *ns = 0.0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%19s %" SCNu32 " %*f %*f %*f %*f %lf", word, &neurons, &number) == 3 && neurons == n &&
            strcmp(word, name) == 0)
            *ns = number;
    const bool failed = ferror(file);
    fclose(file);
    return failed ? pm_fail(error, PM_FAILED, "%s: %s", path, strerror(errno)) : PM_OK;
}

static pm_status run_one(const pm_bench_network *b, uint32_t n, const options *o, pm_error *error) {
    measurement m = {0};
    double before = 0.0;
    pm_status status = o->against ? find_before(o->against, b->name, n, &before, error) : PM_OK;
    if (!status)
        status = measure(b, n, o, &m, error);
    if (status)
        return status;
    if (o->ranks->rank > 0)
        return PM_OK;
    double events = fmax((double)m.counts.synaptic_events, 1.0), ns = m.cpu_seconds * 1e9 / events;
    char ratio[20] = "-";
    if (before > 0.0)
        snprintf(ratio, sizeof ratio, "%.2f", ns / before);
    printf("%-4s %8" PRIu32 " %9.1f %10.2f %9.1f %9.2f %9.2f %9.2f %8.1f %8.3f %8.1f %8.0f %6s  %s\n", b->name, n,
           m.duration, m.seconds, events / m.seconds * 1e-6, m.seconds * 1e9 / events, ns,
           m.stream_seconds * 1e9 / events, (double)m.counts.spikes / (n * m.duration * 1e-3), m.build_seconds,
           (double)m.counts.bytes / (double)m.counts.synapses, m.peak_megabytes, ratio, b->what);
    (void)fflush(stdout);
    return o->results ? write_summary(o, b, n, &m, error) : PM_OK;
}

static pm_status run_set(const options *o, pm_error *error) {
    static const uint32_t sizes[] = {1000, 5000, 10000, 20000};
    pm_status status = PM_OK;
    if (o->name && strcmp(o->name, EXCHANGE) == 0)
        return pm_bench_exchange(o->ranks, error);
    if (o->ranks->rank == 0)
        printf("name  neurons  model ms   wall s  M events/s  ns/event    cpu ns  limit ns  rate Hz  build s  "
               "B/synapse  peak MB  ratio\n");
    for (const pm_bench_network *b = pm_bench_networks; !status && b->name; b++) {
        if (o->name && strcmp(o->name, b->name) != 0)
            continue;
        const bool sizes_of_it = b->sized && o->neurons == 0 && !o->name;
        for (size_t s = 0; !status && sizes_of_it && s < sizeof sizes / sizeof *sizes; s++)
            status = run_one(b, sizes[s], o, error);
        if (!sizes_of_it)
            status = run_one(b, o->neurons > 0 ? (uint32_t)o->neurons : b->neurons, o, error);
    }
    return status;
}

static const pm_operand operands[] = {{"NAME", offsetof(options, name), 1, NULL}, {0}};

static const pm_option list[] = {
    {PM_OPTION_COUNT, "neurons", 'n', "N",
     "number of neurons (default: 1000, 5000, 10000 and 20000 for B1, B1c and B2, 5000 for one of them)",
     .target = offsetof(options, neurons), .least = 50.0, .most = 1e7},
    {PM_OPTION_NUMBER, "duration", 'd', "MS", "model time (default: the less the larger the network)",
     .target = offsetof(options, duration), .least = 1e-3, .most = 1e9},
    {PM_OPTION_COUNT, "threads", 't', "N", "number of threads (default 1)", .target = offsetof(options, threads),
     .least = 1.0, .most = 1024.0},
    {PM_OPTION_TEXT, "against", 'a', "FILE",
     "what this command printed before: the last column is that of cpu ns to it", .target = offsetof(options, against)},
    {PM_OPTION_TEXT, "output", 'o', "DIR", "with a NAME: write DIR/summary.json", .target = offsetof(options, folder)},
    {0},
};

static const pm_call call = {
    "bench",
    "Measure the speed of the simulation on fixed networks.",
    operands,
    list,
    "B1 is a balanced random network (Brunel 2000) with a Poisson drive per neuron, B1c the same with a constant "
    "current of the same mean, B2 has double-exponential currents and many delays, B6 two receptors, B8 adapting "
    "thresholds; B7 is CUBA. B9 to B28 differ from them in one thing each, which the end of their rows names. 'limit' "
    "'cpu' is processor time, 'limit' the time to stream the same synapses and to touch the states of their targets, "
    "measured in the same run. Under mpirun the network is "
    "divided among the ranks; 'exchange' measures what an exchange between ranks costs.\n\n"
    "B3 is the forward pass of dense layers 784-800-800-10 for 150 input spikes, B4 that of 100-50-25-1; 'limit' is "
    "the time to stream the weights that are touched. layers-3 and xor are whole iterations of training, per pattern, "
    "beside the same rule on a grid of 0.1 ms. images is an epoch of a classifier 784-350-10, forward and with "
    "training. None of the options but -o concerns these.",
    (const char *const[]){"punctum bench", "punctum bench B7 --against recorded.txt",
                          "punctum bench B1c --neurons 5000 --threads 2 -o results",
                          "mpirun -n 2 punctum bench B1 --neurons 20000", NULL},
    NULL};

static void check_name(const options *o) {
    static const char *const others[] = {"B3", "B4", "layers-3", "xor", "images", EXCHANGE, NULL};
    const char *names[50];
    size_t k = 0, n = 0;
    for (; pm_bench_networks[n].name; n++)
        names[n] = pm_bench_networks[n].name;
    memcpy(names + n, others, sizeof others);
    while (o->name && names[k] && strcmp(o->name, names[k]) != 0)
        k++;
    if (!names[k])
        pm_call_refuse_word(&call, "NAME", o->name, names);
    if (o->folder && !o->name)
        pm_call_refuse(&call, "-o needs the name of one network");
}

static int run(int argc, char **argv) {
    options o = {.threads = 1};
    pm_error error = {0};
    pm_call_read(&call, argc, argv, &o);
    check_name(&o);
    o.ranks = pm_ranks();
    bool training = o.name && pm_bench_training_has(o.name), images = o.name && !strcmp(o.name, pm_bench_images_name);
    pm_status status = PM_OK;
    if (o.folder && o.ranks->rank == 0)
        status = pm_results_open(o.folder, NULL, true, &o.results, &error);
    status = pm_exchange_agree(o.ranks, status, &error);
    if (!status && !training && !images)
        status = run_set(&o, &error);
    if (!status && o.ranks->size == 1 && (training || !o.name))
        status = pm_bench_training(o.name, o.results, &error);
    if (!status && o.ranks->size == 1 && (images || !o.name))
        status = pm_bench_images(o.results, &error);
    pm_results_close(o.results, false);
    if (o.ranks->rank > 0) /* all have the same message */
        error.message[0] = '\0';
    return status ? pm_complain(&error) : 0;
}

const pm_command pm_command_bench = {"bench", "measure the speed of the simulation", run};
