/* The LIF neuron among the kinds. */
#ifndef PM_MODEL_NEURON_H
#define PM_MODEL_NEURON_H

#include "base/kind.h"

#include <punctum/neuron.h>

extern const pm_kind pm_neuron_lif; /* of pm_neuron */
extern const pm_kind *const pm_neurons[]; /* all neurons; ends with NULL */

/* PM_INVALID for impulse synapses; the message says that `who` ("training") does not take them. */
pm_status pm_neuron_need_current(const pm_neuron *neuron, const char *who, pm_error *error);

#endif
