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
    double *piece; /* of a relayed sum, as it comes from the rank before */
    MPI_Request *requests;
    size_t n_requests;
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

enum { PIECE = 1 << 15 }; /* numbers in a piece of a relayed sum */

static int piece_of(size_t n, size_t k) { return (int)(n - k * PIECE < PIECE ? n - k * PIECE : PIECE); }

/* Room for the messages of a sum of so many pieces. */
static void make_room(size_t pieces) {
    if (!state.piece)
        state.piece = malloc(PIECE * sizeof *state.piece);
    if (pieces > state.n_requests) {
        free(state.requests);
        state.requests = malloc(pieces * sizeof(MPI_Request));
        state.n_requests = pieces;
    }
    if (!state.piece || !state.requests)
        no_memory();
}

/* Each piece goes from rank to rank to the last one, which sends it on as a total to rank 0, and so round to the last
 * but one; a rank works on one piece while others travel. No rank waits for its own messages to arrive before it has
 * received all that is for it: none waits for another in a circle. */
static void relay(void *user, double *values, size_t n, pm_relay_add *add, void *of) {
    enum { SO_FAR = 1, TOTAL = 2 };
    (void)user;
    const int last = state.size - 1, next = (state.rank + 1) % state.size;
    const int before = (state.rank + last) % state.size;
    size_t pieces = (n + PIECE - 1) / PIECE;
    make_room(pieces);
    for (size_t k = 0; k < pieces; k++) {
        int m = piece_of(n, k);
        if (state.rank > 0)
            (void)MPI_Recv(state.piece, m, MPI_DOUBLE, before, SO_FAR, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        add(of, state.rank > 0 ? state.piece : NULL, k * PIECE, (size_t)m);
        (void)MPI_Isend(values + k * PIECE, m, MPI_DOUBLE, next, state.rank == last ? TOTAL : SO_FAR, MPI_COMM_WORLD,
                        &state.requests[k]);
    }
    for (size_t k = 0; state.rank < last && k < pieces; k++) {
        int m = piece_of(n, k);
        (void)MPI_Wait(&state.requests[k], MPI_STATUS_IGNORE);
        (void)MPI_Recv(values + k * PIECE, m, MPI_DOUBLE, before, TOTAL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (next != last)
            (void)MPI_Isend(values + k * PIECE, m, MPI_DOUBLE, next, TOTAL, MPI_COMM_WORLD, &state.requests[k]);
    }
    (void)MPI_Waitall((int)pieces, state.requests, MPI_STATUSES_IGNORE);
}

const pm_relay *pm_ranks_relay(const pm_exchange *ranks) {
    static pm_relay shared = {NULL, NULL, relay};
    shared.ranks = ranks;
    return ranks->size > 1 ? &shared : NULL;
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
    free(state.piece);
    free(state.requests);
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
    if (state.rank > 0)
        pm_quiet_signals();
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
