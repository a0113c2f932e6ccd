/* The list of sources that draw their spikes. */
#include "model/source.h"

#define HEAD(name) &pm_source_##name,
const pm_kind *const pm_sources[] = {PM_SOURCES(HEAD) NULL};
