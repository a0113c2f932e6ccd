/* Sums of bytes and of their products are whole numbers, so that correlations are the same in whatever order examples
 * are added, and so are the fields on every machine. Invariant: near[a] lists distinct inputs other than a, the nearest
 * first, as many as count[a]; of an input whose intensity never changes there are none. */
#include "classify/fields.h"

#include "base/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct statistics {
    size_t n; /* inputs */
    uint64_t *sum, *products, examples;
    double *deviation; /* standard deviation, times the number of examples */
    uint32_t (*near)[PM_FIELD_NEIGHBOURS];
    uint32_t *count;
    uint32_t *lit;      /* of an example; inputs still to be visited */
    uint32_t *distance; /* ties from the centre at hand */
} statistics;

static void statistics_free(statistics *s) {
    free(s->sum);
    free(s->products);
    free(s->deviation);
    free(s->near);
    free(s->count);
    free(s->lit);
    free(s->distance);
}

static bool statistics_new(statistics *s, size_t n) {
    *s = (statistics){.n = n,
                      .sum = calloc(n + 1, sizeof *s->sum),
                      .products = calloc(n * n + 1, sizeof *s->products),
                      .deviation = calloc(n + 1, sizeof *s->deviation),
                      .near = calloc(n + 1, sizeof *s->near),
                      .count = calloc(n + 1, sizeof *s->count),
                      .lit = calloc(n + 1, sizeof *s->lit),
                      .distance = calloc(n + 1, sizeof *s->distance)};
    return s->sum && s->products && s->deviation && s->near && s->count && s->lit && s->distance;
}

static void add_example(statistics *s, const uint8_t *byte) {
    size_t lit = 0;
    for (uint32_t a = 0; a < s->n; a++)
        if (byte[a])
            s->lit[lit++] = a;
    for (size_t k = 0; k < lit; k++) {
        uint64_t *row = s->products + s->lit[k] * s->n, of_a = byte[s->lit[k]];
        s->sum[s->lit[k]] += of_a;
        for (size_t q = 0; q <= k; q++)
            row[s->lit[q]] += of_a * byte[s->lit[q]];
    }
    s->examples++;
}

/* The covariance of two inputs, times the square of the number of examples. */
static double covariance(const statistics *s, size_t a, size_t b) {
    uint64_t product = s->products[a > b ? a * s->n + b : b * s->n + a];
    return (double)s->examples * (double)product - (double)s->sum[a] * (double)s->sum[b];
}

/* Puts b into the list of a, which holds the most correlated ones, in its place; `correlation` are those of the list.
 */
static void rank(statistics *s, uint32_t a, uint32_t b, double *correlation) {
    double own = covariance(s, a, b) / (s->deviation[a] * s->deviation[b]);
    uint32_t k = s->count[a];
    if (k == PM_FIELD_NEIGHBOURS && !(own > correlation[k - 1]))
        return;
    k -= k == PM_FIELD_NEIGHBOURS;
    s->count[a] = k + 1;
    for (; k > 0 && own > correlation[k - 1]; k--) {
        correlation[k] = correlation[k - 1];
        s->near[a][k] = s->near[a][k - 1];
    }
    correlation[k] = own;
    s->near[a][k] = b;
}

static void find_neighbours(statistics *s) {
    for (uint32_t a = 0; a < s->n; a++)
        s->deviation[a] = sqrt(fmax(covariance(s, a, a), 0.0)); /* below 0 by rounding at most */
    for (uint32_t a = 0; a < s->n; a++) {
        double correlation[PM_FIELD_NEIGHBOURS];
        for (uint32_t b = 0; s->deviation[a] > 0.0 && b < s->n; b++)
            if (b != a && s->deviation[b] > 0.0)
                rank(s, a, b, correlation);
    }
}

/* Whether b is in the list of a. */
static bool lists(const statistics *s, uint32_t a, uint32_t b) {
    uint32_t k = 0;
    while (k < s->count[a] && s->near[a][k] != b)
        k++;
    return k < s->count[a];
}

/* The input whose share of all deviations holds `at`, from 0 to 1. */
static uint32_t centre(const statistics *s, double total, double at) {
    uint32_t last = 0;
    double left = at * total;
    for (uint32_t a = 0; a < s->n; a++) {
        if (s->deviation[a] <= 0.0)
            continue;
        last = a;
        left -= s->deviation[a];
        if (left < 0.0)
            break;
    }
    return last;
}

/* All inputs at most `steps` ties from `from`, breadth first. */
static void spread(statistics *s, uint32_t from, size_t steps, size_t stride, uint8_t *field) {
    size_t n = 1;
    for (size_t a = 0; a < s->n; a++)
        s->distance[a] = UINT32_MAX;
    s->lit[0] = from;
    s->distance[from] = 0;
    for (size_t next = 0; next < n; next++) {
        uint32_t a = s->lit[next];
        field[a * stride] = 1;
        for (uint32_t k = 0; s->distance[a] < steps && k < s->count[a]; k++) {
            uint32_t b = s->near[a][k];
            if (s->distance[b] == UINT32_MAX && lists(s, b, a)) {
                s->distance[b] = s->distance[a] + 1;
                s->lit[n++] = b;
            }
        }
    }
}

static pm_status fill(statistics *s, size_t n_in, size_t n_out, size_t stride, size_t steps, uint64_t key,
                      uint8_t *fields, pm_error *error) {
    double total = 0.0;
    for (size_t a = 0; a < s->n; a++)
        total += s->deviation[a];
    if (!(total > 0.0))
        return pm_fail(error, PM_INVALID, "layers[0]: receptive fields need examples that differ");
    for (size_t j = 0; j < n_out; j++) {
        uint32_t word[4];
        pm_philox_block(key, j, 0, word);
        spread(s, centre(s, total, word[0] * 0x1p-32), steps, stride, fields + j);
        for (size_t i = s->n; i < n_in; i++)
            fields[i * stride + j] = 1;
    }
    return PM_OK;
}

pm_status pm_fields_new(const pm_dataset *data, size_t n_in, size_t n_out, size_t stride, size_t steps, uint64_t key,
                        uint8_t **fields, pm_error *error) {
    *fields = NULL;
    if (!data->bytes)
        return pm_fail(error, PM_INVALID, "layers[0]: receptive fields need images");
    statistics s;
    pm_status status = PM_OK;
    *fields = calloc(n_in * stride, 1);
    if (statistics_new(&s, data->n_features) && *fields) {
        for (size_t k = 0; k < data->n; k++)
            add_example(&s, data->bytes + k * data->n_features);
        find_neighbours(&s);
        status = fill(&s, n_in, n_out, stride, steps, key, *fields, error);
    } else {
        status = pm_fail_memory(error, "the correlations of inputs");
    }
    statistics_free(&s);
    if (status) {
        free(*fields);
        *fields = NULL;
    }
    return status;
}
