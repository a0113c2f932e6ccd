/* Threads that do a handful of tasks together, many thousand times a second. A task that nobody has begun is done by the
 * caller, and who waits for long sleeps: a team is not slower than one thread where others use the processors. */
#ifndef PM_BASE_TEAM_H
#define PM_BASE_TEAM_H

typedef struct pm_team pm_team;
typedef void (*pm_task)(void *user, int number);

/* A team for tasks 0, ..., n - 1; where threads cannot be had it has fewer. NULL when there is no memory. */
pm_team *pm_team_new(int n);
void pm_team_free(pm_team *team); /* NULL is allowed */
/* Does every task once, in any order, and returns when all are done. One caller at a time. */
void pm_team_run(pm_team *team, pm_task task, void *user);

#endif
