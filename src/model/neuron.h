/* The LIF neuron among the kinds. */
#ifndef PM_MODEL_NEURON_H
#define PM_MODEL_NEURON_H

#include "base/kind.h"
#include "math/lif.h"

#include <punctum/neuron.h>

extern const pm_kind pm_neuron_lif;       /* of pm_neuron */
extern const pm_kind *const pm_neurons[]; /* all neurons; ends with NULL */

/* The constants of a neuron whose parameters passed pm_neuron_check. */
pm_lif pm_lif_of_neuron(const pm_neuron *neuron);
/* PM_INVALID for impulse synapses; the message says that `who` ("training") does not take them. */
pm_status pm_neuron_need_current(const pm_neuron *neuron, const char *who, pm_error *error);

#endif
