/* Weights that stay. */
#include "model/synapse.h"

const pm_synapse_model pm_synapse_static = {
    .kind = {.name = "static", .help = "every spike is delivered with the weight of the synapse", .source = ""},
};
