/* How the features of an example become input spikes. Times in ms. */
#ifndef PM_DATA_CODING_H
#define PM_DATA_CODING_H

#include "data/dataset.h"
#include "layer/layer.h"

typedef enum pm_coding_kind { PM_CODING_LATENCY, PM_CODING_POISSON, PM_CODING_EVENTS } pm_coding_kind;

/* Latency: one spike per feature whose intensity x is above the threshold (from 0 on: every one is with -1), at
 * from + (to - from) (1 - x) / (1 - max(threshold, 0)): the brighter the earlier. Poisson: spikes at x times `rate`
 * from `from` to `to`, drawn anew for each presentation. Events: of recordings, each event is a spike at
 * from + its time / `compression`. A last input neuron, the bias, fires at `bias`. */
typedef struct pm_coding {
    pm_coding_kind kind;
    double threshold;
    double from, to;    /* ms */
    double rate;        /* spikes/s at intensity 1 */
    double compression; /* of recordings: so many ms of them go into one */
    double bias;        /* ms; NAN: there is no bias neuron */
} pm_coding;

/* Number of input neurons. */
size_t pm_coding_inputs(const pm_coding *coding, const pm_dataset *data);

/* Writes the spikes of an example, in order; `key` and `presentation` select the random stream of the Poisson code.
 * Errors: PM_NO_MEMORY. */
pm_status pm_encode(const pm_coding *coding, const pm_dataset *data, size_t example, uint64_t key,
                    uint64_t presentation, pm_raster *out, pm_error *error);

#endif
