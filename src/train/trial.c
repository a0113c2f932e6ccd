/* A trial from beginning to end. */
#include "base/list.h"
#include "base/seconds.h"

#include <punctum/training.h>

#include <stdio.h>
#include <stdlib.h>

void pm_trial_free(pm_trial *trial) {
    free(trial->history);
    *trial = (pm_trial){0};
}

static pm_status remember(pm_trial *trial, size_t *capacity, double correlation, pm_error *error) {
    if (!pm_list_reserve((void **)&trial->history, capacity, trial->n_history + 1, sizeof *trial->history))
        return pm_fail_memory(error, "the history of a trial");
    trial->history[trial->n_history++] = correlation;
    return PM_OK;
}

pm_status pm_trial_run(const pm_experiment *experiment, uint32_t number, const volatile int *stop,
                       void (*watch)(void *), void *user, pm_trial *trial, pm_error *error) {
    *trial = (pm_trial){.number = number};
    pm_trainer *trainer = NULL;
    double begun = pm_now();
    size_t capacity = 0;
    pm_status status = pm_trainer_new(experiment, number, &trainer, error);
    while (!status && !trial->converged && trial->iterations < experiment->iterations) {
        pm_error problem = {0};
        if (stop && *stop) {
            status = pm_fail(error, PM_STOPPED, "stopped in trial %u", number);
            break;
        }
        pm_status step = pm_trainer_step(trainer, &problem);
        pm_progress_report r = pm_trainer_report(trainer);
        trial->iterations = r.iteration;
        trial->polished = r.polished;
        trial->converged = r.converged;
        trial->correlation = r.correlation;
        trial->best = r.best;
        trial->off = r.off;
        trial->spikes += r.spikes;
        if (watch)
            watch(user);
        if (step == PM_FAILED) {
            snprintf(trial->message, sizeof trial->message, "%.190s", problem.message);
            break;
        }
        status = step ? pm_fail(error, step, "%s", problem.message) : remember(trial, &capacity, r.correlation, error);
    }
    trial->seconds = pm_now() - begun;
    pm_trainer_free(trainer);
    if (status)
        pm_trial_free(trial);
    return status;
}
