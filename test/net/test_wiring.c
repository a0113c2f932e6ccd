/* Connection rules and distributions: what they promise, on the synapses themselves. */
#include "net/wiring.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdlib.h>

enum { SOURCES = 60, TARGETS = 60 };

static pm_network *two_populations(void) {
    pm_neuron neuron = pm_neuron_default();
    pm_network *network = pm_network_new();
    ck_assert_int_eq(pm_network_add_poisson_source(network, "from", SOURCES, 1.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "to", TARGETS, &neuron, NULL, NULL), PM_OK);
    return network;
}

static pm_wiring *draw(pm_network *network, const pm_projection *p) {
    pm_wiring *wiring = NULL;
    pm_error error = {0};
    ck_assert_int_eq(pm_network_connect(network, p, &error), PM_OK);
    ck_assert_msg(pm_wiring_new(network, &wiring, &error) == PM_OK, "%s", error.message);
    return wiring;
}

/* Number of synapses between each pair. */
static void count(const pm_wiring *w, unsigned pairs[SOURCES][TARGETS]) {
    for (size_t s = 0; s < SOURCES; s++)
        for (size_t t = 0; t < TARGETS; t++)
            pairs[s][t] = 0;
    for (uint32_t s = 0; s < SOURCES; s++)
        for (uint64_t k = pm_group_begin(w, w->first_group[s]); k < pm_group_begin(w, w->first_group[s + 1]); k++)
            pairs[s][w->targets[k]]++;
}

START_TEST(rules_connect_what_they_say) {
    static const pm_projection rules[] = {
        {.rule = PM_ALL_TO_ALL},
        {.rule = PM_ONE_TO_ONE},
        {.rule = PM_FIXED_INDEGREE, .indegree = 7},
        {.rule = PM_PAIRWISE_BERNOULLI, .probability = 0.0},
        {.rule = PM_PAIRWISE_BERNOULLI, .probability = 1.0},
        {.rule = PM_PAIRWISE_BERNOULLI, .probability = 0.3},
    };
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        pm_network *network = two_populations();
        pm_projection p = rules[r];
        p.to = 1;
        pm_wiring *w = draw(network, &p);
        unsigned pairs[SOURCES][TARGETS], total = 0, most = 0;
        count(w, pairs);
        for (size_t t = 0; t < TARGETS; t++) {
            unsigned indegree = 0;
            for (size_t s = 0; s < SOURCES; s++) {
                indegree += pairs[s][t];
                most = pairs[s][t] > most ? pairs[s][t] : most;
                if (p.rule == PM_ONE_TO_ONE)
                    ck_assert_uint_eq(pairs[s][t], s == t);
            }
            if (p.rule == PM_FIXED_INDEGREE)
                ck_assert_uint_eq(indegree, 7);
            total += indegree;
        }
        ck_assert_uint_eq(total, w->n_synapses);
        if (p.rule == PM_ALL_TO_ALL || p.probability == 1.0)
            ck_assert_uint_eq(total, SOURCES * TARGETS);
        if (p.rule == PM_PAIRWISE_BERNOULLI) { /* five standard deviations */
            double mean = p.probability * SOURCES * TARGETS;
            ck_assert_double_le(fabs(total - mean), 5.0 * sqrt(mean * (1.0 - p.probability)) + 1e-9);
            ck_assert_uint_le(most, 1);
        }
        pm_wiring_free(w);
        pm_network_free(network);
    }
}
END_TEST

/* Means within five standard errors, values within their bounds, delays on their steps. */
START_TEST(weights_and_delays_follow_their_distributions) {
    const double n = SOURCES * TARGETS;
    pm_network *network = two_populations();
    const pm_projection p = {.to = 1,
                             .weight = {.kind = PM_NORMAL, .a = 100.0, .b = 20.0},
                             .delay = {.kind = PM_UNIFORM_STEPS, .a = 1.0, .b = 3.0, .step = 0.5}};
    pm_wiring *w = draw(network, &p);
    double sum = 0.0, squares = 0.0;
    size_t delays[5] = {0};
    for (uint64_t k = 0; k < w->n_synapses; k++) {
        sum += w->weights[k];
        squares += pow(w->weights[k] - 100.0, 2.0);
    }
    for (uint64_t g = 0; g < w->n_groups; g++) {
        double step = (pm_group_delay(w, g) - 1.0) / 0.5;
        ck_assert(step >= 0.0 && step <= 4.0 && floor(step) == step);
        delays[(size_t)step] += pm_group_begin(w, g + 1) - pm_group_begin(w, g);
    }
    ck_assert_double_le(fabs(sum / n - 100.0), 5.0 * 20.0 / sqrt(n));
    ck_assert_double_le(fabs(sqrt(squares / n) - 20.0), 5.0 * 20.0 / sqrt(2.0 * n));
    for (size_t k = 0; k < 5; k++)
        ck_assert_double_le(fabs((double)delays[k] - n / 5), 5.0 * sqrt(n * 0.2 * 0.8));
    pm_wiring_free(w);
    pm_network_free(network);
}
END_TEST

/* Each projection draws from streams of its own. */
START_TEST(another_population_changes_no_draw) {
    pm_neuron neuron = pm_neuron_default();
    const pm_projection p = {
        .to = 1, .rule = PM_FIXED_INDEGREE, .indegree = 9, .weight = {.kind = PM_UNIFORM, .a = -5.0, .b = 5.0}};
    pm_network *small = two_populations(), *large = two_populations();
    ck_assert_int_eq(pm_network_add_lif(large, "more", 5, &neuron, NULL, NULL), PM_OK);
    const pm_projection other = {.from = 0, .to = 2, .weight = {.kind = PM_NORMAL, .b = 1.0}};
    ck_assert_int_eq(pm_network_connect(large, &other, NULL), PM_OK);
    pm_wiring *a = draw(small, &p), *b = draw(large, &p);
    for (uint32_t s = 0; s < SOURCES; s++) {
        uint64_t j = pm_group_begin(b, b->first_group[s]), end = pm_group_begin(b, b->first_group[s + 1]);
        for (uint64_t k = pm_group_begin(a, a->first_group[s]); k < pm_group_begin(a, a->first_group[s + 1]);
             k++, j++) {
            while (j < end && b->targets[j] >= TARGETS)
                j++;
            ck_assert(j < end && a->targets[k] == b->targets[j] && a->weights[k] == b->weights[j]);
        }
    }
    pm_wiring_free(a);
    pm_wiring_free(b);
    pm_network_free(small);
    pm_network_free(large);
}
END_TEST

/* Delays are held in as few bytes as their number allows while rows are made: rows do not depend on that. A list of
 * synapses asks for all bytes. */
START_TEST(rows_do_not_depend_on_how_delays_are_held) {
    const pm_neuron neuron = pm_neuron_default();
    const pm_distribution delays[][2] = {
        {{.a = 1.5}, {.a = 1.5}},                                                         /* none */
        {{.a = 1.5}, {.kind = PM_UNIFORM_STEPS, .a = 0.7, .b = 1.9, .step = 0.1}},        /* one */
        {{.kind = PM_UNIFORM_STEPS, .a = 0.1, .b = 2.0, .step = 0.003}, {.a = 0.1}},      /* two */
        {{.kind = PM_UNIFORM_STEPS, .a = 1.0, .b = 1.0, .step = 1e-14}, {.a = 1.0}},      /* steps of nothing */
        {{.kind = PM_NORMAL, .a = 1.5, .b = 0.7, .step = 0.1, .bounded = true, .low = 0.1, .high = INFINITY},
         {.kind = PM_EXPONENTIAL, .a = 3.0, .step = 0.07}}, /* rounded: two */
        {{.kind = PM_UNIFORM_STEPS, .a = 0.0, .b = 9.0, .step = 1e-5}, {.a = 1.5}},       /* more than two can say */
        {{.kind = PM_UNIFORM, .a = 0.0, .b = 9.0}, {.kind = PM_UNIFORM_STEPS, .step = 1}} /* all */
    };
    pm_synapse synapse = {.delay = 3.25, .weight = 1.0};
    for (size_t c = 0; c < sizeof delays / sizeof *delays; c++) {
        pm_wiring *w[2];
        for (size_t k = 0; k < 2; k++) {
            pm_network *network = two_populations();
            ck_assert_int_eq(pm_network_add_lif(network, "more", 1, &neuron, NULL, NULL), PM_OK);
            const pm_projection list = {.to = 2, .rule = PM_SYNAPSE_LIST, .synapses = &synapse, .n_synapses = 1};
            if (k == 1)
                ck_assert_int_eq(pm_network_connect(network, &list, NULL), PM_OK);
            pm_projection p = {.to = 1, .weight = {.kind = PM_NORMAL, .b = 1.0}, .delay = delays[c][0]};
            ck_assert_int_eq(pm_network_connect(network, &p, NULL), PM_OK);
            p.delay = delays[c][1];
            w[k] = draw(network, &p);
            pm_network_free(network);
        }
        ck_assert_uint_eq(w[0]->n_synapses + 1, w[1]->n_synapses);
        uint64_t k = 0, g = 0;
        for (uint64_t j = 0, h = 0; j < w[1]->n_synapses; j++) {
            while (pm_group_begin(w[1], h + 1) <= j)
                h++;
            if (w[1]->targets[j] == TARGETS) /* the one of the list */
                continue;
            while (pm_group_begin(w[0], g + 1) <= k)
                g++;
            ck_assert_uint_eq(w[0]->targets[k], w[1]->targets[j]);
            ck_assert(w[0]->weights[k] == w[1]->weights[j] && pm_group_delay(w[0], g) == pm_group_delay(w[1], h));
            k++;
        }
        ck_assert_uint_eq(k, w[0]->n_synapses);
        pm_wiring_free(w[0]);
        pm_wiring_free(w[1]);
    }
}
END_TEST

/* A group knows whether all its synapses have one weight, and their sign. */
START_TEST(weights_of_groups) {
    for (int spread = 0; spread < 2; spread++) {
        pm_network *network = two_populations();
        const pm_projection p = {.to = 1,
                                 .rule = PM_FIXED_INDEGREE,
                                 .indegree = 20,
                                 .weight = {.kind = spread ? PM_NORMAL : PM_CONSTANT, .a = -30.0, .b = 1.0},
                                 .delay = {.kind = PM_UNIFORM_STEPS, .a = 1.0, .b = 1.5, .step = 0.5}};
        pm_wiring *w = draw(network, &p);
        for (uint64_t g = 0; g < w->n_groups; g++) {
            bool equal = true;
            for (uint64_t k = pm_group_begin(w, g); k < pm_group_begin(w, g + 1); k++)
                equal = equal && w->weights[k] == w->weights[pm_group_begin(w, g)];
            ck_assert(w->groups && w->groups[g].equal == equal);
            ck_assert_int_eq(pm_group_sign(w, g), -1);
            ck_assert(spread || equal);
        }
        pm_wiring_free(w);
        pm_network_free(network);
    }
}
END_TEST

/* Rules of every kind between two populations of neurons with two receptors each; several delays, held in every way. */
static pm_network *large(int kind) {
    static const pm_distribution delays[] = {
        {.a = 1.5},
        {.kind = PM_UNIFORM_STEPS, .a = 1.0, .b = 3.0, .step = 0.1},
        {.kind = PM_UNIFORM, .a = 0.0, .b = 3.0},
        {.kind = PM_UNIFORM_STEPS, .a = 0.0, .b = 100.0, .step = 0.1},
    };
    const pm_distribution weight = {.kind = PM_NORMAL, .a = 1.0, .b = 1.0};
    const pm_receptor receptors[] = {
        {.name = "a", .kernel = pm_kernel_find("exponential"), .parameters = {2.0}},
        {.name = "b", .kernel = pm_kernel_find("exponential"), .parameters = {8.0}},
    };
    const pm_projection rules[] = {
        {.rule = PM_FIXED_INDEGREE, .indegree = 200},
        {.to = 1, .rule = PM_PAIRWISE_BERNOULLI, .probability = 0.2},
        {.from = 1, .to = 0, .rule = PM_FIXED_OUTDEGREE, .outdegree = 100, .receptor = 1},
        {.from = 1, .to = 0, .rule = PM_FIXED_TOTAL_NUMBER, .total = 60000},
        {.from = 1, .to = 1, .rule = PM_FIXED_INDEGREE, .indegree = 300, .no_multapses = true, .receptor = 1},
        {.from = 0, .to = 0, .rule = PM_FIXED_INDEGREE, .indegree = 20},
    };
    pm_network *network = pm_network_new();
    const pm_neuron neuron = pm_neuron_default();
    for (uint32_t p = 0; p < 2; p++) {
        ck_assert_int_eq(pm_network_add_lif(network, p ? "b" : "a", 1000, &neuron, NULL, NULL), PM_OK);
        ck_assert_int_eq(pm_network_set_receptors(network, p, receptors, 2, NULL), PM_OK);
    }
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        pm_projection p = rules[k];
        p.weight = weight;
        p.delay = delays[kind];
        ck_assert_int_eq(pm_network_connect(network, &p, NULL), PM_OK);
    }
    return network;
}

START_TEST(rows_do_not_depend_on_threads) {
    pm_network *network = large(_i);
    pm_wiring *one = NULL, *other = NULL;
    ck_assert_int_eq(pm_wiring_new(network, &one, NULL), PM_OK);
    for (uint32_t n = 0; n < one->n_neurons; n++)
        for (uint64_t g = one->first_group[n] + 1; g < one->first_group[n + 1]; g++) {
            const double a = pm_group_delay(one, g - 1), b = pm_group_delay(one, g);
            const uint64_t before = (uint64_t)pm_group_class(one, g - 1) << 32 | pm_group_receptor(one, g - 1);
            const uint64_t next = (uint64_t)pm_group_class(one, g) << 32 | pm_group_receptor(one, g);
            const bool alike = !one->groups && before == next && one->targets[g - 1] <= one->targets[g];
            ck_assert(a < b || (a == b && (before < next || alike)));
        }
    for (uint64_t g = 0; g < one->n_groups; g++)
        for (uint64_t k = pm_group_begin(one, g) + 1; k < pm_group_begin(one, g + 1); k++)
            ck_assert_uint_le(one->targets[k - 1], one->targets[k]);
    for (int threads = 2; threads < 6; threads += 3) {
        ck_assert_int_eq(pm_wiring_share(network, NULL, threads, &other, NULL), PM_OK);
        ck_assert_uint_eq(one->n_groups, other->n_groups);
        ck_assert_uint_eq(one->n_synapses, other->n_synapses);
        ck_assert_mem_eq(one->targets, other->targets, one->n_synapses * sizeof *one->targets);
        ck_assert_mem_eq(one->weights, other->weights, one->n_synapses * sizeof *one->weights);
        ck_assert_mem_eq(one->min_delay, other->min_delay, network->n_projections * sizeof *one->min_delay);
        for (uint64_t g = 0; g < one->n_groups; g++) {
            ck_assert_double_eq(pm_group_delay(one, g), pm_group_delay(other, g));
            ck_assert_uint_eq(pm_group_begin(one, g), pm_group_begin(other, g));
            ck_assert_uint_eq(pm_group_class(one, g), pm_group_class(other, g));
            ck_assert_uint_eq(pm_group_receptor(one, g), pm_group_receptor(other, g));
            ck_assert_int_eq(pm_group_sign(one, g), pm_group_sign(other, g));
        }
        pm_wiring_free(other);
    }
    pm_wiring_free(one);
    pm_network_free(network);
}
END_TEST

Suite *pm_suite_wiring(void);

Suite *pm_suite_wiring(void) {
    Suite *suite = suite_create("wiring");
    TCase *tests = tcase_create("synapses");
    tcase_add_test(tests, rules_connect_what_they_say);
    tcase_add_test(tests, weights_and_delays_follow_their_distributions);
    tcase_add_test(tests, another_population_changes_no_draw);
    tcase_add_test(tests, rows_do_not_depend_on_how_delays_are_held);
    tcase_add_test(tests, weights_of_groups);
    tcase_add_loop_test(tests, rows_do_not_depend_on_threads, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
