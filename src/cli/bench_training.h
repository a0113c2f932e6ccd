/* Benchmarks of dense layers and of training: B3, B4, layers-3, xor. */
#ifndef PM_CLI_BENCH_TRAINING_H
#define PM_CLI_BENCH_TRAINING_H

#include "io/results.h"

#include <punctum/error.h>
#include <stdbool.h>

bool pm_bench_training_has(const char *name);
/* Runs the benchmark of that name, or all of them (NULL); `results`, if any, receives summary.json of the one. */
pm_status pm_bench_training(const char *name, pm_results *results, pm_error *error);

#endif
