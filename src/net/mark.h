/* A number that stands for a network. */
#ifndef PM_NET_MARK_H
#define PM_NET_MARK_H

#include "base/kind.h"

#include <punctum/network.h>

/* Of everything that decides what happens in a run and what is recorded: parameters, rules, given spikes, synapses and
 * weights, the seed; not the duration. */
uint64_t pm_network_mark(const pm_network *network);

/* FNV-1a (64 bits), continued from `hash`, which begins as PM_HASH_START. */
static const uint64_t PM_HASH_START = 0xcbf29ce484222325u;
uint64_t pm_hash(uint64_t hash, const void *bytes, size_t size);
/* The same of the values of all fields of a kind. */
uint64_t pm_kind_hash(uint64_t hash, const pm_kind *kind, const void *structure);

#endif
