#include "layer/layer_receptors.h"
#include "layer/layered.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "support/recorded.h"

#include <punctum/punctum.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 3, SEEDS = 25 };

/* The same network twice: as dense layers, and as populations for the event engine. */
typedef struct twins {
    pm_layered layered;
    pm_network *network;
    pm_raster input;
    double duration; /* ms */
    size_t sizes[MAX_LAYERS + 1], n_layers;
} twins;

static void twins_free(twins *t) {
    pm_layered_free(&t->layered);
    pm_network_free(t->network);
    pm_raster_free(&t->input);
}

/* Input spikes at any time, many of them at the same whole ms, the first at 0, some after the end. */
static void draw_input(twins *t, gsl_rng *rng, size_t n) {
    for (size_t k = 0; k < n; k++) {
        double time = k == 0 ? 0.0 : 1.1 * t->duration * gsl_rng_uniform(rng);
        uint32_t neuron = (uint32_t)gsl_rng_uniform_int(rng, t->sizes[0]);
        ck_assert_int_eq(pm_raster_append(&t->input, k % 3 ? time : floor(time), neuron, 0.0, NULL), PM_OK);
    }
    ck_assert_int_eq(pm_raster_sort(&t->input, NULL), PM_OK);
}

static void add_source(twins *t) {
    pm_event *events = malloc((t->input.n + 1) * sizeof *events);
    ck_assert_ptr_nonnull(events);
    for (size_t k = 0; k < t->input.n; k++)
        events[k] = (pm_event){t->input.time[k], t->input.neuron[k]};
    uint32_t size = (uint32_t)t->sizes[0];
    ck_assert_int_eq(pm_network_add_spike_source(t->network, "in", size, events, t->input.n, NULL, NULL), PM_OK);
    free(events);
}

/* Weights from layer l to the next, drawn with that mean and as large a standard deviation. */
static void connect(twins *t, gsl_rng *rng, size_t l, const pm_neuron *neuron, double mean) {
    pm_layer *layer = &t->layered.layers[l];
    double *values = malloc(layer->n_in * layer->n_out * sizeof *values);
    ck_assert_ptr_nonnull(values);
    for (size_t j = 0; j < layer->n_out; j++)
        for (size_t i = 0; i < layer->n_in; i++) {
            double weight = mean + gsl_ran_gaussian(rng, mean);
            values[j * layer->n_in + i] = layer->weight[i * layer->stride + j] = weight;
        }
    static const char *const names[MAX_LAYERS] = {"a", "b", "c"};
    pm_projection p = {.from = (uint32_t)l,
                       .rule = PM_ALL_TO_ALL,
                       .weight = {.kind = PM_MATRIX, .values = values},
                       .delay = {.kind = PM_CONSTANT}};
    ck_assert_int_eq(pm_network_add_lif(t->network, names[l], (uint32_t)layer->n_out, neuron, &p.to, NULL), PM_OK);
    ck_assert_int_eq(pm_network_connect(t->network, &p, NULL), PM_OK);
    free(values);
}

static twins twins_new(unsigned long seed, const pm_neuron *neuron, size_t n_layers) {
    twins t = {.network = pm_network_new(), .duration = 100.0, .n_layers = n_layers};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    ck_assert(t.network && rng);
    gsl_rng_set(rng, seed);
    t.network->duration = t.duration;
    for (size_t l = 0; l <= n_layers; l++)
        t.sizes[l] = 1 + gsl_rng_uniform_int(rng, 20);
    pm_lif lif = pm_lif_of_neuron(neuron);
    ck_assert_int_eq(pm_layered_new(&t.layered, &lif, t.sizes, n_layers, NULL), PM_OK);
    draw_input(&t, rng, seed % 4 ? 60 : 4); /* a few spikes leave long intervals */
    add_source(&t);
    double mean = neuron->tau_2 > 0.0 ? 5000.0 : 3000.0; /* pA, of the sum of a few spikes */
    for (size_t l = 0; l < n_layers; l++)
        connect(&t, rng, l, neuron, l == 0 ? mean : 2.0 * mean / sqrt((double)t.sizes[l]));
    gsl_rng_free(rng);
    return t;
}

/* Receptors of all kinds of current; the first one is that of the neuron itself. */
enum { RECEPTORS = 4 };
static void fill_receptors(const pm_neuron *neuron, pm_receptor *receptors) {
    receptors[0] = pm_receptor_of_neuron(neuron);
    receptors[1] = (pm_receptor){.name = "slow", .kernel = &pm_kernel_exponential, .parameters = {7.0}};
    receptors[2] = (pm_receptor){.name = "alpha", .kernel = &pm_kernel_alpha, .parameters = {2.0}};
    receptors[3] =
        (pm_receptor){.name = "peak", .kernel = &pm_kernel_double_exponential, .parameters = {12.0, 0.5}, .peak = true};
    receptors[0].name = "own";
}

/* The twins again, their layers with several receptors: the engine gets a list of synapses for each. */
static void give_receptors(twins *t, const pm_neuron *neuron) {
    pm_receptor receptors[RECEPTORS];
    pm_network *network = pm_network_new();
    pm_error error = {0};
    fill_receptors(neuron, receptors);
    ck_assert_ptr_nonnull(network);
    network->duration = t->duration;
    pm_network_free(t->network);
    t->network = network;
    add_source(t);
    for (size_t l = 0; l < t->n_layers; l++) {
        static const char *const names[MAX_LAYERS] = {"a", "b", "c"};
        pm_layer *layer = &t->layered.layers[l];
        for (size_t k = 0; k < layer->n_in * layer->stride; k++)
            layer->weight[k] *= 0.4; /* these currents carry more */
        uint32_t to, sources[RECEPTORS];
        for (size_t r = 0, left = layer->n_in; r < RECEPTORS; left -= sources[r++])
            sources[r] = (uint32_t)(r + 1 < RECEPTORS ? left * (r + 1) / (RECEPTORS + 1) : left);
        ck_assert_int_eq(pm_layer_set_receptors(layer, receptors, sources, RECEPTORS, NULL), PM_OK);
        ck_assert_int_eq(pm_network_add_lif(network, names[l], (uint32_t)layer->n_out, neuron, &to, NULL), PM_OK);
        ck_assert_int_eq(pm_network_set_receptors(network, to, receptors, RECEPTORS, &error), PM_OK);
        for (uint32_t r = 0, i = 0; r < RECEPTORS; r++) {
            pm_synapse *list = malloc((sources[r] * layer->n_out + 1) * sizeof *list);
            size_t n = 0;
            for (uint32_t end = i + sources[r]; i < end; i++)
                for (uint32_t j = 0; j < layer->n_out; j++)
                    list[n++] = (pm_synapse){.source = i, .target = j, .weight = layer->weight[i * layer->stride + j]};
            pm_projection p = {.from = (uint32_t)l,
                               .to = to,
                               .rule = PM_SYNAPSE_LIST,
                               .synapses = list,
                               .n_synapses = n,
                               .receptor = r};
            ck_assert_msg(pm_network_connect(network, &p, &error) == PM_OK, "%s", error.message);
            free(list);
        }
    }
}

static void sort(recorded *r) {
    if (r->count > 0)
        qsort(r->items, r->count, sizeof *r->items, by_neuron);
}

static recorded run_engine(const pm_network *network) {
    recorded r = {0};
    pm_error error = {0};
    pm_simulation *s = NULL;
    ck_assert_int_eq(pm_simulation_new(network, &(pm_options){.threads = 1}, &s, &error), PM_OK);
    pm_simulation_on_spike(s, record, &r);
    ck_assert_msg(pm_simulation_run(s, network->duration, &error) == PM_OK, "%s", error.message);
    pm_simulation_free(s);
    size_t n = 0;
    for (size_t k = 0; k < r.count; k++) /* without the input */
        if (r.items[k].population > 0)
            r.items[n++] = r.items[k];
    r.count = n;
    return r;
}

/* Runs the layers; their spikes are in order, and within the run. */
static recorded run_layers(twins *t) {
    recorded r = {0};
    pm_error error = {0};
    ck_assert_msg(pm_layered_run(&t->layered, &t->input, t->duration, 0, &error) == PM_OK, "%s", error.message);
    for (size_t l = 1; l <= t->n_layers; l++) {
        const pm_raster *raster = &t->layered.rasters[l];
        for (size_t k = 0; k < raster->n; k++) {
            ck_assert(raster->neuron[k] < t->sizes[l] && raster->time[k] >= 0.0 && raster->time[k] < t->duration);
            if (k > 0 && raster->time[k] == raster->time[k - 1])
                ck_assert(raster->neuron[k] > raster->neuron[k - 1]);
            else if (k > 0)
                ck_assert(raster->time[k] > raster->time[k - 1]);
            pm_spike spike = {raster->time[k], raster->slope[k], (uint32_t)l, raster->neuron[k]};
            record(&spike, &r, NULL);
        }
    }
    return r;
}

static void assert_same(recorded *got, recorded *expected, double time_tolerance, double slope_tolerance) {
    sort(got);
    sort(expected);
    ck_assert_uint_eq(got->count, expected->count);
    for (size_t k = 0; k < got->count; k++) {
        const pm_spike *a = &got->items[k], *b = &expected->items[k];
        ck_assert_uint_eq(a->population, b->population);
        ck_assert_uint_eq(a->neuron, b->neuron);
        ck_assert_double_eq_tol(a->time, b->time, time_tolerance);
        ck_assert_double_eq_tol(a->slope, b->slope, slope_tolerance * fmax(1.0, fabs(b->slope)));
    }
}

typedef struct variant {
    double tau_2, t_ref, I_e, V_th, tau_1;
} variant;

/* One has a membrane as slow as its current, one a current that rises almost at once; the last ones rest close to,
 * above and at their threshold. */
static const variant VARIANTS[] = {
    {1.25, 0.0, 0.0, 20.0, 5.0},    {1.25, 2.0, 0.0, 20.0, 5.0},   {0.0, 0.0, 0.0, 20.0, 5.0},
    {0.0, 2.0, 0.0, 20.0, 5.0},     {1.25, 0.0, 900.0, 20.0, 5.0}, {0.0, 2.0, 900.0, 20.0, 5.0},
    {1.25, 2.0, 3000.0, 20.0, 5.0}, {1.25, 2.0, 0.0, 20.0, 10.0},  {0.01, 0.0, 0.0, 20.0, 5.0},
    {1.25, 2.0, 0.0, -69.5, 5.0},   {0.0, 2.0, 0.0, -72.0, 5.0},   {1.25, 0.5, 60.0, -72.0, 5.0},
    {0.0, 0.5, -60.0, -70.0, 5.0},
};
enum { N_VARIANTS = sizeof VARIANTS / sizeof *VARIANTS };

static pm_neuron neuron_of(const variant *v) {
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_1 = v->tau_1;
    neuron.tau_2 = v->tau_2;
    neuron.t_ref = v->t_ref;
    neuron.I_e = v->I_e;
    neuron.V_th = v->V_th;
    if (neuron.V_reset >= neuron.V_th)
        neuron.V_reset = neuron.V_th - 10.0;
    return neuron;
}

/* Layer by layer or event by event, the spikes are the same. Both round differently: 1e-10 ms and 1e-9 of the slope
 * hold through three layers, near-grazing spikes included. */
START_TEST(agrees_with_engine) {
    pm_neuron neuron = neuron_of(&VARIANTS[_i]);
    size_t total = 0;
    for (unsigned long seed = 1; seed <= SEEDS; seed++) {
        twins t = twins_new(seed, &neuron, 2 + seed % 2);
        recorded expected = run_engine(t.network), got = run_layers(&t);
        assert_same(&got, &expected, 1e-10, 1e-9);
        total += got.count;
        free(expected.items);
        free(got.items);
        twins_free(&t);
    }
    ck_assert_uint_gt(total, 100 * SEEDS); /* the networks are not silent */
}
END_TEST

/* So they are where every neuron has several receptors. */
START_TEST(agrees_with_engine_over_receptors) {
    pm_neuron neuron = neuron_of(&VARIANTS[_i]);
    size_t total = 0;
    for (unsigned long seed = 1; seed <= SEEDS; seed++) {
        twins t = twins_new(seed, &neuron, 2 + seed % 2);
        give_receptors(&t, &neuron);
        recorded expected = run_engine(t.network), got = run_layers(&t);
        assert_same(&got, &expected, 1e-10, 1e-9);
        total += got.count;
        free(expected.items);
        free(got.items);
        twins_free(&t);
    }
    ck_assert_uint_gt(total, 100 * SEEDS); /* the networks are not silent */
}
END_TEST

/* A run may start at any layer whose input is still valid, and a second run changes nothing. */
START_TEST(repeated_from_a_layer) {
    pm_neuron neuron = neuron_of(&VARIANTS[1]);
    twins t = twins_new(5, &neuron, 3);
    recorded first = run_layers(&t);
    ck_assert_uint_gt(first.count, 100);
    for (size_t from = 0; from <= 3; from++) {
        ck_assert_int_eq(pm_layered_run(&t.layered, &t.input, t.duration, from, NULL), PM_OK);
        size_t k = 0;
        for (size_t l = 1; l <= 3; l++)
            for (size_t s = 0; s < t.layered.rasters[l].n; s++, k++) {
                ck_assert(t.layered.rasters[l].time[s] == first.items[k].time);
                ck_assert(t.layered.rasters[l].slope[s] == first.items[k].slope);
            }
        ck_assert_uint_eq(k, first.count);
    }
    free(first.items);
    twins_free(&t);
}
END_TEST

static pm_raster raster_of(const pm_event *events, size_t n) {
    pm_raster raster = {0};
    for (size_t k = 0; k < n; k++)
        ck_assert_int_eq(pm_raster_append(&raster, events[k].time, events[k].neuron, 0.0, NULL), PM_OK);
    return raster;
}

/* A neuron does not notice how many others its layer has: whatever the padding, the same bits. With I_e above
 * threshold, the padding itself would fire if it could. */
START_TEST(padding) {
    enum { N_IN = 7, WIDEST = 24, SPIKES = 40 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, 9);
    pm_event events[SPIKES];
    double weights[N_IN][WIDEST];
    for (size_t k = 0; k < SPIKES; k++)
        events[k] = (pm_event){(double)k * 1.7, (uint32_t)gsl_rng_uniform_int(rng, N_IN)};
    for (size_t i = 0; i < N_IN; i++)
        for (size_t j = 0; j < WIDEST; j++)
            weights[i][j] = gsl_ran_gaussian(rng, 3000.0);
    gsl_rng_free(rng);
    pm_raster in = raster_of(events, SPIKES), wide = {0}, out = {0};
    pm_neuron neuron = pm_neuron_default();
    neuron.I_e = 3000.0;
    pm_lif lif = pm_lif_of_neuron(&neuron);
    for (size_t n_out = WIDEST; n_out > 0; n_out--) {
        pm_layer layer;
        ck_assert_int_eq(pm_layer_new(&layer, &lif, N_IN, n_out, NULL), PM_OK);
        ck_assert_uint_eq(layer.stride % PM_LAYER_LANES, 0);
        for (size_t i = 0; i < N_IN; i++)
            memcpy(layer.weight + i * layer.stride, weights[i], n_out * sizeof(double));
        ck_assert_int_eq(pm_layer_run(&layer, &in, 80.0, 10000, n_out == WIDEST ? &wide : &out, NULL), PM_OK);
        pm_layer_free(&layer);
        size_t k = 0;
        for (size_t s = 0; n_out < WIDEST && s < wide.n; s++)
            if (wide.neuron[s] < n_out) {
                ck_assert(k < out.n && out.neuron[k] == wide.neuron[s]);
                ck_assert(out.time[k] == wide.time[s] && out.slope[k] == wide.slope[s]);
                k++;
            }
        ck_assert_uint_eq(k, out.n);
    }
    ck_assert_uint_gt(wide.n, 100);
    pm_raster_free(&in);
    pm_raster_free(&wide);
    pm_raster_free(&out);
}
END_TEST

/* Wide layers go several intervals at a time; neurons do not notice, to the last bit: as many of them as a narrow layer
 * has, and the same ones in a wide one, fire the same. Some arrivals are simultaneous, some far apart, and some end the
 * run. */
START_TEST(wide_layers) {
    enum { N_IN = 40, WIDE = 203, NARROW = 61 };
    static const size_t spikes[] = {6, 60, 400, 1500};
    const pm_neuron neuron = neuron_of(&VARIANTS[_i]);
    const pm_lif lif = pm_lif_of_neuron(&neuron);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, 77 + (unsigned long)_i);
    size_t total = 0;
    for (size_t c = 0; c < sizeof spikes / sizeof *spikes; c++) {
        twins t = {.duration = 60.0, .sizes = {N_IN}};
        draw_input(&t, rng, spikes[c]);
        pm_layer wide, narrow;
        pm_raster all = {0}, part = {0};
        pm_error error = {0};
        ck_assert_int_eq(pm_layer_new(&wide, &lif, N_IN, WIDE, NULL), PM_OK);
        double mean = (neuron.tau_2 > 0.0 ? 5000.0 : 3000.0) * 60.0 / (60.0 + (double)spikes[c]);
        for (size_t i = 0; i < N_IN; i++)
            for (size_t j = 0; j < WIDE; j++)
                wide.weight[i * wide.stride + j] = mean + gsl_ran_gaussian(rng, 3.0 * mean);
        ck_assert_msg(pm_layer_run(&wide, &t.input, t.duration, 1000000, &all, &error) == PM_OK, "%s", error.message);
        size_t n = 0;
        for (size_t begin = 0; begin < WIDE; begin += NARROW) {
            size_t size = WIDE - begin < NARROW ? WIDE - begin : NARROW;
            ck_assert_int_eq(pm_layer_new(&narrow, &lif, N_IN, size, NULL), PM_OK);
            for (size_t i = 0; i < N_IN; i++)
                memcpy(narrow.weight + i * narrow.stride, wide.weight + i * wide.stride + begin, size * sizeof(double));
            ck_assert_int_eq(pm_layer_run(&narrow, &t.input, t.duration, 1000000, &part, NULL), PM_OK);
            size_t k = 0;
            for (size_t s = 0; s < all.n; s++)
                if (all.neuron[s] >= begin && all.neuron[s] < begin + size) {
                    ck_assert(k < part.n && part.neuron[k] == all.neuron[s] - begin);
                    ck_assert(part.time[k] == all.time[s] && part.slope[k] == all.slope[s]);
                    k++;
                }
            ck_assert_uint_eq(k, part.n);
            n += k;
            pm_layer_free(&narrow);
        }
        ck_assert_uint_eq(n, all.n);
        for (size_t s = 1; s < all.n; s++)
            ck_assert(all.time[s] > all.time[s - 1] ||
                      (all.time[s] == all.time[s - 1] && all.neuron[s] > all.neuron[s - 1]));
        total += n;
        pm_layer_free(&wide);
        pm_raster_free(&all);
        pm_raster_free(&part);
        pm_raster_free(&t.input);
    }
    ck_assert_uint_gt(total, 500);
    gsl_rng_free(rng);
}
END_TEST

/* Input spikes at one instant act together: two halves are a whole, and a spike and its opposite are nothing, however
 * large. Equal neurons fire together, in the order of their numbers. */
START_TEST(simultaneous_inputs) {
    const pm_event halves[] = {{5.0, 0}, {5.0, 1}, {9.0, 3}, {9.0, 4}}, whole[] = {{5.0, 2}};
    pm_raster in[] = {raster_of(halves, 4), raster_of(whole, 1)}, out[2] = {0};
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_2 = _i ? 0.0 : 1.25;
    pm_lif lif = pm_lif_of_neuron(&neuron);
    pm_layer layer;
    ck_assert_int_eq(pm_layer_new(&layer, &lif, 5, 11, NULL), PM_OK);
    static const double weights[] = {16384.0, 16384.0, 32768.0, 1e9, -1e9}; /* pA */
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 11; j++)
            layer.weight[i * layer.stride + j] = weights[i];
    for (size_t k = 0; k < 2; k++)
        ck_assert_int_eq(pm_layer_run(&layer, &in[k], 50.0, 10000, &out[k], NULL), PM_OK);
    ck_assert_uint_gt(out[0].n, 10);
    ck_assert_uint_eq(out[0].n, out[1].n);
    for (size_t k = 0; k < out[0].n; k++) {
        ck_assert_uint_eq(out[0].neuron[k], k % 11);
        ck_assert_uint_eq(out[1].neuron[k], k % 11);
        ck_assert_double_eq(out[0].time[k], out[0].time[k - k % 11]);
        ck_assert_double_eq_tol(out[0].time[k], out[1].time[k], 1e-10);
    }
    pm_layer_free(&layer);
    for (size_t k = 0; k < 2; k++) {
        pm_raster_free(&in[k]);
        pm_raster_free(&out[k]);
    }
}
END_TEST

/* A layer may fire `limit` spikes and no more; one that does says which neuron it was and when. */
START_TEST(runaway) {
    const pm_event events[] = {{1.0, 0}};
    pm_raster in = raster_of(events, 1), out = {0};
    pm_neuron neuron = pm_neuron_default();
    pm_lif lif = pm_lif_of_neuron(&neuron);
    pm_error error = {0};
    pm_layer layer;
    ck_assert_int_eq(pm_layer_new(&layer, &lif, 1, _i ? 100 : 3, NULL), PM_OK);
    layer.weight[1] = 3e5;
    ck_assert_int_eq(pm_layer_run(&layer, &in, 50.0, 1000, &out, &error), PM_OK);
    size_t n = out.n;
    ck_assert(n > 10 && n < 1000);
    ck_assert_int_eq(pm_layer_run(&layer, &in, 50.0, n, &out, &error), PM_OK);
    ck_assert_uint_eq(out.n, n);
    ck_assert_int_eq(pm_layer_run(&layer, &in, 50.0, n - 1, &out, &error), PM_FAILED);
    ck_assert_int_eq(error.status, PM_FAILED);
    ck_assert_ptr_nonnull(strstr(error.message, "runaway"));
    ck_assert_ptr_nonnull(strstr(error.message, "neuron 1 at "));
    layer.weight[1] = 1e300; /* without a refractory time: a burst without end */
    ck_assert_int_eq(pm_layer_run(&layer, &in, 50.0, 100000, &out, &error), PM_FAILED);
    ck_assert_int_eq(pm_layer_run(&layer, &in, 1.0, 0, &out, &error), PM_OK); /* over before the spike arrives */
    ck_assert_uint_eq(out.n, 0);
    pm_layer_free(&layer);
    pm_raster_free(&in);
    pm_raster_free(&out);
}
END_TEST

/* Rasters sort by (time, neuron), copy whole, and may be empty. */
START_TEST(rasters) {
    const pm_event events[] = {{3.0, 1}, {1.0, 7}, {3.0, 0}, {1.0, 2}, {0.0, 9}},
                   sorted[] = {{0.0, 9}, {1.0, 2}, {1.0, 7}, {3.0, 0}, {3.0, 1}};
    pm_raster a = raster_of(events, 5), b = {0}, empty = {0};
    for (size_t k = 0; k < 5; k++)
        a.slope[k] = (double)events[k].neuron;
    ck_assert_int_eq(pm_raster_sort(&a, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_copy(&b, &a, NULL), PM_OK);
    ck_assert_uint_eq(b.n, 5);
    for (size_t k = 0; k < 5; k++) {
        ck_assert_double_eq(b.time[k], sorted[k].time);
        ck_assert_uint_eq(b.neuron[k], sorted[k].neuron);
        ck_assert_double_eq(b.slope[k], (double)sorted[k].neuron);
    }
    ck_assert_int_eq(pm_raster_copy(&b, &empty, NULL), PM_OK);
    ck_assert_uint_eq(b.n, 0);
    ck_assert_int_eq(pm_raster_sort(&empty, NULL), PM_OK);
    pm_raster_free(&a);
    pm_raster_free(&b);
    pm_raster_free(&empty);
}
END_TEST

Suite *pm_suite_layer(void);
Suite *pm_suite_layer(void) {
    Suite *suite = suite_create("layer");
    TCase *tests = tcase_create("layer");
    tcase_add_loop_test(tests, agrees_with_engine, 0, N_VARIANTS);
    tcase_add_loop_test(tests, agrees_with_engine_over_receptors, 0, N_VARIANTS);
    tcase_add_test(tests, repeated_from_a_layer);
    tcase_add_test(tests, padding);
    tcase_add_loop_test(tests, wide_layers, 0, N_VARIANTS);
    tcase_add_loop_test(tests, simultaneous_inputs, 0, 2);
    tcase_add_loop_test(tests, runaway, 0, 2); /* narrow, wide */
    tcase_add_test(tests, rasters);
    suite_add_tcase(suite, tests);
    return suite;
}
