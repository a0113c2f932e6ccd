/* Sources that draw their spikes, among the kinds. */
#ifndef PM_MODEL_SOURCE_H
#define PM_MODEL_SOURCE_H

#include "base/kind.h"

#define PM_HIGHEST_RATE 1e9 /* spikes/s, and Hz of whatever oscillates */

typedef struct pm_poisson_source {
    double rate; /* spikes/s, of each neuron */
} pm_poisson_source;

typedef struct pm_sinusoidal_poisson {
    double rate, amplitude; /* spikes/s */
    double frequency;       /* Hz */
    double phase;           /* degrees */
} pm_sinusoidal_poisson;

/* All sources, pm_source_NAME. */
#define PM_SOURCES(X) X(poisson) X(sinusoidal_poisson)
#define PM_SOURCE(name) extern const pm_kind pm_source_##name;
PM_SOURCES(PM_SOURCE)
#undef PM_SOURCE

extern const pm_kind *const pm_sources[]; /* ends with NULL */

#endif
