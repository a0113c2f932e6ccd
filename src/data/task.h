/* Tasks whose examples are drawn: spikes that have to be kept in mind, and a label. Each task is one constant
 * descriptor and a line in the list below. Times in ms. */
#ifndef PM_DATA_TASK_H
#define PM_DATA_TASK_H

#include "base/kind.h"
#include "data/dataset.h"

enum { PM_TASK_PARAMETERS_SIZE = 64 }; /* bytes that hold the parameters of any task */

typedef struct pm_task_draw pm_task_draw; /* an example that is being drawn */

typedef struct pm_task {
    pm_kind head;
    size_t groups; /* of equal size, into which the inputs are divided */
    size_t classes;
    double (*end)(const void *parameters);  /* when the last spike may be, ms */
    size_t (*cues)(const void *parameters); /* of an example */
    /* Lets groups fire, and returns the label. */
    uint8_t (*draw)(const void *parameters, pm_task_draw *example);
} pm_task;

/* All tasks, pm_task_NAME. */
#define PM_TASKS(X)                                                                                                    \
    X(delayed_xor)                                                                                                     \
    X(store_recall)
#define PM_TASK(name) extern const pm_task pm_task_##name;
PM_TASKS(PM_TASK)
#undef PM_TASK

extern const pm_kind *const pm_tasks[]; /* their heads; ends with NULL */
static inline const pm_task *pm_task_of(const pm_kind *kind) { return (const void *)kind; }

/* n examples for `inputs` input neurons; `name` tells independent sets of one seed apart. Errors: PM_INVALID for fewer
 * inputs than groups, PM_NO_MEMORY. */
pm_status pm_task_examples(const pm_task *task, const void *parameters, size_t inputs, uint64_t seed, const char *name,
                           size_t n, pm_dataset *data, pm_error *error);

#endif
