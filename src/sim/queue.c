/* Ring of buckets for slabs [first, first + length), heap by (slab, sequence) for those beyond. Invariants: every entry
 * of a slab inside the ring's window is in its bucket; a bucket with entries has its bit set in `busy`. */
#include "sim/queue.h"

#include "base/list.h"

#include <math.h>
#include <stdlib.h>

typedef struct far_flight {
    int64_t slab;
    uint64_t sequence;
    pm_flight flight;
} far_flight;

enum { MIN_RING = 64, MAX_RING = 1 << 16, WORD = 64, SPARE = 4 };

struct pm_queue {
    int64_t first;
    size_t length; /* a power of two */
    pm_bucket *ring;
    uint64_t *busy; /* a bit for each bucket; it may be set where there is none any more */
    pm_bucket scratch;
    pm_bucket spare[SPARE]; /* arrays of slabs that are over */
    far_flight *heap;
    size_t heap_count, heap_capacity;
    uint64_t sequence;
};

pm_queue *pm_queue_new(double span) {
    pm_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    queue->length = MIN_RING;
    while ((double)queue->length < span + 2.0 && queue->length < MAX_RING)
        queue->length *= 2;
    queue->ring = calloc(queue->length, sizeof *queue->ring);
    queue->busy = calloc(queue->length / WORD, sizeof *queue->busy);
    if (queue->ring && queue->busy)
        return queue;
    free(queue->ring);
    free(queue->busy);
    free(queue);
    return NULL;
}

void pm_queue_free(pm_queue *queue) {
    if (!queue)
        return;
    for (size_t k = 0; k < queue->length; k++)
        free(queue->ring[k].flights);
    free(queue->ring);
    free(queue->busy);
    free(queue->scratch.flights);
    for (size_t k = 0; k < SPARE; k++)
        free(queue->spare[k].flights);
    free(queue->heap);
    free(queue);
}

void pm_queue_clear(pm_queue *queue) {
    for (size_t k = 0; k < queue->length; k++)
        queue->ring[k].count = 0;
    queue->heap_count = 0;
    queue->first = 0;
}

void pm_queue_archive(pm_queue *queue, pm_archive *archive) {
    size_t length = queue->length;
    PM_ARCHIVE(archive, length);
    if (length != queue->length)
        archive->status = PM_INVALID;
    PM_ARCHIVE(archive, queue->first);
    PM_ARCHIVE(archive, queue->sequence);
    for (size_t k = 0; archive->status == PM_OK && k < queue->length; k++) {
        void *flights = queue->ring[k].flights;
        pm_archive_list(archive, &flights, &queue->ring[k].count, &queue->ring[k].capacity, sizeof(pm_flight));
        queue->ring[k].flights = flights;
        if (queue->ring[k].count > 0)
            queue->busy[k / WORD] |= (uint64_t)1 << k % WORD;
    }
    void *heap = queue->heap;
    pm_archive_list(archive, &heap, &queue->heap_count, &queue->heap_capacity, sizeof(far_flight));
    queue->heap = heap;
}

static bool before(const far_flight *a, const far_flight *b) {
    return a->slab != b->slab ? a->slab < b->slab : a->sequence < b->sequence;
}

/* Whether the entry's next group arrives in that slab; that of a neuron without synapses waits for nothing. */
static bool arrives_in(const pm_flight *flight, const pm_wiring *w, double h, int64_t slab) {
    if (flight->source >= w->n_neurons || !(flight->time >= 0.0) || !isfinite(flight->time))
        return false;
    uint64_t first = w->first_group[flight->source], n = w->first_group[flight->source + 1] - first;
    if (n == 0 && flight->group == 0)
        return true;
    return flight->group < n && floor((flight->time + pm_group_delay(w, first + flight->group)) / h) == (double)slab;
}

bool pm_queue_is_sound(const pm_queue *queue, const pm_wiring *wiring, double h, int64_t slab) {
    const int64_t length = (int64_t)queue->length, first = queue->first;
    bool good = first >= 0 && first <= slab;
    for (int64_t k = 0; good && k < length; k++) {
        const pm_bucket *bucket = &queue->ring[(size_t)(first + k) & (queue->length - 1)];
        for (size_t n = 0; good && n < bucket->count; n++)
            good = first + k >= slab && arrives_in(&bucket->flights[n], wiring, h, first + k);
    }
    for (size_t n = 0; good && n < queue->heap_count; n++) {
        const far_flight *item = &queue->heap[n];
        good = item->slab >= first + length && arrives_in(&item->flight, wiring, h, item->slab) &&
               (n == 0 || !before(item, &queue->heap[(n - 1) / 2]));
    }
    return good;
}

static pm_status push_far(pm_queue *queue, int64_t slab, const pm_flight *flight) {
    void *heap = queue->heap;
    if (!pm_list_reserve(&heap, &queue->heap_capacity, queue->heap_count + 1, sizeof *queue->heap))
        return PM_NO_MEMORY;
    queue->heap = heap;
    far_flight item = {slab, queue->sequence++, *flight};
    size_t at = queue->heap_count++;
    while (at > 0 && before(&item, &queue->heap[(at - 1) / 2])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = item;
    return PM_OK;
}

static far_flight pop_far(pm_queue *queue) {
    far_flight top = queue->heap[0], item = queue->heap[--queue->heap_count];
    size_t at = 0, n = queue->heap_count;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < n && before(&queue->heap[child + 1], &queue->heap[child]))
            child++;
        if (child >= n || !before(&queue->heap[child], &item))
            break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = item;
    return top;
}

/* A bucket that has no array takes one of those that are over. */
static void take_spare(pm_queue *queue, pm_bucket *bucket) {
    for (size_t k = 0; k < SPARE && bucket->capacity == 0; k++) {
        *bucket = queue->spare[k];
        queue->spare[k] = (pm_bucket){0};
    }
}

static pm_status push_near(pm_queue *queue, int64_t slab, const pm_flight *flight) {
    pm_bucket *bucket = &queue->ring[(size_t)slab & (queue->length - 1)];
    if (bucket->capacity == 0)
        take_spare(queue, bucket);
    void *flights = bucket->flights;
    if (!pm_list_reserve(&flights, &bucket->capacity, bucket->count + 1, sizeof *bucket->flights))
        return PM_NO_MEMORY;
    const size_t place = (size_t)slab & (queue->length - 1);
    bucket->flights = flights;
    bucket->flights[bucket->count++] = *flight;
    queue->busy[place / WORD] |= (uint64_t)1 << place % WORD;
    return PM_OK;
}

pm_status pm_queue_push(pm_queue *queue, int64_t slab, const pm_flight *flight) {
    return slab < queue->first + (int64_t)queue->length ? push_near(queue, slab, flight)
                                                        : push_far(queue, slab, flight);
}

static bool in_order(const pm_flight *a, const pm_flight *b) {
    return a->time != b->time ? a->time < b->time : a->source <= b->source;
}

/* The end of the ascending run that begins at `at`. */
static size_t run_end(const pm_flight *flights, size_t at, size_t n) {
    while (++at < n && in_order(&flights[at - 1], &flights[at]))
        ;
    return at < n ? at : n;
}

/* Merges neighbouring runs; returns how many are left. */
static size_t merge_runs(const pm_flight *from, pm_flight *to, size_t n) {
    size_t runs = 0;
    for (size_t at = 0; at < n; runs++) {
        size_t left = at, middle = run_end(from, at, n), right = middle,
               end = middle < n ? run_end(from, middle, n) : n;
        for (; at < end; at++) {
            bool from_left = right == end || (left < middle && in_order(&from[left], &from[right]));
            to[at] = from[from_left ? left++ : right++];
        }
    }
    return runs;
}

/* A merge sort of the runs that there are: pushes come in order for the most part. */
static bool sort(pm_queue *queue, pm_bucket *bucket) {
    size_t n = bucket->count;
    if (n < 2 || run_end(bucket->flights, 0, n) == n)
        return true;
    void *scratch = queue->scratch.flights;
    if (!pm_list_reserve(&scratch, &queue->scratch.capacity, bucket->capacity, sizeof *bucket->flights))
        return false;
    queue->scratch.flights = scratch;
    size_t runs;
    do {
        runs = merge_runs(bucket->flights, queue->scratch.flights, n);
        pm_bucket sorted = {queue->scratch.flights, n, queue->scratch.capacity};
        queue->scratch = *bucket;
        *bucket = sorted;
    } while (runs > 1);
    return true;
}

pm_bucket *pm_queue_open(pm_queue *queue, int64_t slab) {
    queue->first = slab;
    while (queue->heap_count > 0 && queue->heap[0].slab < slab + (int64_t)queue->length) {
        far_flight near = pop_far(queue);
        if (push_near(queue, near.slab, &near.flight) != PM_OK)
            return NULL;
    }
    pm_bucket *bucket = &queue->ring[(size_t)slab & (queue->length - 1)];
    return sort(queue, bucket) ? bucket : NULL;
}

void pm_queue_empty(pm_queue *queue, int64_t slab) {
    pm_bucket *bucket = &queue->ring[(size_t)slab & (queue->length - 1)];
    bucket->count = 0;
    for (size_t k = 0; k < SPARE && bucket->capacity > 0; k++)
        if (queue->spare[k].capacity == 0) {
            queue->spare[k] = *bucket;
            *bucket = (pm_bucket){0};
        }
}

int64_t pm_queue_next(pm_queue *queue, int64_t slab) {
    const size_t n_words = queue->length / WORD, begin = (size_t)slab & (queue->length - 1);
    const int64_t far = queue->heap_count > 0 ? queue->heap[0].slab : INT64_MAX;
    for (size_t k = 0; k <= n_words; k++) { /* the first word twice: from `begin` on, and before */
        const size_t word = (begin / WORD + k) % n_words;
        uint64_t bits = queue->busy[word];
        if (k == 0)
            bits &= ~(uint64_t)0 << begin % WORD;
        for (; bits != 0; bits &= bits - 1) {
            const size_t place = word * WORD + (size_t)__builtin_ctzll(bits);
            const int64_t found = slab + (int64_t)((place - begin) & (queue->length - 1));
            if (queue->ring[place].count > 0)
                return found < far ? found : far;
            queue->busy[word] &= ~((uint64_t)1 << place % WORD);
        }
    }
    return far;
}
