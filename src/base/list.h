/* The one growing array. A list begins zeroed and is freed by free(list.items); whoever keeps pointers into it keeps
 * them until it grows. */
#ifndef PM_BASE_LIST_H
#define PM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define PM_LIST(type)                                                                                                  \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        size_t count, capacity;                                                                                        \
    }

/* Room for `needed` items of that size; an array that has to grow at least doubles, if it can. False when there is no
 * memory: the array is then as it was. */
bool pm_list_enlarge(void **items, size_t *capacity, size_t needed, size_t item_size);
static inline bool pm_list_reserve(void **items, size_t *capacity, size_t needed, size_t item_size) {
    return needed <= *capacity || pm_list_enlarge(items, capacity, needed, item_size);
}

/* Room for n items in one of several arrays that grow together: each had room for `before`, and *room becomes the least
 * of what they have now; 0 before the first of them. False when there is no memory. */
bool pm_list_reserve_beside(void **items, size_t before, size_t n, size_t item_size, size_t *room);

/* Room for n items in all, or for one more. */
#define PM_LIST_RESERVE(list, n)                                                                                       \
    pm_list_reserve((void **)&(list).items, &(list).capacity, n, sizeof *(list).items)
#define PM_LIST_ROOM(list) PM_LIST_RESERVE(list, (list).count + 1)

/* Appends an item; false when there is no memory. */
#define PM_LIST_ADD(list, ...) (PM_LIST_ROOM(list) && ((list).items[(list).count++] = (__VA_ARGS__), true))

/* As qsort(); what is in order already, as most lists are, costs a pass. */
static inline void pm_sort(void *items, size_t n, size_t item_size, int compare(const void *, const void *)) {
    const char *item = items;
    size_t ordered = 1;
    for (; ordered < n && compare(item, item + item_size) <= 0; ordered++)
        item += item_size;
    if (ordered < n)
        qsort(items, n, item_size, compare);
}

#endif
