/* The networks of punctum bench. */
#ifndef PM_CLI_BENCH_NETWORKS_H
#define PM_CLI_BENCH_NETWORKS_H

#include <punctum/network.h>

typedef struct pm_bench_network pm_bench_network;
struct pm_bench_network {
    const char *name, *what;
    uint32_t neurons; /* of the usual size */
    double duration;  /* ms; 0: the less the larger the network */
    bool sized;       /* measured at several sizes where no network is named */
    /* the rest is build's */
    pm_status (*build)(const pm_bench_network *bench, uint32_t neurons, pm_network *network, pm_error *error);
    double tau_1, tau_2, tau_m; /* ms */
    double drive;          /* spikes/s of each neuron's Poisson drive; 0: the usual; -1: a current of the same mean */
    pm_distribution delay; /* ms */
    uint32_t parts;        /* populations, or different neurons */
};

/* All of them; the last has no name. */
extern const pm_bench_network pm_bench_networks[];

#endif
