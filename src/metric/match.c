/* Each neuron's spikes are matched in order of time. Invariant of the sweep: all spikes before (i, j) are settled, and
 * the earlier of the two next ones is matched with the other train's if that is within the window; no matching has more
 * pairs. */
#include <punctum/metric.h>

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

static int by_neuron_and_time(const void *a, const void *b) {
    const pm_spike *x = a, *y = b;
    if (x->population != y->population)
        return x->population < y->population ? -1 : 1;
    if (x->neuron != y->neuron)
        return x->neuron < y->neuron ? -1 : 1;
    return (x->time > y->time) - (x->time < y->time);
}

/* `differences` has room for the shorter train. */
static pm_match sweep(const pm_spike *a, size_t n_a, const pm_spike *b, size_t n_b, double window,
                      double *differences) {
    pm_match m = {.largest = NAN, .median = NAN};
    size_t i = 0, j = 0;
    while (i < n_a || j < n_b) {
        bool same = i < n_a && j < n_b && a[i].population == b[j].population && a[i].neuron == b[j].neuron;
        if (same && fabs(a[i].time - b[j].time) <= window) {
            differences[m.matched++] = fabs(a[i++].time - b[j++].time);
        } else if (j == n_b || (i < n_a && by_neuron_and_time(&a[i], &b[j]) < 0)) {
            m.missing++;
            i++;
        } else {
            m.extra++;
            j++;
        }
    }
    if (m.matched > 0) {
        gsl_sort(differences, 1, m.matched);
        m.largest = differences[m.matched - 1];
        m.median = gsl_stats_median_from_sorted_data(differences, 1, m.matched);
    }
    return m;
}

pm_status pm_match_spikes(pm_spike *a, size_t n_a, pm_spike *b, size_t n_b, double window, pm_match *match,
                          pm_error *error) {
    double *differences = malloc(((n_a < n_b ? n_a : n_b) + 1) * sizeof *differences);
    if (!differences)
        return pm_fail_memory(error, "the comparison");
    if (n_a > 1)
        qsort(a, n_a, sizeof *a, by_neuron_and_time);
    if (n_b > 1)
        qsort(b, n_b, sizeof *b, by_neuron_and_time);
    *match = sweep(a, n_a, b, n_b, window, differences);
    free(differences);
    return PM_OK;
}
