#include "layer/layered.h"
#include "model/neuron.h"

#include <punctum/punctum.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

enum { LAYERS = 2, TIES = 3, SEEDS = 6 };

static const size_t SIZES[LAYERS + 1] = {7, 11, 5};
static const double DURATION = 80.0; /* ms */

typedef struct variant {
    double tau_2, t_ref, I_e, V_th;
} variant;

/* Double and single currents, refractoriness, constant input, rest at the threshold and above. */
static const variant VARIANTS[] = {
    {1.25, 0.0, 0.0, 20.0},   {1.25, 2.0, 0.0, 20.0},    {0.0, 0.0, 0.0, 20.0},  {0.0, 2.0, 900.0, 20.0},
    {1.25, 0.0, 900.0, 20.0}, {1.25, 2.0, 3000.0, 20.0}, {0.0, 2.0, 0.0, -72.0}, {0.0, 0.5, -60.0, -70.0},
};
enum { N_VARIANTS = sizeof VARIANTS / sizeof *VARIANTS };

static pm_neuron neuron_of(const variant *v) {
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_2 = v->tau_2;
    neuron.t_ref = v->t_ref;
    neuron.I_e = v->I_e;
    neuron.V_th = v->V_th;
    if (neuron.V_reset >= neuron.V_th)
        neuron.V_reset = neuron.V_th - 10.0;
    return neuron;
}

/* The same network as layers and as populations of the event engine. */
typedef struct twins {
    pm_layered layered;
    pm_network *network;
    pm_raster input;
    double *delays[LAYERS];
} twins;

static void draw_input(twins *t, gsl_rng *rng) {
    pm_event events[40];
    const size_t n = sizeof events / sizeof *events;
    for (size_t k = 0; k < n; k++) {
        double time = k == 0 ? 0.0 : 1.1 * DURATION * gsl_rng_uniform(rng);
        uint32_t neuron = (uint32_t)gsl_rng_uniform_int(rng, SIZES[0]);
        ck_assert_int_eq(pm_raster_append(&t->input, k % 3 ? time : floor(time), neuron, 0.0, NULL), PM_OK);
    }
    ck_assert_int_eq(pm_raster_sort(&t->input, NULL), PM_OK);
    for (size_t k = 0; k < n; k++)
        events[k] = (pm_event){t->input.time[k], t->input.neuron[k]};
    ck_assert_int_eq(pm_network_add_spike_source(t->network, "in", (uint32_t)SIZES[0], events, n, NULL, NULL), PM_OK);
}

/* Some delays are whole, so that spikes of an input may arrive together; some are 0. */
static void connect(twins *t, gsl_rng *rng, size_t l, size_t tie, const pm_neuron *neuron) {
    pm_layer *layer = &t->layered.layers[l];
    pm_synapse list[11 * 11];
    double *delay = t->delays[l] = calloc(layer->n_in * layer->stride, sizeof *delay);
    pm_projection p = {.from = (uint32_t)l, .rule = PM_SYNAPSE_LIST, .synapses = list};
    ck_assert_ptr_nonnull(delay);
    layer->delays = (pm_delays){delay, tie == 0 ? layer->stride : tie == 1, tie != 1};
    for (size_t k = 0; k < layer->n_in * layer->stride; k++)
        delay[k] = gsl_rng_uniform_int(rng, 4) ? 9.0 * gsl_rng_uniform(rng) : (double)gsl_rng_uniform_int(rng, 4);
    for (uint32_t i = 0; i < layer->n_in; i++)
        for (uint32_t j = 0; j < layer->n_out; j++) {
            double mean = (neuron->tau_2 > 0.0 ? 5000.0 : 3000.0) / (l == 0 ? 1.0 : sqrt((double)layer->n_in));
            double weight = layer->weight[i * layer->stride + j] = mean + gsl_ran_gaussian(rng, mean);
            list[p.n_synapses++] = (pm_synapse){i, j, weight, delay[pm_delay_place(&layer->delays, i, j)]};
        }
    ck_assert_int_eq(pm_network_add_lif(t->network, l ? "b" : "a", (uint32_t)layer->n_out, neuron, &p.to, NULL), PM_OK);
    ck_assert_int_eq(pm_network_connect(t->network, &p, NULL), PM_OK);
}

static twins twins_new(unsigned long seed, size_t tie, const pm_neuron *neuron) {
    twins t = {.network = pm_network_new()};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    const pm_lif lif = pm_lif_of_neuron(neuron);
    ck_assert(t.network && rng);
    gsl_rng_set(rng, seed);
    ck_assert_int_eq(pm_layered_new(&t.layered, &lif, SIZES, LAYERS, NULL), PM_OK);
    draw_input(&t, rng);
    for (size_t l = 0; l < LAYERS; l++)
        connect(&t, rng, l, tie, neuron);
    gsl_rng_free(rng);
    return t;
}

static void twins_free(twins *t) {
    for (size_t l = 0; l < LAYERS; l++)
        free(t->delays[l]);
    pm_layered_free(&t->layered);
    pm_network_free(t->network);
    pm_raster_free(&t->input);
}

static pm_status record(const pm_spike *spike, void *user, pm_error *error) {
    pm_raster *to = user;
    return spike->population == 0
               ? PM_OK
               : pm_raster_append(&to[spike->population], spike->time, spike->neuron, spike->slope, error);
}

static int by_neuron(const void *left, const void *right) {
    const pm_spike *a = left, *b = right;
    if (a->neuron != b->neuron)
        return a->neuron < b->neuron ? -1 : 1;
    return a->time < b->time ? -1 : a->time > b->time;
}

/* Neuron by neuron: spikes of two neurons at almost the same time may come in either order. */
static pm_spike *sorted(const pm_raster *raster) {
    pm_spike *spikes = malloc((raster->n + 1) * sizeof *spikes);
    ck_assert_ptr_nonnull(spikes);
    for (size_t k = 0; k < raster->n; k++)
        spikes[k] = (pm_spike){.time = raster->time[k], .slope = raster->slope[k], .neuron = raster->neuron[k]};
    qsort(spikes, raster->n, sizeof *spikes, by_neuron);
    return spikes;
}

static void assert_same(const pm_raster *got, const pm_raster *expected) {
    ck_assert_uint_eq(got->n, expected->n);
    pm_spike *a = sorted(got), *b = sorted(expected);
    for (size_t k = 0; k < got->n; k++) {
        ck_assert_uint_eq(a[k].neuron, b[k].neuron);
        ck_assert_double_eq_tol(a[k].time, b[k].time, 1e-10); /* the same mathematics, rounded in other orders */
        ck_assert_double_eq_tol(a[k].slope, b[k].slope, 1e-9 * fmax(1.0, fabs(b[k].slope)));
    }
    free(a);
    free(b);
}

/* Layers whose delays belong to synapses, axons or dendrites fire as the event engine has it, in order and within the
 * run. */
START_TEST(agrees_with_engine) {
    pm_neuron neuron = neuron_of(&VARIANTS[_i]);
    size_t total = 0;
    for (size_t tie = 0; tie < TIES; tie++)
        for (unsigned long seed = 1; seed <= SEEDS; seed++) {
            twins t = twins_new(seed, tie, &neuron);
            pm_raster expected[LAYERS + 1] = {0};
            pm_simulation *s = NULL;
            ck_assert_int_eq(pm_simulation_new(t.network, &(pm_options){.threads = 1}, &s, NULL), PM_OK);
            pm_simulation_on_spike(s, record, expected);
            ck_assert_int_eq(pm_simulation_run(s, DURATION, NULL), PM_OK);
            pm_simulation_free(s);
            ck_assert_int_eq(pm_layered_run(&t.layered, &t.input, DURATION, 0, NULL), PM_OK);
            for (size_t l = 1; l <= LAYERS; l++) {
                const pm_raster *got = &t.layered.rasters[l];
                for (size_t k = 0; k < got->n; k++) {
                    ck_assert_double_lt(got->time[k], DURATION);
                    ck_assert(k == 0 || got->time[k - 1] < got->time[k] ||
                              (got->time[k - 1] == got->time[k] && got->neuron[k - 1] < got->neuron[k]));
                }
                assert_same(got, &expected[l]);
                total += got->n;
                pm_raster_free(&expected[l]);
            }
            twins_free(&t);
        }
    ck_assert_uint_gt(total, 600);
}
END_TEST

/* However many spikes arrive, and in whatever order: they come sorted, equal times in the order of the input, and none
 * at the end or later. */
START_TEST(arrivals) {
    enum { SPIKES = 200, SOURCES = 10 };
    double value[SOURCES];
    const pm_delays delays = {value, 1, 0};
    pm_delayed_list list = {0};
    pm_raster in = {0};
    for (uint32_t k = 0; k < SPIKES; k++)
        ck_assert_int_eq(pm_raster_append(&in, floor(0.25 * k), k * 7 % SOURCES, 0.0, NULL), PM_OK);
    for (size_t i = 0; i < SOURCES; i++)
        value[i] = (double)(i * 3 % SOURCES);
    for (size_t n = 0; n <= SPIKES; n += 20) {
        in.n = n;
        size_t due = 0;
        ck_assert_int_eq(pm_delays_arrive(&delays, &in, 0, 40.0, &list, NULL), PM_OK);
        for (size_t k = 0; k < n; k++)
            due += in.time[k] + value[in.neuron[k]] < 40.0;
        ck_assert_uint_eq(list.count, due);
        for (size_t k = 0; k < list.count; k++) {
            const pm_delayed *d = &list.items[k];
            ck_assert_uint_eq(d->source, in.neuron[d->spike]);
            ck_assert_double_eq(d->time, in.time[d->spike] + value[d->source]);
            ck_assert(k == 0 || d[-1].time < d->time || (d[-1].time == d->time && d[-1].spike < d->spike));
        }
    }
    free(list.items);
    pm_raster_free(&in);
}
END_TEST

Suite *pm_suite_delays(void);
Suite *pm_suite_delays(void) {
    Suite *suite = suite_create("delays");
    TCase *tests = tcase_create("delays");
    tcase_add_loop_test(tests, agrees_with_engine, 0, N_VARIANTS);
    tcase_add_test(tests, arrivals);
    suite_add_tcase(suite, tests);
    return suite;
}
