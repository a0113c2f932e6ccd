/* The list of models of synapses. */
#include "model/synapse.h"

#include <string.h>

#define ITSELF(name) &pm_synapse_##name,
#define HEAD(name) &pm_synapse_##name.kind,
static const pm_synapse_model *const models[] = {PM_SYNAPSE_MODELS(ITSELF) NULL};
const pm_kind *const pm_synapse_kinds[] = {PM_SYNAPSE_MODELS(HEAD) NULL};

const pm_synapse_model *pm_synapse_model_find(const char *name) {
    size_t k = 0;
    while (models[k] && strcmp(models[k]->kind.name, name) != 0)
        k++;
    return models[k];
}
