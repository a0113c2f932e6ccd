/* The processes that a launcher (mpirun, srun) started for one command. */
#ifndef PM_CLI_RANKS_H
#define PM_CLI_RANKS_H

#include <punctum/exchange.h>

/* To be called once, before anything that takes long. Without a launcher it does nothing and there is one rank. The
 * ranks part when the program ends. */
const pm_exchange *pm_ranks(void);

/* For trainings that the ranks share; NULL where there is one rank. */
const pm_relay *pm_ranks_relay(const pm_exchange *ranks);

/* What has been gathered on all ranks so far. */
typedef struct pm_traffic {
    uint64_t exchanges, bytes; /* received */
    double seconds;            /* wall time, waiting for slower ranks included */
    double cpu_seconds;        /* processor time */
} pm_traffic;
pm_traffic pm_ranks_traffic(void);

double pm_cpu_seconds(void); /* processor time of this rank so far, s */

/* Prints the error and ends the run on all ranks with its exit status. */
_Noreturn void pm_ranks_abort(const pm_error *error);

/* The processor cores for each rank of this machine; 0, which means all, where there is one rank. */
int pm_ranks_threads(const pm_exchange *ranks);

#endif
