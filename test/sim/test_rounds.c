/* Cells that act on each other within a slab: the same course as in slabs that are shorter than every delay. */
#include "support/recorded.h"

#include <punctum/punctum.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN, GENERAL, IMPULSES, N_KINDS, LIVELY = 1, SHORT_SLABS = 2 };

typedef struct course {
    recorded spikes;
    size_t n_samples;
    double samples;    /* mV, their sum with weights */
    uint64_t bits;     /* of the same, in any order */
    double potentials; /* mV, asked for between two slices */
    uint64_t events;
} course;

static pm_status on_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)error;
    course *c = user;
    const size_t weight = 1 + 2 * sample->record + 4 * sample->neuron;
    uint64_t bits;
    if (sample->kind == PM_SAMPLE_CURVE)
        return PM_OK;
    memcpy(&bits, &sample->potential, sizeof bits);
    c->n_samples++;
    c->bits += bits * weight;
    c->samples += sample->potential * (double)weight;
    return PM_OK;
}

static void connect(pm_network *network, const pm_projection *p) {
    pm_error error = {0};
    ck_assert_msg(pm_network_connect(network, p, &error) == PM_OK, "%s", error.message);
}

/* Cells `a` and `b` that hear each other after 0.0007 ms and more, two cells that fire in turn, and cells behind them.
 * SHORT_SLABS: an idle synapse without delay between `a` and `b`, which forbids rounds. */
static pm_network *network_of(int kind, int flags) {
    const uint32_t size = 300, watched[] = {0, 7};
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    const double weight = kind == IMPULSES ? 2.0 : 300.0;
    const pm_distribution brief = {.kind = PM_UNIFORM, .a = 0.0007, .b = 0.9};
    neuron.t_ref = 2.0;
    neuron.tau_1 = kind == IMPULSES ? 0.0 : neuron.tau_1;
    neuron.tau_2 = kind == IMPULSES ? 0.0 : neuron.tau_2;
    network->duration = 30.0;
    network->seed = 11;
    ck_assert_int_eq(pm_network_add_lif(network, "a", size, &neuron, NULL, NULL), PM_OK);
    neuron.t_ref = 0.05;
    ck_assert_int_eq(pm_network_add_lif(network, "b", size, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "behind", size, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "drive", size, flags & LIVELY ? 9000.0 : 40.0, NULL, NULL),
                     PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "some", 20, 100.0, NULL, NULL), PM_OK);
    if (kind == GENERAL) {
        const pm_jump rise = {.tau = 20.0, .jump = 1.0};
        ck_assert_int_eq(pm_network_set_threshold(network, 0, &rise, 1, NULL), PM_OK);
        ck_assert_int_eq(pm_network_set_after_spike(network, 1, &(pm_jump){.tau = 30.0, .jump = -20.0}, 1, NULL),
                         PM_OK);
    }
    const pm_projection projections[] = {
        {.from = 3, .to = 0, .rule = PM_ONE_TO_ONE, .weight.a = weight * (flags & LIVELY ? 0.6 : 60.0), .delay.a = 0.5},
        {.from = 4, .to = 1, .rule = PM_PAIRWISE_BERNOULLI, .probability = 0.3, .weight.a = weight, .delay.a = 1.0},
        {.from = 0, .to = 1, .rule = PM_FIXED_INDEGREE, .indegree = 12, .weight.a = weight, .delay = brief},
        {.from = 1, .to = 0, .rule = PM_FIXED_INDEGREE, .indegree = 6, .weight.a = -2.0 * weight, .delay = brief},
        {.from = 1, .to = 1, .rule = PM_FIXED_INDEGREE, .indegree = 3, .weight.a = 0.8 * weight, .delay.a = 0.01},
        {.from = 1, .to = 2, .rule = PM_FIXED_INDEGREE, .indegree = 9, .weight.a = weight, .delay.a = 0.0},
        {.from = 0, .to = 1, .rule = PM_FIXED_INDEGREE, .indegree = 1, .weight.a = 0.0, .delay.a = 0.0},
    };
    const size_t n = sizeof projections / sizeof *projections;
    for (size_t k = 0; k < n - !(flags & SHORT_SLABS); k++)
        connect(network, &projections[k]);
    ck_assert_int_eq(pm_network_record_potential(network, 0, watched, 2, 0.25, NULL), PM_OK);
    ck_assert_int_eq(pm_network_record_potential(network, 1, watched, 2, 0.1, NULL), PM_OK);
    return network;
}

static course *run(const pm_network *network, int threads, int slices) {
    course *c = calloc(1, sizeof *c);
    pm_error error = {0};
    pm_simulation *s = NULL;
    ck_assert_ptr_nonnull(c);
    ck_assert_msg(pm_simulation_new(network, &(pm_options){.threads = threads}, &s, &error) == PM_OK, "%s",
                  error.message);
    pm_simulation_on_spike(s, record, &c->spikes);
    pm_simulation_on_sample(s, on_sample, c);
    for (int k = 1; k <= slices; k++) {
        ck_assert_msg(pm_simulation_run(s, network->duration * k / slices, &error) == PM_OK, "%s", error.message);
        for (uint32_t n = 0; n < 8 && k % 9 == 0; n++) {
            double u = 0.0;
            ck_assert_int_eq(pm_simulation_state(s, n % 2, n, &u, NULL, NULL), PM_OK);
            c->potentials += u;
        }
    }
    c->events = pm_simulation_counts(s).synaptic_events;
    pm_simulation_free(s);
    return c;
}

static void forget(course *c) {
    free(c->spikes.items);
    free(c);
}

/* _i: kind; whether private drives make it lively. */
START_TEST(short_slabs) {
    const int kind = PLAIN + _i / 2, flags = _i % 2 ? LIVELY : 0;
    pm_network *rounds = network_of(kind, flags), *slabs = network_of(kind, flags | SHORT_SLABS);
    course *a = run(rounds, 1, 27), *b = run(slabs, 1, 27);
    ck_assert_uint_gt(a->spikes.count, 200);
    ck_assert_uint_eq(a->spikes.count, b->spikes.count);
    for (size_t k = 0; k < a->spikes.count; k++) {
        ck_assert_uint_eq(a->spikes.items[k].population, b->spikes.items[k].population);
        ck_assert_uint_eq(a->spikes.items[k].neuron, b->spikes.items[k].neuron);
        ck_assert_double_eq_tol(a->spikes.items[k].time, b->spikes.items[k].time,
                                1e-8); /* roundings, as a chaotic network grows them */
    }
    ck_assert_uint_eq(a->n_samples, b->n_samples);
    ck_assert_double_eq_tol(a->samples, b->samples, 1e-6);
    ck_assert_double_eq_tol(a->potentials, b->potentials, 1e-6);
    forget(a);
    forget(b);
    pm_network_free(rounds);
    pm_network_free(slabs);
}
END_TEST

/* Threads and slices change no bit. */
START_TEST(same_bits) {
    pm_network *network = network_of(PLAIN + _i / 2, _i % 2 ? LIVELY : 0);
    static const int cases[][2] = {{1, 27}, {3, 1}, {2, 81}};
    course *whole = run(network, 1, 1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        course *other = run(network, cases[k][0], cases[k][1]);
        ck_assert_uint_eq(other->spikes.count, whole->spikes.count);
        ck_assert(memcmp(other->spikes.items, whole->spikes.items, whole->spikes.count * sizeof *whole->spikes.items) == 0);
        ck_assert_uint_eq(other->events, whole->events);
        ck_assert(other->n_samples == whole->n_samples && other->bits == whole->bits);
        forget(other);
    }
    forget(whole);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_rounds(void);
Suite *pm_suite_rounds(void) {
    Suite *suite = suite_create("rounds");
    TCase *cases = tcase_create("all");
    tcase_add_loop_test(cases, short_slabs, 0, 2 * (N_KINDS - PLAIN));
    tcase_add_loop_test(cases, same_bits, 0, 2 * (N_KINDS - PLAIN));
    suite_add_tcase(suite, cases);
    return suite;
}
