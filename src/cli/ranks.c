/* MPI, and nothing of MPI elsewhere. It is started only for a process that a launcher started: a plain call does not
 * pay for it. MPI ends the whole run when one of its calls fails, or when a rank dies. */
#include "cli/ranks.h"

#include "cli/command.h"

#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef struct buffers {
    int rank, size;
    void *received;
    size_t capacity; /* bytes */
    size_t *sizes;   /* bytes, per rank */
    int *counts, *places;
    pm_traffic traffic;
} buffers;

static buffers state;

_Noreturn void pm_ranks_abort(const pm_error *error) {
    int status = pm_complain(error), begun = 0;
    (void)MPI_Initialized(&begun);
    if (begun)
        (void)MPI_Abort(MPI_COMM_WORLD, status);
    exit(status);
}

static _Noreturn void no_memory(void) {
    pm_error error = {0};
    pm_fail_memory(&error, "messages between ranks");
    pm_ranks_abort(&error);
}

/* Counts in units of 8 bytes, for which MPI's int lasts longer. */
static const void *receive(const void *own, size_t bytes, const size_t **sizes, int everyone) {
    int count = (int)(bytes / 8);
    if (bytes / 8 > INT_MAX)
        no_memory();
    (void)MPI_Allgather(&count, 1, MPI_INT, state.counts, 1, MPI_INT, MPI_COMM_WORLD);
    size_t total = 0;
    for (int r = 0; r < state.size; r++) {
        if (total > INT_MAX)
            no_memory();
        state.places[r] = (int)total;
        state.sizes[r] = 8 * (size_t)state.counts[r];
        total += (size_t)state.counts[r];
    }
    bool here = everyone || state.rank == 0;
    if (here && 8 * total > state.capacity) {
        free(state.received);
        state.capacity = 16 * total;
        state.received = malloc(state.capacity);
        if (!state.received)
            no_memory();
    }
    if (sizes)
        *sizes = state.sizes;
    if (everyone)
        (void)MPI_Allgatherv(own, count, MPI_UINT64_T, state.received, state.counts, state.places, MPI_UINT64_T,
                             MPI_COMM_WORLD);
    else
        (void)MPI_Gatherv(own, count, MPI_UINT64_T, state.received, state.counts, state.places, MPI_UINT64_T, 0,
                          MPI_COMM_WORLD);
    return here ? state.received : NULL;
}

static const void *gather(void *user, const void *own, size_t bytes, const size_t **sizes) {
    (void)user;
    const size_t *received = NULL;
    const double begun = pm_seconds(), cpu = pm_cpu_seconds();
    const void *all = receive(own, bytes, &received, 1);
    state.traffic.seconds += pm_seconds() - begun;
    state.traffic.cpu_seconds += pm_cpu_seconds() - cpu;
    state.traffic.exchanges++;
    for (int r = 0; r < state.size; r++)
        state.traffic.bytes += received[r];
    if (sizes)
        *sizes = received;
    return all;
}

double pm_cpu_seconds(void) {
    struct timespec used;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

pm_traffic pm_ranks_traffic(void) { return state.traffic; }

static const void *collect(void *user, const void *own, size_t bytes, const size_t **sizes) {
    (void)user;
    return receive(own, bytes, sizes, 0);
}

static void sum(void *user, uint64_t *values, size_t n) {
    (void)user;
    (void)MPI_Allreduce(MPI_IN_PLACE, values, (int)n, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
}

static void least(void *user, double *values, size_t n) {
    (void)user;
    (void)MPI_Allreduce(MPI_IN_PLACE, values, (int)n, MPI_DOUBLE, MPI_MIN, MPI_COMM_WORLD);
}

static void part(void) {
    int over = 0;
    (void)MPI_Finalized(&over);
    if (!over)
        (void)MPI_Finalize();
    free(state.received);
    free(state.sizes);
    free(state.counts);
    free(state.places);
}

/* What launchers leave in the environment: Open MPI's, MPICH's and PMIx's, Slurm's for steps of several tasks. */
static bool launched(void) {
    const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMI_SIZE") || getenv("PMIX_RANK") || (tasks && atoi(tasks) > 1);
}

const pm_exchange *pm_ranks(void) {
    static pm_exchange exchange = {0, 1, NULL, gather, collect, sum, least};
    int size = 1, level = 0;
    if (!launched())
        return &exchange;
    (void)MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    (void)atexit(part);
    (void)MPI_Comm_rank(MPI_COMM_WORLD, &state.rank);
    (void)MPI_Comm_size(MPI_COMM_WORLD, &size);
    state.size = size;
    exchange.rank = (uint32_t)state.rank;
    exchange.size = (uint32_t)size;
    state.sizes = calloc((size_t)size, sizeof *state.sizes);
    state.counts = calloc((size_t)size, sizeof *state.counts);
    state.places = calloc((size_t)size, sizeof *state.places);
    if (!state.sizes || !state.counts || !state.places)
        no_memory();
    return &exchange;
}

int pm_ranks_threads(const pm_exchange *ranks) {
    if (ranks->size == 1)
        return 0;
    MPI_Comm machine = MPI_COMM_NULL;
    int here = 1;
    (void)MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    (void)MPI_Comm_size(machine, &here);
    (void)MPI_Comm_free(&machine);
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return cores > here ? cores / here : 1;
}
