/* The same bits on any number of ranks: ranks are threads here, which exchange through shared memory. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40000, MOST_RANKS = 7 };

/* What the ranks share. */
typedef struct meeting {
    pthread_barrier_t barrier;
    uint32_t size;
    const void *given[MOST_RANKS];
    size_t bytes[MOST_RANKS];
} meeting;

typedef struct member {
    meeting *all;
    pm_exchange exchange;
    unsigned char *received;
    size_t sizes[MOST_RANKS];
    uint64_t n_gathered;
} member;

static const void *gather(void *user, const void *own, size_t bytes, const size_t **sizes) {
    member *m = user;
    size_t total = 0;
    ck_assert_uint_eq(bytes % 8, 0);
    m->all->given[m->exchange.rank] = own;
    m->all->bytes[m->exchange.rank] = bytes;
    pthread_barrier_wait(&m->all->barrier);
    for (uint32_t r = 0; r < m->all->size; r++)
        total += m->sizes[r] = m->all->bytes[r];
    m->received = realloc(m->received, total + 1);
    for (uint32_t r = 0, at = 0; r < m->all->size; at += (uint32_t)m->sizes[r], r++)
        if (m->sizes[r] > 0)
            memcpy(m->received + at, m->all->given[r], m->sizes[r]);
    pthread_barrier_wait(&m->all->barrier);
    if (sizes)
        *sizes = m->sizes;
    m->n_gathered++;
    return m->received;
}

static void sum(void *user, uint64_t *values, size_t n) {
    member *m = user;
    const uint64_t *all = gather(user, values, n * sizeof *values, NULL);
    for (size_t k = 0; k < n; k++) {
        values[k] = 0;
        for (uint32_t r = 0; r < m->all->size; r++)
            values[k] += all[r * n + k];
    }
}

static void least(void *user, double *values, size_t n) {
    member *m = user;
    const double *all = gather(user, values, n * sizeof *values, NULL);
    for (size_t k = 0; k < n; k++)
        for (uint32_t r = 0; r < m->all->size; r++)
            values[k] = fmin(values[k], all[r * n + k]);
}

/* One rank's run. */
typedef struct course {
    member member;
    const pm_network *network;
    double first, until; /* ms: runs to both */
    pm_spike *spikes;
    size_t n_spikes, n_samples;
    double sample_sum;
    pm_counts counts;
    pm_status status;
    pm_error error;
} course;

static pm_status on_spike(const pm_spike *spike, void *user, pm_error *error) {
    course *c = user;
    if (c->n_spikes == MOST)
        return pm_fail(error, PM_FAILED, "more spikes than there is room for");
    c->spikes[c->n_spikes++] = *spike;
    return PM_OK;
}

static pm_status on_sample(const pm_sample *sample, void *user, pm_error *error) {
    (void)error;
    course *c = user;
    c->n_samples++;
    c->sample_sum += sample->potential * (double)(1 + c->n_samples % 7);
    return PM_OK;
}

static void *run(void *user) {
    course *c = user;
    pm_simulation *simulation = NULL;
    const pm_options options = {.threads = 1, .exchange = c->member.all ? &c->member.exchange : NULL};
    c->status = pm_simulation_new(c->network, &options, &simulation, &c->error);
    if (c->status == PM_OK) {
        pm_simulation_on_spike(simulation, on_spike, c);
        pm_simulation_on_sample(simulation, on_sample, c);
        c->status = pm_simulation_run(simulation, c->first, &c->error);
        if (c->status == PM_OK)
            c->status = pm_simulation_run(simulation, c->until, &c->error);
        c->counts = pm_simulation_counts(simulation);
    }
    pm_simulation_free(simulation);
    return NULL;
}

/* Runs on that many ranks. */
static void run_on(course *courses, uint32_t ranks, const pm_network *network, double until) {
    pthread_t threads[MOST_RANKS];
    meeting all = {.size = ranks};
    pthread_barrier_init(&all.barrier, NULL, ranks);
    for (uint32_t r = 0; r < ranks; r++) {
        course *c = &courses[r];
        *c = (course){
            .network = network, .first = until / 3.0, .until = until, .spikes = malloc(MOST * sizeof(pm_spike))};
        if (ranks > 1)
            c->member.all = &all;
        c->member.exchange = (pm_exchange){r, ranks, &c->member, gather, gather, sum, least};
        ck_assert_int_eq(pthread_create(&threads[r], NULL, run, c), 0);
    }
    for (uint32_t r = 0; r < ranks; r++)
        pthread_join(threads[r], NULL);
    pthread_barrier_destroy(&all.barrier);
}

static void clear(course *courses, uint32_t ranks) {
    for (uint32_t r = 0; r < ranks; r++) {
        free(courses[r].spikes);
        free(courses[r].member.received);
    }
}

static bool plastic; /* every other projection has synapses that are not static */

static void add(pm_network *network, const pm_projection *projections, size_t n) {
    for (size_t k = 0; k < n; k++) {
        pm_projection p = projections[k];
        p.size = sizeof p;
        if (plastic && k % 2 == 1)
            p.synapse = pm_synapse_model_find("tsodyks");
        if (p.synapse)
            memcpy(p.synapse_parameters, (double[]){0.1, 0.9, 1.0, 20.0 + (double)k, 30.0}, 5 * sizeof(double));
        ck_assert_int_eq(pm_network_connect(network, &p, NULL), PM_OK);
    }
}

static const pm_distribution WIDE = {.kind = PM_UNIFORM, .a = 1.0, .b = 12.0},
                             STEPS = {.kind = PM_UNIFORM_STEPS, .a = 1.0, .b = 3.0, .step = 0.1},
                             NORMAL = {.kind = PM_NORMAL, .a = 0.0, .b = 900.0};

/* Sources of all kinds, recorded and not, private drives, sources without targets. */
static pm_network *sources_and_cells(uint32_t size) {
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default(), other = neuron;
    pm_event events[60];
    neuron.t_ref = 2.0;
    other.tau_1 = 3.0;
    for (uint32_t k = 0; k < 60; k++)
        events[k] = (pm_event){.neuron = k * 7 % size, .time = 1.3 * floor(0.5 * k)};
    const uint32_t watched[] = {0, size - 1};
    ck_assert_int_eq(pm_network_add_lif(network, "cells", size, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "others", size / 2 + 1, &other, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_spike_source(network, "given", size, events, 60, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "poisson", 5, 100.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "private", size, 5000.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "shared", size, 5000.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "idle", 4, 3000.0, NULL, NULL), PM_OK);
    pm_synapse list[] = {{0, 0, 3000.0, 1.5}, {0, size - 1, 3000.0, 1.5}};
    const pm_projection projections[] = {
        {.from = 2, .to = 0, .rule = PM_ONE_TO_ONE, .weight.a = 3000.0, .delay.a = 0.3},
        {.from = 3, .to = 0, .rule = PM_PAIRWISE_BERNOULLI, .probability = 0.5, .weight.a = 500.0, .delay = WIDE},
        {.from = 4, .to = 0, .rule = PM_ONE_TO_ONE, .weight.a = 230.0, .delay.a = 1.5},
        {.from = 5, .to = 0, .rule = PM_SYNAPSE_LIST, .synapses = list, .n_synapses = 2},
        {.from = 0, .to = 0, .rule = PM_FIXED_INDEGREE, .indegree = 10, .weight = NORMAL, .delay = STEPS},
        {.from = 0, .to = 1, .rule = PM_FIXED_INDEGREE, .indegree = 10, .weight.a = 400.0, .delay = WIDE},
        {.from = 1, .to = 0, .rule = PM_FIXED_INDEGREE, .indegree = 4, .weight.a = -300.0, .delay = WIDE},
    };
    add(network, projections, sizeof projections / sizeof *projections);
    for (uint32_t p = 2; p < 6; p++)
        ck_assert_int_eq(pm_network_record_spikes(network, p, p != 4 && p != 5, NULL), PM_OK);
    ck_assert_int_eq(pm_network_record_potential(network, 0, watched, size > 1 ? 2 : 1, 0.5, NULL), PM_OK);
    return network;
}

/* Layers without delay, and back with one. */
static pm_network *layers(uint32_t size) {
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    ck_assert_int_eq(pm_network_add_poisson_source(network, "in", size, 80.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "first", size, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "second", size, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "third", 3, &neuron, NULL, NULL), PM_OK);
    const pm_projection projections[] = {
        {.from = 0, .to = 1, .weight = {.kind = PM_UNIFORM, .a = 0.0, .b = 90000.0 / size}},
        {.from = 1, .to = 2, .weight = {.kind = PM_UNIFORM, .a = 0.0, .b = 90000.0 / size}},
        {.from = 2, .to = 3, .weight = {.kind = PM_UNIFORM, .a = 0.0, .b = 90000.0 / size}},
        {.from = 3, .to = 1, .weight.a = -300.0, .delay = WIDE},
    };
    add(network, projections, sizeof projections / sizeof *projections);
    return network;
}

/* A chain of cells without delay inside one population: levels are those of cells. */
static pm_network *chain(uint32_t size) {
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = 8.0;
    ck_assert_int_eq(pm_network_add_poisson_source(network, "in", 1, 100.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "cells", size, &neuron, NULL, NULL), PM_OK);
    pm_synapse *list = malloc(size * sizeof *list);
    for (uint32_t k = 0; k < size; k++) /* neuron k * 5 fires neuron (k + 1) * 5, modulo the size */
        list[k] = (pm_synapse){k * 5 % size, (k + 1) * 5 % size, 30000.0, k + 1 < size ? 0.0 : 20.0};
    pm_synapse begin[] = {{0, 0, 30000.0, 0.1}, {0, size - 1, 30000.0, 0.2}};
    const pm_projection projections[] = {
        {.from = 0, .to = 1, .rule = PM_SYNAPSE_LIST, .synapses = begin, .n_synapses = 2},
        {.from = 1, .to = 1, .rule = PM_SYNAPSE_LIST, .synapses = list, .n_synapses = size},
    };
    add(network, projections, 2);
    free(list);
    return network;
}

/* Cells that act on each other after far less than a slab, and cells behind them. */
static pm_network *loops(uint32_t size) {
    static const pm_distribution BRIEF = {.kind = PM_UNIFORM, .a = 0.0007, .b = 0.9};
    const uint32_t watched[] = {0, size - 1};
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = 0.5;
    ck_assert_int_eq(pm_network_add_poisson_source(network, "in", size, 5000.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "cells", size, &neuron, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "others", size, &neuron, NULL, NULL), PM_OK);
    const pm_projection projections[] = {
        {.from = 0, .to = 1, .rule = PM_ONE_TO_ONE, .weight.a = 230.0, .delay.a = 0.5},
        {.from = 1, .to = 1, .rule = PM_FIXED_INDEGREE, .indegree = 5, .weight = NORMAL, .delay = BRIEF},
        {.from = 1, .to = 2, .rule = PM_FIXED_INDEGREE, .indegree = 5, .weight.a = 900.0},
    };
    add(network, projections, sizeof projections / sizeof *projections);
    ck_assert_int_eq(pm_network_record_potential(network, 1, watched, size > 1 ? 2 : 1, 0.5, NULL), PM_OK);
    return network;
}

/* Cells that hear Poisson sources only, one of them far more than the others, so that slabs are long. */
static pm_network *listeners(uint32_t size) {
    const uint32_t watched[] = {0, size - 1};
    pm_network *network = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    pm_synapse more[] = {{0, size - 1, 3000.0, 0.4}, {1, size - 1, 2000.0, 0.4}, {2, 0, 2500.0, 7.1}};
    ck_assert_int_eq(pm_network_add_poisson_source(network, "private", size, 200.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_poisson_source(network, "shared", 3, 300.0, NULL, NULL), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(network, "cells", size, &neuron, NULL, NULL), PM_OK);
    const pm_projection projections[] = {
        {.from = 0, .to = 2, .rule = PM_ONE_TO_ONE, .weight.a = 2500.0, .delay = WIDE},
        {.from = 1, .to = 2, .rule = PM_SYNAPSE_LIST, .synapses = more, .n_synapses = 3},
        {.from = 1, .to = 2, .rule = PM_FIXED_INDEGREE, .indegree = 1, .weight = NORMAL, .delay = WIDE},
    };
    add(network, projections, sizeof projections / sizeof *projections);
    ck_assert_int_eq(pm_network_record_potential(network, 2, watched, size > 1 ? 2 : 1, 0.5, NULL), PM_OK);
    return network;
}

typedef pm_network *builder(uint32_t size);

static pm_network *made_plastic(builder *build, uint32_t size) {
    plastic = true;
    pm_network *network = build(size);
    plastic = false;
    return network;
}

static pm_network *plastic_sources(uint32_t size) { return made_plastic(sources_and_cells, size); }
static pm_network *plastic_layers(uint32_t size) { return made_plastic(layers, size); }
static pm_network *plastic_loops(uint32_t size) { return made_plastic(loops, size); }

static builder *const builders[] = {sources_and_cells, layers,          chain,          loops,
                                    listeners,         plastic_sources, plastic_layers, plastic_loops};
enum { N_BUILDERS = sizeof builders / sizeof *builders };

static int compare_spikes(const void *left, const void *right) {
    const pm_spike *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return a->population != b->population ? (a->population < b->population ? -1 : 1)
                                          : (a->neuron > b->neuron) - (a->neuron < b->neuron);
}

/* _i: builder, number of ranks; sizes that the ranks do not divide, and one that is smaller. */
START_TEST(same_bits) {
    static const uint32_t sizes[] = {3, 23, 64};
    const uint32_t ranks = 2 + (uint32_t)(_i / N_BUILDERS * 2 - (_i / N_BUILDERS == 2));
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        pm_network *network = builders[_i % N_BUILDERS](sizes[k]);
        course alone, courses[MOST_RANKS];
        run_on(&alone, 1, network, 90.0);
        run_on(courses, ranks, network, 90.0);
        ck_assert_msg(alone.status == PM_OK, "%s", alone.error.message);
        ck_assert_uint_gt(alone.counts.spikes, 5);
        pm_counts sums = {0};
        size_t n_samples = 0;
        pm_spike *all = malloc(MOST * sizeof *all);
        size_t n = 0;
        for (uint32_t r = 0; r < ranks; r++) {
            const course *c = &courses[r];
            ck_assert_msg(c->status == PM_OK, "%s", c->error.message);
            ck_assert_uint_eq(c->counts.spikes, alone.counts.spikes);
            ck_assert_uint_eq(c->counts.neurons, alone.counts.neurons);
            sums.synapses += c->counts.synapses;
            sums.source_spikes += c->counts.source_spikes;
            sums.synaptic_events += c->counts.synaptic_events;
            n_samples += c->n_samples;
            ck_assert_uint_le(n + c->n_spikes, MOST);
            memcpy(all + n, c->spikes, c->n_spikes * sizeof *all);
            n += c->n_spikes;
            for (size_t s = 1; s < c->n_spikes; s++)
                ck_assert_int_lt(compare_spikes(&c->spikes[s - 1], &c->spikes[s]), 1);
        }
        ck_assert_uint_eq(sums.synapses, alone.counts.synapses);
        ck_assert_uint_eq(sums.source_spikes, alone.counts.source_spikes);
        ck_assert_uint_eq(sums.synaptic_events, alone.counts.synaptic_events);
        ck_assert_uint_eq(n_samples, alone.n_samples);
        qsort(all, n, sizeof *all, compare_spikes);
        ck_assert_uint_eq(n, alone.n_spikes);
        for (size_t s = 0; s < n; s++) {
            ck_assert_int_eq(compare_spikes(&all[s], &alone.spikes[s]), 0);
            ck_assert(all[s].slope == alone.spikes[s].slope);
        }
        free(all);
        clear(&alone, 1);
        clear(courses, ranks);
        pm_network_free(network);
    }
}
END_TEST

/* With delays of 1 ms or more, ranks meet far less often than there are slabs of an eighth of the shortest time
 * constant. */
START_TEST(windows) {
    pm_network *network = sources_and_cells(23);
    course courses[2];
    run_on(courses, 2, network, 300.0);
    ck_assert_uint_lt(courses[0].member.n_gathered, 340);
    clear(courses, 2);
    pm_network_free(network);
}
END_TEST

/* What goes wrong on one rank ends the run on all, with the same message. */
START_TEST(failures) {
    const pm_neuron neuron = pm_neuron_default();
    const pm_event kick = {.time = 1.0};
    pm_neuron endless = neuron; /* it fires again before a double precision number has passed */
    endless.E_L = 0.0;
    endless.V_th = 1.0;
    endless.V_reset = nextafter(1.0, 0.0);
    for (int what = 0; what < 2; what++) {
        pm_network *network = pm_network_new();
        course courses[3];
        if (what == 1)
            endless.tau_1 = endless.tau_2 = 0.0; /* impulses in a cycle without delay */
        ck_assert_int_eq(pm_network_add_lif(network, "calm", 4, &neuron, NULL, NULL), PM_OK);
        ck_assert_int_eq(pm_network_add_lif(network, what ? "loop" : "wild", 4, &endless, NULL, NULL), PM_OK);
        ck_assert_int_eq(pm_network_add_spike_source(network, "kick", 1, &kick, 1, NULL, NULL), PM_OK);
        pm_synapse to_one = {0, 2, 1e5, 0.0};
        const pm_projection loop[] = {
            {.from = 2, .to = 1, .rule = PM_SYNAPSE_LIST, .synapses = &to_one, .n_synapses = 1},
            {.from = 1, .to = 1, .weight.a = 1.0}};
        add(network, &loop[what], 1);
        run_on(courses, 3, network, 50.0);
        for (uint32_t r = 0; r < 3; r++) {
            ck_assert_int_eq(courses[r].status, what ? PM_INVALID : PM_FAILED);
            ck_assert_str_eq(courses[r].error.message, courses[0].error.message);
        }
        ck_assert_ptr_nonnull(strstr(courses[0].error.message, what ? "loop[" : "wild[2]"));
        clear(courses, 3);
        pm_network_free(network);
    }
}
END_TEST

Suite *pm_suite_ranks(void);
Suite *pm_suite_ranks(void) {
    Suite *suite = suite_create("ranks");
    TCase *cases = tcase_create("all");
    tcase_add_loop_test(cases, same_bits, 0, 3 * N_BUILDERS);
    tcase_add_test(cases, windows);
    tcase_add_test(cases, failures);
    suite_add_tcase(suite, cases);
    return suite;
}
