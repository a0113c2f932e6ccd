/* A simulator that is slow and obvious: always the next event of all, prediction of crossings by the closed form, every
 * arrival handled by itself. It shares nothing with the engine but math/ and the drawn synapses. */
#ifndef TEST_SUPPORT_NAIVE_H
#define TEST_SUPPORT_NAIVE_H

#include <punctum/simulation.h>

typedef struct naive_spikes {
    pm_spike *items; /* of LIF populations, in order */
    size_t count;
} naive_spikes;

/* Sources must be spike sources. Aborts on memory exhaustion. */
naive_spikes naive_run(const pm_network *network, double duration);

#endif
