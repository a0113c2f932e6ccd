/* Values that network and experiment files have in common: kinds, neurons, distributions. */
#ifndef PM_IO_VALUES_H
#define PM_IO_VALUES_H

#include "io/tree.h"
#include "model/neuron.h"

#include <punctum/network.h>

enum { PM_MOST_KEYS = 64 }; /* of a kind, and of what stands beside it */

/* The fields that a map gives, over what is in the structure; keys of other things are not looked at. Each value is
 * blamed on its own line. */
pm_status pm_read_fields(const pm_node *map, const pm_kind *kind, void *structure, pm_error *error);
/* Fails unless every key is one of a kind's fields or of `others` (ends with NULL; NULL: none). */
pm_status pm_check_keys(const pm_node *map, const pm_kind *kind, const char *const *others, pm_error *error);
/* All of a kind: keys as in pm_check_keys, all fields that have no default are there, and they go together. */
pm_status pm_read_kind(const pm_node *map, const pm_kind *kind, const char *const *others, void *structure,
                       pm_error *error);
/* One of the kinds of a list, which stands there as "NAME" or as {NAME: {...}}, in a map beside the keys `others`; what
 * stands at its name goes into *inner. `what` says what the names are of: "learning rule". */
pm_status pm_find_choice(const pm_node *node, const pm_kind *const *list, const char *what, const char *const *others,
                         const pm_kind **kind, pm_node *inner, pm_error *error);
/* The same with its parameters in `structure`, defaults filled in. */
pm_status pm_read_choice(const pm_node *node, const pm_kind *const *list, const char *what, const char *const *others,
                         const pm_kind **kind, void *structure, pm_error *error);
/* Puts the place before a message: the line of the parameter that the error blames, if `map` has that key. */
pm_status pm_blame_field(const pm_node *map, pm_status status, pm_error *error);

/* The parameters that a map gives, over those already in *neuron. */
pm_status pm_read_neuron(const pm_node *map, pm_neuron *neuron, pm_error *error);
/* The same where a parameter may differ from neuron to neuron: of a distribution, a typical value; of a file, none. */
pm_status pm_read_neuron_numbers(const pm_node *map, pm_neuron *neuron, pm_error *error);

/* pm_neuron_check; what it blames is looked for in the population's own map "neuron" and in the `shared` one (which may
 * be absent). */
pm_status pm_check_neuron(const pm_node *shared, const pm_node *population, const pm_neuron *neuron, pm_error *error);

/* A map of receptors: `receptors` has room for PM_MOST_RECEPTORS (net/population.h) of them; the names live as long as
 * the file's tree. */
pm_status pm_read_receptors(const pm_node *map, pm_receptor *receptors, size_t *n, pm_error *error);

/* One of n receptors by its name. */
pm_status pm_read_receptor(const pm_node *node, pm_receptor *receptors, size_t n, uint32_t *number, pm_error *error);
/* What stands at `receptor` in a layer, NAME or {NAME: NEURONS, ...}: how many neurons of the layer before come over
 * each of n receptors, or PM_ALL_SOURCES (layer/layer_receptors.h). */
pm_status pm_read_sources(const pm_node *layer, pm_receptor *receptors, size_t n, uint32_t *sources, pm_error *error);

/* A list of two numbers or, if `most` is 3, of two or three into a, b and step. `what` describes it. */
pm_status pm_read_spread(const pm_node *list, const char *what, size_t most, pm_distribution *d, pm_error *error);

/* A number that must be there, or may be absent. `what` describes it: "a rate in spikes/s". */
pm_status pm_read_required(const pm_node *map, const char *key, const char *what, double *value, pm_error *error);
pm_status pm_read_optional(const pm_node *map, const char *key, const char *what, double *value, pm_error *error);

/* A number or a distribution: {normal: [mean, std]}, {uniform: [low, high]}, {uniform: [low, high, step]},
 * {lognormal: [mu, sigma]}, {exponential: mean}, each with low and high if wanted. `what` describes the value and its
 * unit: "a weight in pA". *file receives the node of a key `file`, of which nothing is read here; NULL: no such key. */
pm_status pm_read_distribution(const pm_node *node, const char *what, pm_distribution *d, pm_node *file,
                               pm_error *error);

#endif
