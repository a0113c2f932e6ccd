/* Rules and distributions of large descriptions: what they promise, on the synapses themselves. */
#include "net/distribution.h"
#include "net/walk.h"
#include "net/wiring.h"

#include "base/random.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>

enum { NEURONS = 50 };

typedef struct pairs {
    unsigned number[NEURONS][NEURONS]; /* source, target */
    unsigned total;
} pairs;

static void note(void *user, const pm_drawn *drawn) {
    pairs *p = user;
    for (size_t k = 0; k < drawn->n; k++)
        p->number[drawn->source[k]][drawn->target[k]]++;
    p->total += (unsigned)drawn->n;
}

static pm_network *one_population(const pm_projection *projection) {
    pm_neuron neuron = pm_neuron_default();
    pm_network *network = pm_network_new();
    pm_error error = {0};
    ck_assert_int_eq(pm_network_add_lif(network, "cells", NEURONS, &neuron, NULL, NULL), PM_OK);
    ck_assert_msg(pm_network_connect(network, projection, &error) == PM_OK, "%s", error.message);
    return network;
}

static void walk(const pm_network *network, uint32_t begin, uint32_t end, pairs *found) {
    pm_walk w;
    pm_error error = {0};
    memset(found, 0, sizeof *found);
    ck_assert_int_eq(pm_walk_new(&w, network, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_walk_begin(&w, 0, begin, end, &error), PM_OK);
    pm_walk_on(&w, end % 2 == 0, note, found);
    pm_walk_free(&w);
}

static const pm_projection rules[] = {
    {.rule = PM_ALL_TO_ALL, .no_autapses = true},
    {.rule = PM_PAIRWISE_BERNOULLI, .probability = 0.4, .no_autapses = true},
    {.rule = PM_FIXED_INDEGREE, .indegree = 7, .no_autapses = true},
    {.rule = PM_FIXED_INDEGREE, .indegree = 7, .no_autapses = true, .no_multapses = true},
    {.rule = PM_FIXED_INDEGREE, .indegree = 45, .no_autapses = true, .no_multapses = true},
    {.rule = PM_FIXED_OUTDEGREE, .outdegree = 7},
    {.rule = PM_FIXED_OUTDEGREE, .outdegree = 49, .no_autapses = true, .no_multapses = true},
    {.rule = PM_FIXED_TOTAL_NUMBER, .total = 2000},
    {.rule = PM_FIXED_TOTAL_NUMBER, .total = 2000, .no_autapses = true},
};
enum { N_RULES = sizeof rules / sizeof *rules };

/* Degrees and totals are what the rule says; pairs that are excluded do not occur. */
START_TEST(rules_keep_their_word) {
    const pm_projection *p = &rules[_i];
    pm_network *network = one_population(p);
    pairs found;
    walk(network, 0, NEURONS, &found);
    for (size_t n = 0; n < NEURONS; n++) {
        unsigned in = 0, out = 0;
        for (size_t k = 0; k < NEURONS; k++) {
            in += found.number[k][n];
            out += found.number[n][k];
            ck_assert(!p->no_multapses || found.number[k][n] <= 1);
        }
        ck_assert(!p->no_autapses || found.number[n][n] == 0);
        if (p->rule == PM_FIXED_INDEGREE)
            ck_assert_uint_eq(in, p->indegree);
        if (p->rule == PM_FIXED_OUTDEGREE)
            ck_assert_uint_eq(out, p->outdegree);
        if (p->rule == PM_ALL_TO_ALL)
            ck_assert_uint_eq(in, NEURONS - 1);
    }
    if (p->rule == PM_FIXED_TOTAL_NUMBER)
        ck_assert_uint_eq(found.total, p->total);
    pm_network_free(network);
}
END_TEST

/* Two halves of the targets, walked apart, make up the whole. */
START_TEST(shares_are_parts_of_the_whole) {
    pm_network *network = one_population(&rules[_i]);
    pairs whole, low, high;
    walk(network, 0, NEURONS, &whole);
    walk(network, 0, 20, &low);
    walk(network, 20, NEURONS, &high);
    for (size_t s = 0; s < NEURONS; s++)
        for (size_t t = 0; t < NEURONS; t++)
            ck_assert_uint_eq(whole.number[s][t], t < 20 ? low.number[s][t] : high.number[s][t - 20]);
    pm_network_free(network);
}
END_TEST

/* Where most partners are wanted, those left out are drawn: all pairs are as likely all the same. Five standard
 * deviations of a binomial count. */
START_TEST(partners_without_repetition_are_uniform) {
    static const uint32_t degrees[] = {5, 40};
    pm_projection p = {.rule = PM_FIXED_INDEGREE, .indegree = degrees[_i], .no_multapses = true};
    unsigned count[NEURONS] = {0};
    enum { ROUNDS = 40 };
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        pm_network *network = one_population(&p);
        pairs found;
        network->seed = seed;
        walk(network, 0, NEURONS, &found);
        for (size_t s = 0; s < NEURONS; s++)
            for (size_t t = 0; t < NEURONS; t++)
                count[s] += found.number[s][t];
        pm_network_free(network);
    }
    const double share = (double)p.indegree / NEURONS, n = ROUNDS * NEURONS;
    for (size_t s = 0; s < NEURONS; s++)
        ck_assert_double_le(fabs(count[s] - n * share), 5.0 * sqrt(n * share * (1.0 - share)));
}
END_TEST

START_TEST(impossible_rules_are_refused) {
    static const pm_projection bad[] = {
        {.rule = PM_FIXED_INDEGREE, .indegree = 50, .no_autapses = true, .no_multapses = true},
        {.rule = PM_FIXED_OUTDEGREE, .outdegree = 51, .no_multapses = true},
        {.rule = PM_FIXED_TOTAL_NUMBER, .total = 10, .no_multapses = true},
        {.rule = PM_ALL_TO_ALL, .delay = {.kind = PM_NORMAL, .a = 1.0, .b = 0.1}},
        {.rule = PM_ALL_TO_ALL, .weight = {.kind = PM_NORMAL, .b = 1.0, .bounded = true, .low = 9.0, .high = 10.0}},
        {.rule = PM_ALL_TO_ALL, .weight = {.kind = PM_UNIFORM, .b = 1.0, .bounded = true, .low = 2.0, .high = 3.0}},
        {.rule = PM_ALL_TO_ALL, .weight = {.kind = PM_LOGNORMAL, .b = 1.0, .bounded = true, .low = -3.0, .high = -1.0}},
        {.rule = PM_ALL_TO_ALL, .weight = {.kind = PM_EXPONENTIAL, .a = 0.0}},
        {.rule = PM_ALL_TO_ALL, .weight = {.kind = PM_CONSTANT, .a = 1.0, .bounded = true, .high = 2.0}},
        {.rule = PM_ALL_TO_ALL, .receptor = 1},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        pm_neuron neuron = pm_neuron_default();
        pm_network *network = pm_network_new();
        pm_error error = {0};
        ck_assert_int_eq(pm_network_add_lif(network, "cells", NEURONS, &neuron, NULL, NULL), PM_OK);
        ck_assert_msg(pm_network_connect(network, &bad[k], &error) == PM_INVALID, "case %zu", k);
        ck_assert_uint_gt(strlen(error.message), 10);
        pm_network_free(network);
    }
}
END_TEST

/* Means and deviations within five standard errors of the theory; bounded values within their bounds. */
START_TEST(distributions_have_their_moments) {
    static const struct {
        pm_distribution d;
        double mean, deviation;
    } cases[] = {
        {{.kind = PM_LOGNORMAL, .a = 1.0, .b = 0.5}, 3.0802168489180310, 1.6415718456238},
        {{.kind = PM_EXPONENTIAL, .a = 2.5}, 2.5, 2.5},
        /* a normal distribution cut at one deviation on both sides: sqrt(1 - 2 phi(1) / (2 Phi(1) - 1)) of it is left
         */
        {{.kind = PM_NORMAL, .a = 1.5, .b = 0.3, .bounded = true, .low = 1.2, .high = 1.8}, 1.5, 0.3 * 0.5396},
    };
    enum { DRAWS = 40000 };
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double sum = 0.0, squares = 0.0;
        ck_assert_int_eq(pm_distribution_check(&cases[k].d, "value", 1e15, NULL), PM_OK);
        pm_stream_start(rng, 7, k);
        for (size_t n = 0; n < DRAWS; n++) {
            const pm_draw draw = pm_draw_begin(&cases[k].d);
            double value = pm_draw_next(&draw, rng, 0);
            ck_assert(!cases[k].d.bounded || (value >= cases[k].d.low && value <= cases[k].d.high));
            ck_assert_double_ge(value, pm_distribution_least(&cases[k].d));
            sum += value - cases[k].mean;
            squares += (value - cases[k].mean) * (value - cases[k].mean);
        }
        ck_assert_double_le(fabs(sum / DRAWS), 5.0 * cases[k].deviation / sqrt(DRAWS));
        ck_assert_double_le(fabs(sqrt(squares / DRAWS) / cases[k].deviation - 1.0), 0.1);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Synapses of a row that differ in their receptors are in groups of their own. */
START_TEST(groups_are_of_one_receptor) {
    pm_neuron neuron = pm_neuron_default();
    pm_network *network = pm_network_new();
    const pm_receptor receptors[] = {
        {.name = "fast", .kernel = pm_kernel_find("exponential"), .parameters = {2.0}},
        {.name = "slow", .kernel = pm_kernel_find("alpha"), .parameters = {8.0}},
    };
    pm_error error = {0};
    pm_wiring *w = NULL;
    ck_assert_int_eq(pm_network_add_poisson_source(network, "from", 3, 1.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "to", NEURONS, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_set_receptors(network, 1, receptors, 2, &error), PM_OK);
    for (uint32_t k = 0; k < 4; k++) {
        pm_projection p = {.to = 1, .receptor = k % 2, .weight.a = 1.0 + k % 2, .delay.a = 1.0};
        ck_assert_int_eq(pm_network_connect(network, &p, &error), PM_OK);
    }
    ck_assert_int_eq(pm_wiring_new(network, &w, &error), PM_OK);
    ck_assert_uint_eq(w->n_groups, 6);
    for (uint64_t g = 0; g < w->n_groups; g++) {
        ck_assert_uint_eq(pm_group_receptor(w, g), g % 2);
        ck_assert_double_eq(w->weights[pm_group_begin(w, g)], 1.0 + (double)(g % 2));
        ck_assert_uint_eq(pm_group_begin(w, g + 1) - pm_group_begin(w, g), 2 * NEURONS);
    }
    pm_wiring_free(w);
    pm_network_free(network);
}
END_TEST

/* So are those that differ in their models of synapses or in the parameters of these, also where every synapse has a
 * delay of its own. */
START_TEST(groups_are_of_one_type) {
    pm_neuron neuron = pm_neuron_default();
    pm_network *network = pm_network_new();
    pm_error error = {0};
    pm_wiring *w = NULL;
    const bool single = _i == 1;
    ck_assert_int_eq(pm_network_add_poisson_source(network, "from", 3, 1.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "to", NEURONS, &neuron, NULL, NULL), PM_OK);
    for (uint32_t k = 0; k < 6; k++) {
        pm_projection p = {.to = 1, .weight.a = 1.0 + k % 3, .delay.a = 1.0, .size = sizeof p};
        if (single)
            p.delay = (pm_distribution){.kind = PM_UNIFORM, .a = 1.0, .b = 2.0};
        p.synapse = k % 3 > 0 ? pm_synapse_model_find("tsodyks") : NULL;
        if (k % 3 > 0)
            memcpy(p.synapse_parameters, (double[]){0.1, 0.2, 1.0, 1.0 + k % 3, 3.0}, 5 * sizeof(double));
        ck_assert_int_eq(pm_network_connect(network, &p, &error), PM_OK);
    }
    ck_assert_int_eq(pm_wiring_new(network, &w, &error), PM_OK);
    ck_assert_ptr_nonnull(w->groups);
    ck_assert_uint_eq(w->types.count, 3);
    ck_assert_uint_eq(w->n_groups, single ? w->n_synapses : 9);
    for (uint64_t g = 0; g < w->n_groups; g++) {
        const double weight = w->weights[pm_group_begin(w, g)];
        const pm_synapse_type *type = &w->types.items[pm_group_type(w, g)];
        for (uint64_t k = pm_group_begin(w, g); k < pm_group_begin(w, g + 1); k++)
            ck_assert_double_eq(w->weights[k], weight);
        ck_assert_ptr_eq(type->model, pm_synapse_model_find(weight == 1.0 ? "static" : "tsodyks"));
        ck_assert_double_eq(type->parameters[3], weight == 1.0 ? 0.0 : weight);
    }
    pm_wiring_free(w);
    pm_network_free(network);
}
END_TEST

/* A thinned process keeps the share of its spikes that the rate says: counts within five deviations; none where the
 * rate is 0. */
START_TEST(rates_follow_their_course) {
    pm_step steps[] = {{0.0, 0.0}, {2000.0, 40.0}, {4000.0, 0.0}, {6000.0, 100.0}, {8000.0, 0.0}};
    const pm_rate_course courses[] = {{.steps = steps, .n_steps = 5}, {.amplitude = 30.0, .frequency = 0.125}};
    for (size_t c = 0; c < 2; c++) {
        pm_network *network = pm_network_new();
        pm_simulation *simulation = NULL;
        pm_error error = {0};
        ck_assert_msg(pm_network_add_poisson_course(network, "in", NEURONS, 30.0, &courses[c], NULL, &error) == PM_OK,
                      "%s", error.message);
        ck_assert_int_eq(pm_simulation_new(network, NULL, &simulation, &error), PM_OK);
        uint64_t before = 0;
        for (int part = 0; part < 5; part++) { /* 2 s each */
            ck_assert_int_eq(pm_simulation_run(simulation, 2000.0 * (part + 1), &error), PM_OK);
            const double t0 = part * 2.0, sine = cos(M_PI / 4.0 * t0) - cos(M_PI / 4.0 * (t0 + 2.0));
            const double rate = c == 0 ? steps[part].value : 30.0 + 30.0 * sine / (M_PI / 2.0);
            const double expected = NEURONS * 2.0 * rate;
            const uint64_t spikes = pm_simulation_counts(simulation).source_spikes;
            ck_assert_double_le(fabs((double)(spikes - before) - expected), 5.0 * sqrt(expected) + 1e-9);
            before = spikes;
        }
        pm_simulation_free(simulation);
        pm_network_free(network);
    }
}
END_TEST

/* Parameters of single neurons: drawn by name and number, the same whoever asks; checked. */
START_TEST(neurons_differ_as_they_are_told) {
    pm_neuron neuron = {.C_m = 250.0, .g_L = 16.7, .E_L = -70.0, .V_th = -50.0, .V_reset = -60.0, .tau_1 = 2.0};
    pm_network *network = pm_network_new();
    pm_error error = {0};
    double values[NEURONS], V_m = 0.0;
    for (size_t k = 0; k < NEURONS; k++)
        values[k] = 200.0 + (double)k;
    const pm_distribution threshold = {.kind = PM_NORMAL, .a = -50.0, .b = 1.0},
                          given = {.kind = PM_VALUES, .values = values},
                          start = {.kind = PM_UNIFORM, .a = -70.0, .b = -55.0},
                          wild = {.kind = PM_NORMAL, .a = -60.0, .b = 9.0};
    ck_assert_int_eq(pm_network_add_lif(network, "cells", NEURONS, &neuron, NULL, NULL), PM_OK);
    ck_assert(!pm_population_is_general(&network->populations[0]));
    ck_assert_int_eq(pm_network_vary(network, 0, "V_m", &start, &error), PM_OK);
    ck_assert(!pm_population_is_general(&network->populations[0]));
    ck_assert_int_eq(pm_network_vary(network, 0, "V_th", &threshold, &error), PM_OK);
    ck_assert_int_eq(pm_network_vary(network, 0, "C_m", &given, &error), PM_OK);
    ck_assert(pm_population_is_general(&network->populations[0]));
    double sum = 0.0;
    for (uint32_t k = 0; k < NEURONS; k++) {
        pm_neuron n, again;
        ck_assert_int_eq(pm_network_neuron(network, 0, k, &n, &V_m, &error), PM_OK);
        ck_assert_int_eq(pm_network_neuron(network, 0, k, &again, NULL, &error), PM_OK);
        ck_assert_mem_eq(&n, &again, sizeof n);
        ck_assert_double_eq(n.C_m, values[k]);
        ck_assert_double_eq(n.g_L, 16.7);
        ck_assert(V_m >= -70.0 && V_m < -55.0);
        sum += n.V_th + 50.0;
    }
    ck_assert_double_le(fabs(sum), 5.0 * sqrt(NEURONS));
    ck_assert_int_eq(pm_network_vary(network, 0, "V_reset", &wild, &error), PM_OK);
    pm_status status = PM_OK;
    for (uint32_t k = 0; status == PM_OK && k < NEURONS; k++) {
        pm_neuron n;
        status = pm_network_neuron(network, 0, k, &n, NULL, &error);
    }
    ck_assert_int_eq(status, PM_INVALID);
    ck_assert_msg(strstr(error.message, "cells[") && strstr(error.message, "V_reset"), "%s", error.message);
    ck_assert_int_eq(pm_network_vary(network, 0, "V_threshold", &threshold, &error), PM_INVALID);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_walk(void);
Suite *pm_suite_walk(void) {
    Suite *suite = suite_create("walk");
    TCase *tests = tcase_create("walk");
    tcase_add_loop_test(tests, rules_keep_their_word, 0, N_RULES);
    tcase_add_loop_test(tests, shares_are_parts_of_the_whole, 0, N_RULES);
    tcase_add_loop_test(tests, partners_without_repetition_are_uniform, 0, 2);
    tcase_add_test(tests, impossible_rules_are_refused);
    tcase_add_test(tests, distributions_have_their_moments);
    tcase_add_test(tests, groups_are_of_one_receptor);
    tcase_add_loop_test(tests, groups_are_of_one_type, 0, 2);
    tcase_add_test(tests, rates_follow_their_course);
    tcase_add_test(tests, neurons_differ_as_they_are_told);
    suite_add_tcase(suite, tests);
    return suite;
}
