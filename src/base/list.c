/* Growth by doubling: n appended items cost as much as n. */
#include "base/list.h"

#include <stdint.h>
#include <stdlib.h>

bool pm_list_reserve(void **items, size_t *capacity, size_t needed, size_t item_size) {
    enum { FEWEST = 16 };
    if (needed <= *capacity)
        return true;
    size_t most = SIZE_MAX / 2 / item_size, larger = *capacity < FEWEST / 2 ? FEWEST : 2 * *capacity;
    if (needed > most)
        return false;
    larger = larger < needed ? needed : larger > most ? most : larger;
    void *moved = realloc(*items, larger * item_size);
    if (!moved)
        return false;
    *items = moved;
    *capacity = larger;
    return true;
}
