/* Each run is a turn. Invariants: whoever moves taken[k] from the last turn to the present one does task k; a turn does
 * not end before its tasks, so that `task` and `user` are those of the turn for whoever has taken one. A thread that comes
 * late finds everything taken. */
#include "base/team.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { SPINS = 1000 }; /* some 20 to 50 microseconds, before a thread sleeps */

typedef struct member {
    pm_team *team;
    pthread_t thread;
    int number;
} member;

struct pm_team {
    int n_tasks, n_members;
    member *members; /* the first is the caller */
    atomic_uint *taken;
    atomic_uint turn;
    atomic_int left; /* tasks of this turn that are not done */
    pm_task task;
    void *user;
    pthread_mutex_t mutex;
    pthread_cond_t begun, done;
    int n_sleepers;
    atomic_bool caller_sleeps;
    bool ended;
};

static void pause_briefly(void) {
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* Tasks that nobody has, a member's own first. */
static void do_tasks(pm_team *team, int own, unsigned turn) {
    for (int k = 0; k < team->n_tasks; k++) {
        const int number = (own + k) % team->n_tasks;
        unsigned last = turn - 1;
        if (!atomic_compare_exchange_strong(&team->taken[number], &last, turn))
            continue;
        team->task(team->user, number);
        if (atomic_fetch_sub(&team->left, 1) == 1 && atomic_load(&team->caller_sleeps)) {
            pthread_mutex_lock(&team->mutex);
            pthread_cond_signal(&team->done);
            pthread_mutex_unlock(&team->mutex);
        }
    }
}

static void *serve(void *user) {
    const member *m = user;
    pm_team *team = m->team;
    unsigned seen = 0;
    for (;;) {
        for (int k = 0; k < SPINS && atomic_load(&team->turn) == seen; k++)
            pause_briefly();
        if (atomic_load(&team->turn) == seen) {
            pthread_mutex_lock(&team->mutex);
            team->n_sleepers++;
            while (atomic_load(&team->turn) == seen && !team->ended)
                pthread_cond_wait(&team->begun, &team->mutex);
            team->n_sleepers--;
            const bool ended = team->ended;
            pthread_mutex_unlock(&team->mutex);
            if (ended)
                return NULL;
        }
        seen = atomic_load(&team->turn);
        do_tasks(team, m->number, seen);
    }
}

pm_team *pm_team_new(int n) {
    pm_team *team = calloc(1, sizeof *team);
    member *members = calloc((size_t)n, sizeof *members);
    atomic_uint *taken = calloc((size_t)n, sizeof *taken);
    if (!team || !members || !taken) {
        free(team);
        free(members);
        free(taken);
        return NULL;
    }
    *team = (pm_team){.n_tasks = n, .n_members = 1, .members = members, .taken = taken};
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->begun, NULL);
    pthread_cond_init(&team->done, NULL);
    sigset_t all, before; /* signals are the caller's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (bool there = true; there && team->n_members < n; team->n_members += there) {
        member *m = &members[team->n_members];
        *m = (member){.team = team, .number = team->n_members};
        there = pthread_create(&m->thread, NULL, serve, m) == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return team;
}

void pm_team_free(pm_team *team) {
    if (!team)
        return;
    pthread_mutex_lock(&team->mutex);
    team->ended = true;
    pthread_cond_broadcast(&team->begun);
    pthread_mutex_unlock(&team->mutex);
    for (int k = 1; k < team->n_members; k++)
        pthread_join(team->members[k].thread, NULL);
    pthread_mutex_destroy(&team->mutex);
    pthread_cond_destroy(&team->begun);
    pthread_cond_destroy(&team->done);
    free(team->members);
    free(team->taken);
    free(team);
}

void pm_team_run(pm_team *team, pm_task task, void *user) {
    const unsigned turn = atomic_load(&team->turn) + 1;
    team->task = task;
    team->user = user;
    atomic_store(&team->left, team->n_tasks);
    pthread_mutex_lock(&team->mutex);
    atomic_store(&team->turn, turn);
    if (team->n_sleepers > 0)
        pthread_cond_broadcast(&team->begun);
    pthread_mutex_unlock(&team->mutex);
    do_tasks(team, 0, turn);
    for (int k = 0; k < SPINS && atomic_load(&team->left) > 0; k++)
        pause_briefly();
    if (atomic_load(&team->left) == 0)
        return;
    pthread_mutex_lock(&team->mutex);
    atomic_store(&team->caller_sleeps, true);
    while (atomic_load(&team->left) > 0)
        pthread_cond_wait(&team->done, &team->mutex);
    atomic_store(&team->caller_sleeps, false);
    pthread_mutex_unlock(&team->mutex);
}
