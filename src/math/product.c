/* Spikes are rare and errors often 0, so a row of `a` is first reduced to its elements other than 0; each then adds a
 * multiple of a row of `b`, of which a block waits, packed, in the first cache. Invariant: element (i, j) of c is the
 * sum, in ascending order of k, of keep c_ij and a_ik b_kj for all a_ik other than 0. Blocks pass partial sums on
 * through c, and lanes are columns: neither the blocking nor the width of the registers changes the order. */
#include "math/product.h"

#include "base/simd.h"

#include <string.h>

/* A kernel with registers of `lanes` doubles holds VECTORS of them in sums; COLUMNS x INNER doubles of b take half of a
 * first cache of 32 KiB. */
enum { VECTORS = 8, RIGHT = 2048, LEFT = 8192, MOST_ROWS = 256 };
#define COLUMNS(lanes) (VECTORS * (size_t)(lanes))
#define INNER(lanes) (RIGHT / COLUMNS(lanes))

/* What is not 0 in each row of a block of a. */
typedef struct left_block {
    double value[LEFT];
    uint8_t at[LEFT]; /* the place of a value within its row */
    uint32_t count[MOST_ROWS];
} left_block;

#define PM_KERNELS "math/product.inc"
#include "base/widths.inc"

/* Adds rows `first` and following of a block of a, times a block of b, to rows of c. */
typedef struct kernel {
    size_t lanes;
    void (*add)(const left_block *a, size_t first, size_t rows, const double *b, double *c, size_t stride);
} kernel;

static const kernel kernels[] = {{2, add_2},
#ifdef PM_WIDER_REGISTERS
                                 {4, add_4},
                                 {8, add_8}
#endif
};

size_t pm_product_kernels(void) {
    const int lanes = pm_register_lanes();
    return lanes == 8 ? 3 : lanes == 4 ? 2 : 1;
}

/* `room` places for each row of a. */
static void take_left(pm_factor a, size_t row, size_t rows, size_t first, size_t inner, size_t room, left_block *to) {
    const size_t down = a.transposed ? 1 : a.stride, along = a.transposed ? a.stride : 1;
    for (size_t i = 0; i < rows; i++) {
        const double *restrict from = a.data + (row + i) * down + first * along;
        double *restrict value = to->value + i * room;
        uint8_t *restrict at = to->at + i * room;
        uint32_t n = 0;
        for (size_t k = 0; k < inner; k++) {
            uint64_t bits;
            memcpy(&bits, from + k * along, sizeof bits);
            memcpy(value + n, &bits, sizeof bits);
            at[n] = (uint8_t)k;
            n += bits << 1 != 0; /* neither 0 nor -0 */
        }
        to->count[i] = n;
    }
}

/* `room` places for each row of b; those beyond `columns` stay as they are. */
static void take_right(pm_factor b, size_t first, size_t inner, size_t column, size_t columns, size_t room,
                       double *restrict to) {
    if (b.transposed) {
        for (size_t j = 0; j < columns; j++)
            for (size_t k = 0; k < inner; k++)
                to[k * room + j] = b.data[(column + j) * b.stride + first + k];
    } else {
        for (size_t k = 0; k < inner; k++)
            memcpy(to + k * room, b.data + (first + k) * b.stride + column, columns * sizeof *to);
    }
}

static void begin(size_t rows, size_t columns, double keep, double *c, size_t stride) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            c[i * stride + j] = keep == 0.0 ? 0.0 : keep * c[i * stride + j];
}

/* Adds to fewer columns than a kernel has, by way of a copy of some rows. */
static void add_part(const kernel *by, const left_block *left, size_t rows, const double *right, size_t columns,
                     double *c, size_t stride) {
    enum { SOME = 16 };
    double copy[SOME * COLUMNS(8)] = {0.0};
    const size_t room = COLUMNS(by->lanes);
    for (size_t i = 0; i < rows; i += SOME) {
        const size_t n = rows - i < SOME ? rows - i : SOME;
        for (size_t k = 0; k < n; k++)
            memcpy(copy + k * room, c + (i + k) * stride, columns * sizeof *c);
        by->add(left, i, n, right, copy, room);
        for (size_t k = 0; k < n; k++)
            memcpy(c + (i + k) * stride, copy + k * room, columns * sizeof *c);
    }
}

static size_t part(size_t whole, size_t from, size_t most) { return whole - from < most ? whole - from : most; }

void pm_product_by(size_t number, size_t rows, size_t columns, size_t inner, pm_factor a, pm_factor b, double keep,
                   double *c, size_t stride) {
    const kernel *by = &kernels[number];
    const size_t most_columns = COLUMNS(by->lanes), most_inner = INNER(by->lanes), most_rows = LEFT / most_inner;
    left_block left;
    double right[RIGHT] = {0.0};
    if (keep != 1.0)
        begin(rows, columns, keep, c, stride);
    for (size_t k = 0; k < inner; k += most_inner)
        for (size_t i = 0; i < rows; i += most_rows) {
            const size_t n_inner = part(inner, k, most_inner), n_rows = part(rows, i, most_rows);
            take_left(a, i, n_rows, k, n_inner, most_inner, &left);
            for (size_t j = 0; j < columns; j += most_columns) {
                const size_t n_columns = part(columns, j, most_columns);
                double *at = c + i * stride + j;
                take_right(b, k, n_inner, j, n_columns, most_columns, right);
                if (n_columns == most_columns)
                    by->add(&left, 0, n_rows, right, at, stride);
                else
                    add_part(by, &left, n_rows, right, n_columns, at, stride);
            }
        }
}

/* The widest kernel more than half of whose columns are wanted. */
void pm_product(size_t rows, size_t columns, size_t inner, pm_factor a, pm_factor b, double keep, double *c,
                size_t stride) {
    size_t number = pm_product_kernels() - 1;
    while (number > 0 && 2 * columns <= COLUMNS(kernels[number].lanes))
        number--;
    pm_product_by(number, rows, columns, inner, a, b, keep, c, stride);
}
