/* Spikes of source populations: given ones, injected ones, Poisson processes. */
#ifndef PM_SIM_SOURCES_H
#define PM_SIM_SOURCES_H

#include "base/archive.h"

#include <punctum/simulation.h>

typedef struct pm_sources pm_sources;

/* `silent` marks populations whose spikes nobody asks for; NULL: none. */
pm_status pm_sources_new(const pm_network *network, const bool *silent, pm_sources **sources, pm_error *error);
void pm_sources_free(pm_sources *sources);
void pm_sources_reset(pm_sources *sources);

/* How far the sources are, written or read. */
void pm_sources_archive(pm_sources *sources, pm_archive *archive);
/* Whether what was read can be the state of these sources where all spikes before `end` (ms) have been collected, or
 * there were none since the last collection, which went as far as `end` if `collected`. */
bool pm_sources_are_sound(const pm_sources *sources, double end, bool collected);

/* Never draws the spikes of that Poisson neuron; to be called before anything is collected. */
void pm_sources_skip(pm_sources *sources, uint32_t population, uint32_t neuron);

/* All source spikes in [previous end, end), sorted by (time, population, neuron). Valid until the next call. */
pm_status pm_sources_collect(pm_sources *sources, double end, const pm_spike **spikes, size_t *count, pm_error *error);

/* No spike that has not been collected comes before this time, ms. */
double pm_sources_next(pm_sources *sources);

/* One more spike; one that lies before the end of the last collection joins what was collected. */
pm_status pm_sources_inject(pm_sources *sources, const pm_spike *spike, pm_error *error);

/* What pm_sources_collect returned last, with the spikes injected since. */
void pm_sources_collected(const pm_sources *sources, const pm_spike **spikes, size_t *count);

/* The key of a Poisson population's random streams. */
uint64_t pm_source_key(const pm_network *network, size_t population);

#endif
