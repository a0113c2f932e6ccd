/* A network is run into a folder of results. Spikes and potentials stream into files as they occur; the files get their
 * names when the run has ended, by itself or because it was stopped, and vanish when it fails. With checkpoints, a run
 * that does not reach its end leaves the unfinished files for one that goes on. */
#define _GNU_SOURCE
#include "base/seconds.h"
#include "base/sized.h"
#include "io/checkpoint.h"
#include "io/recorder.h"
#include "io/summary.h"
#include "net/mark.h"
#include "run/simulation.h"

#include <math.h>
#include <punctum/punctum.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* One run. */
typedef struct job {
    const pm_network_job *how;
    const pm_network *network;
    const pm_exchange *ranks;
    pm_results *results;
    pm_recorder *recorder;
    pm_simulation *simulation;
    uint64_t mark; /* of the network */
    bool saved;    /* there is a checkpoint to go on from */
} job;

static const char CHECKPOINT[] = "checkpoint";

/* The states of all ranks, one after the other. */
static pm_status write_states(const job *j, const size_t *sizes, const unsigned char *states, pm_error *error) {
    const uint32_t ranks = j->ranks->size;
    pm_part *parts = calloc(ranks, sizeof *parts);
    pm_output output = {0};
    if (!parts)
        return pm_fail_memory(error, "the checkpoint");
    for (uint32_t r = 0; r < ranks; states += sizes[r], r++)
        parts[r] = (pm_part){states, sizes[r]};
    pm_status status = pm_folder_sync(j->how->folder, error); /* the files that it speaks of */
    if (!status)
        status = pm_output_open(&output, j->how->folder, CHECKPOINT, error);
    if (!status)
        status = pm_checkpoint_write(&output, &pm_checkpoint_of_run, j->mark, parts, ranks, error);
    free(parts);
    return status;
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
            status = write_states(j, sizes, parts, error);
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
    pm_status status =
        pm_checkpoint_find(j->how->folder, CHECKPOINT, &pm_checkpoint_of_run, j->mark, &checkpoint, &j->saved, error);
    status = pm_checkpoint_advise(status, error);
    if (!status && !j->saved && j->ranks->rank == 0 && pm_results_exist(j->results) && j->how->anew)
        j->how->anew(j->how->user);
    if (!status && j->saved && checkpoint.n_parts != j->ranks->size)
        status = pm_fail(error, PM_INVALID,
                         "the checkpoint in %s is one of a run on %u ranks, not %u; go on with as many: mpirun -n %u",
                         j->how->folder, checkpoint.n_parts, j->ranks->size, checkpoint.n_parts);
    status = pm_exchange_agree(j->ranks, status, error);
    if (!status && j->saved)
        status = take_back(j, error);
    if (!status && j->saved) {
        const uint32_t rank = j->ranks->rank;
        pm_archive archive = {.size = checkpoint.sizes[rank], .reading = true};
        archive.bytes = checkpoint.bytes + (pm_checkpoint_part(&checkpoint, rank) - checkpoint.bytes);
        status = pm_recorder_archive(j->recorder, &archive, error);
        if (!status)
            status = pm_simulation_archive(j->simulation, &archive, error);
        if (!status && pm_simulation_time(j->simulation) > j->network->duration)
            status = pm_fail(error, PM_INVALID, "the checkpoint in %s is at %.17g ms, beyond the end at %.17g ms",
                             j->how->folder, pm_simulation_time(j->simulation), j->network->duration);
    }
    pm_checkpoint_free(&checkpoint);
    return pm_exchange_agree(j->ranks, status, error);
}

/* Resumes, or sees to it that no checkpoint of an earlier run is left. */
static pm_status begin(job *j, pm_error *error) {
    const pm_network_job *o = j->how;
    if (o->resume || o->every > 0.0)
        j->mark = pm_network_mark(j->network);
    if (o->resume)
        return load(j, error);
    return pm_exchange_agree(j->ranks, j->ranks->rank == 0 ? pm_checkpoint_remove(o->folder, CHECKPOINT, error) : PM_OK,
                             error);
}

/* The first multiple of `step` after `now`, ms. */
static double next_multiple(double now, double step) {
    double next = step * (floor(now / step) + 1.0);
    return next > now ? next : next + step;
}

/* Runs to the end, in slices if there are checkpoints to write or a progress bar to move. */
static pm_status advance(job *j, pm_error *error) {
    enum { SLICES = 500 };
    const double duration = j->network->duration, every = j->how->every;
    pm_status status = PM_OK;
    for (double now; !status && (now = pm_simulation_time(j->simulation)) < duration;) {
        double slice = j->how->progress ? next_multiple(now, duration / SLICES) : duration;
        double mark = every > 0.0 ? next_multiple(now, every) : duration;
        double next = fmin(duration, fmin(slice, mark));
        status = pm_simulation_run(j->simulation, next, error);
        if (!status && next == mark && next < duration)
            status = save(j, error);
        if (j->how->progress)
            j->how->progress(j->how->user, next, pm_simulation_counts(j->simulation).spikes);
    }
    return status;
}

static double peak_megabytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024.0 : 0.0;
}

/* Over all ranks. */
static void sum_up(const pm_exchange *ranks, pm_network_outcome *end) {
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
static double rate(double spikes, double neurons, const pm_network_outcome *end) {
    return neurons > 0.0 && end->reached > 0.0 ? spikes / (1e-3 * end->reached * neurons) : 0.0;
}

/* How many neurons are sources. */
static uint64_t count_sources(const pm_network *network) {
    uint64_t n = 0;
    for (size_t p = 0; p < network->n_populations; p++)
        n += network->populations[p].kind == PM_LIF ? 0 : network->populations[p].size;
    return n;
}

static json_t *rates_json(const pm_network *network, const pm_network_outcome *end) {
    json_t *map = json_object();
    for (uint32_t p = 0; p < network->n_populations; p++)
        if (network->populations[p].kind == PM_LIF)
            pm_json_set(&map, network->populations[p].name, json_real(end->rates[p]));
    return map;
}

static pm_status find_rates(const job *j, pm_network_outcome *end, pm_error *error) {
    const pm_network *net = j->network;
    end->rates = calloc(net->n_populations + 1, sizeof *end->rates);
    for (uint32_t p = 0; end->rates && p < net->n_populations; p++)
        end->rates[p] = rate((double)pm_simulation_spikes(j->simulation, p), net->populations[p].size, end);
    return end->rates ? PM_OK : pm_fail_memory(error, "rates");
}

static json_t *summarise(const pm_network *network, const pm_network_job *o, const pm_network_outcome *end) {
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
    if (o->options.engine == PM_ENGINE_CLOCK)
        pm_json_set(&summary, "clock",
                    json_pack("{s:f, s:s, s:s}", "dt_ms", o->options.dt, "scheme", pm_clock_schemes[o->options.scheme],
                              "interpolation", pm_clock_interpolations[o->options.interpolation]));
    return summary;
}

/* Rank 0 for all. */
static pm_status write_results(const pm_network *network, const pm_network_job *o, const pm_recorder *r,
                               const pm_network_outcome *end, pm_error *error) {
    json_t *summary = r->ranks->rank == 0 ? summarise(network, o, end) : NULL;
    pm_status status = pm_results_commit(r->results, summary, error);
    json_decref(summary);
    return status;
}

/* Gives the files their names. `status` is how the run ended. */
static pm_status finish(job *j, pm_status status, pm_network_outcome *end, pm_error *error) {
    if (status != PM_OK && status != PM_STOPPED)
        return status;
    sum_up(j->ranks, end);
    pm_status written = find_rates(j, end, error);
    if (!written)
        written = pm_recorder_commit(j->recorder, error);
    written = pm_exchange_agree(j->ranks, written, error);
    if (!written)
        written = write_results(j->network, j->how, j->recorder, end, error);
    written = pm_exchange_agree(j->ranks, written, error);
    if (written)
        return written;
    return status ? pm_fail(error, PM_STOPPED, "stopped at %.17g ms of %g ms; %s holds everything up to there",
                            end->reached, j->network->duration, j->how->folder)
                  : PM_OK;
}

/* A run with checkpoints that was stopped leaves one instead of results. */
static pm_status stop_at_checkpoint(job *j, pm_error *error) {
    pm_status status = save(j, error);
    return status ? status
                  : pm_fail(error, PM_STOPPED, "stopped at %.17g ms of %g ms; the same command with --resume goes on",
                            pm_simulation_time(j->simulation), j->network->duration);
}

static pm_status simulate(job *j, pm_network_outcome *end, pm_error *error) {
    const pm_network_job *o = j->how;
    pm_options settings = o->options;
    settings.exchange = j->ranks;
    double start = pm_now();
    pm_status status = pm_simulation_new(j->network, &settings, &j->simulation, error);
    double built = pm_now();
    if (!status)
        status = begin(j, error);
    if (status)
        return status;
    pm_simulation_on_spike(j->simulation, pm_recorder_spike, j->recorder);
    pm_simulation_on_sample(j->simulation, pm_recorder_sample, j->recorder);
    if (o->running)
        o->running(o->user, j->simulation);
    status = advance(j, error);
    if (o->running)
        o->running(o->user, NULL);
    if (status == PM_STOPPED && (o->resume || o->every > 0.0))
        return stop_at_checkpoint(j, error);
    *end = (pm_network_outcome){.counts = pm_simulation_counts(j->simulation),
                                .reached = pm_simulation_time(j->simulation),
                                .build_seconds = built - start,
                                .seconds = pm_now() - built};
    status = finish(j, status, end, error);
    if (!status && j->ranks->rank == 0)
        status = pm_checkpoint_remove(o->folder, CHECKPOINT, error);
    return pm_exchange_agree(j->ranks, status, error);
}

static pm_status open_files(job *j, pm_error *error) {
    const pm_network_job *o = j->how;
    const pm_exchange *ranks = j->ranks;
    pm_status status = pm_exchange_agree(
        ranks, ranks->rank == 0 ? pm_results_open(o->folder, o->file, true, &j->results, error) : PM_OK, error);
    if (!status && ranks->rank > 0)
        status = pm_results_open(o->folder, NULL, false, &j->results, error);
    if (!status)
        status = pm_recorder_open(j->recorder, j->network, ranks, j->results, error);
    return pm_exchange_agree(ranks, status, error);
}

void pm_network_outcome_free(pm_network_outcome *outcome) {
    free(outcome->rates);
    *outcome = (pm_network_outcome){0};
}

static pm_status check(const pm_network_job *how, pm_error *error) {
    if (how->options.engine == PM_ENGINE_CLOCK && (how->resume || how->every > 0.0))
        return pm_fail(error, PM_INVALID, "checkpoints belong to the event-driven engine");
    return PM_OK;
}

pm_status pm_network_run(const pm_network *network, const pm_network_job *given, pm_network_outcome *outcome,
                         pm_error *error) {
    static const pm_exchange alone = {.size = 1};
    pm_recorder recorder = {0};
    pm_network_job own;
    const pm_network_job *how = &own;
    *outcome = (pm_network_outcome){0};
    pm_status status = PM_SIZED_COPY(own, given, "a run", error);
    if (status)
        return status;
    job j = {.how = how,
             .network = network,
             .ranks = how->options.exchange ? how->options.exchange : &alone,
             .recorder = &recorder};
    status = check(how, error);
    if (!status)
        status = open_files(&j, error);
    if (!status)
        status = simulate(&j, outcome, error);
    pm_simulation_free(j.simulation);
    if (recorder.network)
        pm_recorder_close(&recorder, j.saved);
    pm_results_close(j.results, j.saved);
    if (status)
        pm_network_outcome_free(outcome);
    return status;
}
