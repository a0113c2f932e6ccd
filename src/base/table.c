/* Open addressing: an item stands at the first free place from that of its hash on. Invariant: at least half of the places
 * are free, so that a search ends soon. */
#include "base/table.h"

#include <stdlib.h>

typedef struct pm_entry {
    uint64_t hash;
    uint32_t number;
    bool used;
} pm_entry;

enum { FEWEST = 16 };

uint64_t pm_hash(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t k = 0; k < size; k++)
        hash = (hash ^ at[k]) * 0x100000001b3u;
    return hash;
}

/* The upper half of FNV's bits is mixed better than the lower. */
static size_t place_of(uint64_t hash, size_t size) { return (size_t)(hash ^ hash >> 32) & (size - 1); }

uint32_t pm_table_find(const pm_table *table, uint64_t hash, pm_table_is *is, const void *user) {
    if (table->size == 0)
        return PM_TABLE_NONE;
    for (size_t k = place_of(hash, table->size); table->entries[k].used; k = (k + 1) & (table->size - 1))
        if (table->entries[k].hash == hash && is(user, table->entries[k].number))
            return table->entries[k].number;
    return PM_TABLE_NONE;
}

static void put(pm_entry *entries, size_t size, pm_entry entry) {
    size_t k = place_of(entry.hash, size);
    while (entries[k].used)
        k = (k + 1) & (size - 1);
    entries[k] = entry;
}

bool pm_table_reserve(pm_table *table) {
    if (2 * (table->count + 1) <= table->size)
        return true;
    const size_t size = table->size > 0 ? 2 * table->size : FEWEST;
    pm_entry *entries = calloc(size, sizeof *entries);
    if (!entries)
        return false;
    for (size_t k = 0; k < table->size; k++)
        if (table->entries[k].used)
            put(entries, size, table->entries[k]);
    free(table->entries);
    table->entries = entries;
    table->size = size;
    return true;
}

void pm_table_add(pm_table *table, uint64_t hash, uint32_t number) {
    put(table->entries, table->size, (pm_entry){hash, number, true});
    table->count++;
}

void pm_table_free(pm_table *table) {
    free(table->entries);
    *table = (pm_table){0};
}
