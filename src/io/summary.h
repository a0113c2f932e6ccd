/* summary.json: what a run was and what came of it. */
#ifndef PM_IO_SUMMARY_H
#define PM_IO_SUMMARY_H

#include "base/kind.h"
#include "io/json.h"
#include "io/output.h"

#include <punctum/network.h>
#include <punctum/results.h>

/* The full configuration of a network, all defaults filled in; long lists and matrices as their sizes. NULL when there
 * is no memory. */
json_t *pm_network_json(const pm_network *network);
/* Adds one field, or all fields of a kind, to a map: words as words, what is no finite number as null; names with a dot
 * go into maps within. */
void pm_field_json(json_t **map, const pm_field *field, const void *structure);
void pm_kind_json(json_t **map, const pm_kind *kind, const void *structure);
json_t *pm_distribution_json(const pm_distribution *distribution);
json_t *pm_neuron_json(const pm_neuron *neuron);
json_t *pm_receptors_json(const pm_receptor *receptors, size_t n);
/* The same as the key `receptors` of a network file, between two texts. Errors: PM_FAILED, PM_NO_MEMORY. */
pm_status pm_receptors_write(pm_output *output, const char *before, const pm_receptor *receptors, size_t n,
                             const char *after, pm_error *error);
/* How many sources come over each of n receptors. */
json_t *pm_sources_json(const pm_receptor *receptors, const uint32_t *sources, size_t n);

/* Writes the text of a summary. Errors: PM_FAILED, PM_NO_MEMORY (also when `summary` is NULL). */
pm_status pm_summary_write(pm_output *output, const json_t *summary, pm_error *error);

#endif
