/* summary.json: what a run was and what came of it. */
#ifndef PM_IO_SUMMARY_H
#define PM_IO_SUMMARY_H

#include "base/kind.h"
#include "io/json.h"
#include "io/output.h"

#include <punctum/network.h>

/* The full configuration of a network, all defaults filled in; long lists and matrices as their sizes. NULL when there
 * is no memory. */
json_t *pm_network_json(const pm_network *network);
/* Adds one field, or all fields of a kind, to a map: words as words, what is no finite number as null; names with a dot
 * go into maps within. */
void pm_field_json(json_t **map, const pm_field *field, const void *structure);
void pm_kind_json(json_t **map, const pm_kind *kind, const void *structure);
json_t *pm_distribution_json(const pm_distribution *distribution);
json_t *pm_neuron_json(const pm_neuron *neuron);

/* Writes the text of a summary. Errors: PM_FAILED, PM_NO_MEMORY (also when `summary` is NULL). */
pm_status pm_summary_write(pm_output *output, const json_t *summary, pm_error *error);
/* Reads "folder/summary.json"; the caller releases it with json_decref(). Errors: PM_INVALID. */
pm_status pm_summary_read(const char *folder, json_t **summary, pm_error *error);
/* Whether a file in its folder is one of the results: a summary of versions that named none is believed of any. */
bool pm_summary_names(const json_t *summary, const char *file);

#endif
