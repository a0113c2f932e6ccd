/* Growth by doubling: n appended items cost as much as n. Where memory for that is not left, a large array grows by an
 * eighth only, and not at all where the kernel would have to end the program for it. */
#include "base/list.h"

#include "base/room.h"

#include <stdint.h>
#include <stdlib.h>

enum { FEWEST = 16, LARGE = 1 << 28 }; /* items, bytes */

static bool has_room(size_t more, size_t item_size) {
    return more < LARGE / item_size || pm_room_check((double)more * (double)item_size, "an array", NULL) == PM_OK;
}

bool pm_list_enlarge(void **items, size_t *capacity, size_t needed, size_t item_size) {
    const size_t most = SIZE_MAX / 2 / item_size;
    if (needed > most)
        return false;
    size_t larger = 2 * *capacity > needed ? 2 * *capacity : needed;
    larger = larger < FEWEST ? FEWEST : larger > most ? most : larger;
    if (!has_room(larger - *capacity, item_size)) {
        larger = needed + needed / 8 < most ? needed + needed / 8 : needed;
        if (!has_room(larger - *capacity, item_size))
            return false;
    }
    void *moved = realloc(*items, larger * item_size);
    if (!moved)
        return false;
    *items = moved;
    *capacity = larger;
    return true;
}

bool pm_list_reserve_beside(void **items, size_t before, size_t n, size_t item_size, size_t *room) {
    size_t capacity = before;
    if (!pm_list_reserve(items, &capacity, n, item_size))
        return false;
    if (*room == 0 || capacity < *room)
        *room = capacity;
    return true;
}
