/* How the features of an example become input spikes. Each code is one constant descriptor in a file of its own, and a
 * line in the list below. Times in ms. */
#ifndef PM_DATA_CODING_H
#define PM_DATA_CODING_H

#include "base/kind.h"
#include "data/dataset.h"
#include "layer/layer.h"

enum { PM_CODE_PARAMETERS_SIZE = 64 }; /* bytes that hold the parameters of any code */

/* Which presentation of which example; `key` and `presentation` select the random stream of codes that draw. */
typedef struct pm_presentation {
    const pm_dataset *data;
    size_t example;
    uint64_t key, number;
} pm_presentation;

typedef struct pm_code {
    pm_kind head;
    bool events; /* it is for recordings of events and nothing else; all others are for intensities */
    /* Whether the spikes end within `duration`, recordings having a window of so many ms. A parameter that is INFINITY
     * by default is the duration where it is not given, and is that here. Errors: PM_INVALID. */
    pm_status (*fit)(const void *parameters, double duration, double window, pm_error *error);
    /* Appends the spikes, in order. Errors: PM_NO_MEMORY. */
    pm_status (*encode)(const void *parameters, const pm_presentation *of, pm_raster *out, pm_error *error);
} pm_code;

/* All codes, pm_code_NAME. */
#define PM_CODES(X)                                                                                                    \
    X(latency)                                                                                                         \
    X(poisson)                                                                                                         \
    X(events)
#define PM_CODE(name) extern const pm_code pm_code_##name;
PM_CODES(PM_CODE)
#undef PM_CODE

extern const pm_kind *const pm_codes[]; /* their heads; ends with NULL */
static inline const pm_code *pm_code_of(const pm_kind *kind) { return (const void *)kind; }

typedef struct pm_coding {
    const pm_code *code;
    double parameters[PM_CODE_PARAMETERS_SIZE / sizeof(double)];
    double bias; /* ms: a last input neuron, the bias, fires then; NAN: there is none */
} pm_coding;

/* A code with its default parameters, without bias. */
pm_coding pm_coding_new(const pm_code *code);

/* Number of input neurons. */
size_t pm_coding_inputs(const pm_coding *coding, const pm_dataset *data);

/* Writes the spikes of an example, in order. Errors: PM_NO_MEMORY. */
pm_status pm_encode(const pm_coding *coding, const pm_presentation *of, pm_raster *out, pm_error *error);

#endif
