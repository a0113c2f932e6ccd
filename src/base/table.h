/* Finding items by what they hold. The items are the owner's, numbered from 0; the table knows their hashes, and the owner
 * says which of those with equal hashes is the one. A table begins zeroed. */
#ifndef PM_BASE_TABLE_H
#define PM_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pm_table {
    struct pm_entry *entries;
    size_t size, count; /* size: a power of two, or 0 */
} pm_table;

static const uint32_t PM_TABLE_NONE = UINT32_MAX;

/* Whether item `number` is what is looked for. */
typedef bool pm_table_is(const void *user, uint32_t number);

/* The number of the item, or PM_TABLE_NONE. */
uint32_t pm_table_find(const pm_table *table, uint64_t hash, pm_table_is *is, const void *user);
/* Room for one more; false when there is no memory: the table is then as it was. */
bool pm_table_reserve(pm_table *table);
/* Adds an item, for which there is room. */
void pm_table_add(pm_table *table, uint64_t hash, uint32_t number);
void pm_table_free(pm_table *table);

/* FNV-1a (64 bits), continued from `hash`, which begins as PM_HASH_START. */
static const uint64_t PM_HASH_START = 0xcbf29ce484222325u;
uint64_t pm_hash(uint64_t hash, const void *bytes, size_t size);

#endif
