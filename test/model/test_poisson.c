/* Poisson processes drawn cell by cell: their distribution, and the same bits whichever way they are drawn. */
#include "model/poisson.h"
#include "base/random.h"

#include <check.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

static const double RATES[] = {1e-3, 3.0, 900.0, 14000.0, 26760.0, 27999.0, 28001.0, 1e9}; /* spikes/s */
enum { N_RATES = sizeof RATES / sizeof *RATES, LANES = PM_POISSON_LANES, BATCH = PM_POISSON_BATCH };

/* A cell is a power of two wide and holds 3.5 to 7 spikes in the mean. */
START_TEST(widths) {
    for (int r = 0; r < N_RATES; r++) {
        pm_poisson p = pm_poisson_new(1, RATES[r]);
        int exponent;
        ck_assert_double_eq(frexp(p.width, &exponent), 0.5);
        ck_assert_double_gt(p.width * RATES[r] * 1e-3, 3.5 * (1 - 1e-9));
        ck_assert_double_le(p.width * RATES[r] * 1e-3, 7.0 * (1 + 1e-9));
    }
    pm_poisson least = pm_poisson_new(1, 1e-300);
    ck_assert_double_le(least.width, 0x1p40);
    ck_assert_uint_eq(pm_poisson_number(&least, UINT32_MAX), 0);
}
END_TEST

/* Thresholds are those of the distribution to 32 bits: words and numbers belong together at both sides of each. */
START_TEST(thresholds) {
    for (int r = 0; r < N_RATES; r++) {
        pm_poisson p = pm_poisson_new(1, RATES[r]);
        for (unsigned k = 0; k < PM_POISSON_MOST; k++) {
            double below = gsl_cdf_poisson_P(k, RATES[r] * 1e-3 * p.width) * 0x1p32;
            ck_assert_double_le(fabs((double)p.threshold[k] - below), 0.5 + 1e-3);
            if (p.threshold[k] >= 1)
                ck_assert_uint_le(pm_poisson_number(&p, (uint32_t)(p.threshold[k] - 1)), k);
            if (p.threshold[k] <= UINT32_MAX)
                ck_assert_uint_gt(pm_poisson_number(&p, (uint32_t)p.threshold[k]), k);
        }
    }
}
END_TEST

/* The number of spikes in a cell is Poisson distributed, and independent of that in the next cell: chi-square at a
 * level of 1e-4. Means of 6.69 and 3.5. */
START_TEST(numbers) {
    const double rates[] = {26760.0, 28001.0};
    enum { CELLS = 400000, VALUES = 20, PAIRS = 3 };
    for (int r = 0; r < 2; r++) {
        pm_poisson p = pm_poisson_new(99, rates[r]);
        const double mean = rates[r] * 1e-3 * p.width;
        double seen[VALUES + 1] = {0}, pairs[PAIRS][PAIRS] = {{0}}, single[PAIRS] = {0}, chi = 0.0, chi_pairs = 0.0;
        size_t before = 0;
        for (uint64_t cell = 0; cell < CELLS; cell++) {
            size_t n = pm_poisson_count(&p, (uint32_t)(cell % 7), cell / 7);
            seen[n < VALUES ? n : VALUES]++;
            size_t third = n < mean - 1.0 ? 0 : n < mean + 1.0 ? 1 : 2;
            pairs[before][third]++;
            single[third]++;
            before = third;
        }
        for (unsigned k = 0; k <= VALUES; k++) {
            double expected = CELLS * (k < VALUES ? gsl_ran_poisson_pdf(k, mean) : gsl_cdf_poisson_Q(VALUES - 1, mean));
            chi += (seen[k] - expected) * (seen[k] - expected) / expected;
        }
        for (int a = 0; a < PAIRS; a++)
            for (int b = 0; b < PAIRS; b++) {
                double expected = single[a] * single[b] / CELLS;
                chi_pairs += (pairs[a][b] - expected) * (pairs[a][b] - expected) / expected;
            }
        ck_assert_double_gt(gsl_cdf_chisq_Q(chi, VALUES), 1e-4);
        ck_assert_double_gt(gsl_cdf_chisq_Q(chi_pairs, (PAIRS - 1) * (PAIRS - 1)), 1e-4);
    }
}
END_TEST

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest distance of n sorted numbers from the distribution that `cdf` maps to uniform ones. */
static double distance(const double *x, size_t n, double (*cdf)(double)) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) {
        double p = cdf(x[k]);
        most = fmax(most, fmax(p - (double)k / (double)n, (double)(k + 1) / (double)n - p));
    }
    return most;
}

static double uniform(double x) { return x; }
static double exponential(double x) { return -expm1(-x); }

/* Times are uniform in a cell, each draw of it for itself, the low byte too, and intervals between the sorted spikes of
 * a neuron are exponential (Kolmogorov and Smirnov at a level of 1e-4: 2.23 / sqrt(n)). */
START_TEST(times) {
    enum { CELLS = 30000, ROOM = CELLS * 16 };
    pm_poisson p = pm_poisson_new(5, 26760.0);
    double *place = malloc(ROOM * sizeof *place), *spikes = malloc(ROOM * sizeof *spikes), bytes[256] = {0};
    size_t n = 0, n_draw[BATCH] = {0};
    double *draw[BATCH];
    for (int j = 0; j < BATCH; j++)
        draw[j] = malloc(CELLS * sizeof **draw);
    for (uint64_t cell = 0; cell < CELLS; cell++) {
        double at[PM_POISSON_MOST];
        size_t count = pm_poisson_draw(&p, 3, cell, at);
        for (size_t k = 0; k < count; k++, n++) {
            ck_assert_uint_lt(n, ROOM);
            spikes[n] = at[k];
            place[n] = at[k] / p.width - (double)cell;
            ck_assert(place[n] > 0.0 && place[n] < 1.0);
            if (cell < 4096) /* where the time has room for all 41 bits */
                bytes[(uint64_t)(fmod(place[n] * 0x1p32, 1.0) * 256.0)]++;
            if (k < BATCH)
                draw[k][n_draw[k]++] = place[n];
        }
    }
    qsort(place, n, sizeof *place, compare);
    ck_assert_double_lt(distance(place, n, uniform), 2.23 / sqrt((double)n));
    for (int j = 0; j < BATCH; j++) {
        qsort(draw[j], n_draw[j], sizeof **draw, compare);
        ck_assert_double_lt(distance(draw[j], n_draw[j], uniform), 2.23 / sqrt((double)n_draw[j]));
        free(draw[j]);
    }
    qsort(spikes, n, sizeof *spikes, compare);
    for (size_t k = 0; k + 1 < n; k++)
        spikes[k] = (spikes[k + 1] - spikes[k]) * 26.760;
    qsort(spikes, n - 1, sizeof *spikes, compare);
    ck_assert_double_lt(distance(spikes, n - 1, exponential), 2.23 / sqrt((double)n));
    double total = 0.0, chi = 0.0;
    for (int k = 0; k < 256; k++)
        total += bytes[k];
    for (int k = 0; k < 256; k++)
        chi += (bytes[k] - total / 256) * (bytes[k] - total / 256) / (total / 256);
    ck_assert_double_gt(gsl_cdf_chisq_Q(chi, 255), 1e-4);
    free(place);
    free(spikes);
}
END_TEST

/* Lanes hold what single cells do, to the bit, later batches included. */
START_TEST(lanes) {
    pm_poisson p = pm_poisson_new(0x0123456789abcdef, 27999.0);
    size_t beyond = 0;
    for (uint64_t round = 0; round < 3000; round++) {
        pm_poisson_cells cells;
        for (uint64_t k = 0; k < LANES; k++) {
            cells.key[k] = p.key;
            cells.neuron[k] = round % 2 ? UINT32_MAX - k : k * 1000003;
            cells.cell[k] = round * 77 + k + (round % 3 == 0 ? (uint64_t)1 << 40 : 0);
        }
        for (uint64_t batch = 0; batch < PM_POISSON_MOST / BATCH; batch++) {
            double place[BATCH][LANES];
            uint64_t number[LANES];
            pm_poisson_batch(&cells, batch, place, number);
            for (size_t k = 0; k < LANES; k++) {
                double spikes[PM_POISSON_MOST];
                size_t n = pm_poisson_draw(&p, (uint32_t)cells.neuron[k], cells.cell[k], spikes);
                if (batch == 0)
                    ck_assert_uint_eq(pm_poisson_number(&p, (uint32_t)number[k]), n);
                beyond += batch == 1 && n > BATCH;
                for (size_t j = 0; j < BATCH && batch * BATCH + j < n; j++)
                    ck_assert(spikes[batch * BATCH + j] == pm_poisson_time(&p, cells.cell[k], place[j][k]));
            }
        }
    }
    ck_assert_uint_gt(beyond, 100);
}
END_TEST

/* The layout: the words of the blocks, and which of them counts. */
START_TEST(words) {
    pm_poisson p = pm_poisson_new(8, 27000.0);
    const uint64_t cell = 12345;
    double spikes[PM_POISSON_MOST];
    uint32_t word[4][4];
    for (uint64_t b = 0; b < 4; b++)
        pm_philox_block(8, 6, 16 * cell + b, word[b]);
    size_t n = pm_poisson_draw(&p, 6, cell, spikes);
    ck_assert_uint_eq(n, pm_poisson_number(&p, word[0][3]));
    for (size_t j = 0; j < n && j < BATCH; j++) {
        uint64_t q = (uint64_t)word[j / 3][j % 3] << 8 | (word[1 + j % 3][3] >> 8 * (j / 3) & 0xff);
        ck_assert_double_eq(spikes[j], ((double)cell + ((double)q + 0.5) * 0x1p-40) * p.width);
    }
}
END_TEST

Suite *pm_suite_poisson(void);
Suite *pm_suite_poisson(void) {
    Suite *suite = suite_create("poisson");
    TCase *tests = tcase_create("poisson");
    tcase_add_test(tests, widths);
    tcase_add_test(tests, thresholds);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, times);
    tcase_add_test(tests, lanes);
    tcase_add_test(tests, words);
    suite_add_tcase(suite, tests);
    return suite;
}
