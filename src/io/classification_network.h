/* A trained network as files that `punctum run` takes. */
#ifndef PM_IO_CLASSIFICATION_NETWORK_H
#define PM_IO_CLASSIFICATION_NETWORK_H

#include "classify/classification.h"
#include "io/results.h"

/* Prepares "network.yaml" with the network of the last test, "synapses-<layer>.dat" (with receptors a file for
 * each, "synapses-<layer>-<receptor>.dat") and "pool-<layer>.dat" with its synapses, "V_th-<layer>.dat" with learnt
 * thresholds, and "input.dat" with the input spikes of an example. Errors: PM_INVALID for models of others and where
 * there is no such example; PM_FAILED, PM_NO_MEMORY. */
pm_status pm_class_network_write(pm_results *to, pm_class_trainer *trainer, const pm_dataset *data, size_t example,
                                 pm_error *error);

#endif
