/* A number that stands for a network. */
#ifndef PM_NET_MARK_H
#define PM_NET_MARK_H

#include "base/kind.h"
#include "base/table.h"

#include <punctum/network.h>

/* Of everything that decides what happens in a run and what is recorded: parameters, rules, given spikes, synapses and
 * weights, the seed; not the duration. */
uint64_t pm_network_mark(const pm_network *network);

/* The hash (base/table.h), continued by the values of all fields of a kind. */
uint64_t pm_kind_hash(uint64_t hash, const pm_kind *kind, const void *structure);
/* The same by n receptors. */
uint64_t pm_receptors_hash(uint64_t hash, const pm_receptor *receptors, size_t n);

#endif
