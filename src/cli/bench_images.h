/* Benchmark of classifiers: images per second and core. */
#ifndef PM_CLI_BENCH_IMAGES_H
#define PM_CLI_BENCH_IMAGES_H

#include "io/results.h"

#include <punctum/error.h>

extern const char *const pm_bench_images_name;

/* `results`, if any, receives summary.json. */
pm_status pm_bench_images(pm_results *results, pm_error *error);

#endif
