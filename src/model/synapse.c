/* The list of models of synapses. */
#include "model/synapse.h"

#define HEAD(name) &pm_synapse_##name.kind,
const pm_kind *const pm_synapse_kinds[] = {PM_SYNAPSE_MODELS(HEAD) NULL};

const pm_synapse_model *pm_synapse_model_find(const char *name) {
    return (const pm_synapse_model *)(const void *)pm_kind_find(pm_synapse_kinds, name); /* of which it is the head */
}
