#include "gradient/adjoint.h"
#include "layer/layer_receptors.h"
#include "model/kernel.h"
#include "model/neuron.h"
#include "support/difference.h"

#include <punctum/punctum.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- any network -------------------------------------------------------------------------------------------------- */

enum { INPUTS = 6, FIRST = 5, SECOND = 4, NEURONS = INPUTS + FIRST + SECOND, INPUT_SPIKES = 40 };
enum { LOOPS = 1, SINGLE = 2, REFRACTORY = 4, EQUAL = 8, CURRENT = 16, NO_DELAY = 32, SHARED_DELAY = 64, NEARLY = 128 };
enum { SEVERAL = 256 }; /* receptors, of layers */

typedef struct problem {
    pm_network *net;
    size_t count[MAX_NEURONS]; /* spikes of each neuron, without changes */
    bool begun;
    pm_raster spikes; /* of the last run, neurons numbered through */
} problem;

static pm_status record(const pm_spike *spike, void *user, pm_error *error) {
    static const uint32_t first[] = {0, INPUTS, INPUTS + FIRST};
    return pm_raster_append(user, spike->time, first[spike->population] + spike->neuron, spike->slope, error);
}

static double simulate(void *user) {
    problem *p = user;
    pm_error error = {0};
    pm_simulation *s = NULL;
    p->spikes.n = 0;
    ck_assert_msg(pm_simulation_new(p->net, &(pm_options){.threads = 1}, &s, &error) == PM_OK, "%s", error.message);
    pm_simulation_on_spike(s, record, &p->spikes);
    ck_assert_msg(pm_simulation_run(s, p->net->duration, &error) == PM_OK, "%s", error.message);
    pm_simulation_free(s);
    size_t count[MAX_NEURONS];
    double loss = loss_of_raster(&p->spikes, INPUTS, count);
    if (!p->begun)
        memcpy(p->count, count, sizeof count);
    p->begun = true;
    return memcmp(p->count, count, sizeof count) == 0 ? loss : NAN;
}

static void connect(pm_network *net, gsl_rng *rng, uint32_t from, uint32_t to, double mean, int flags) {
    enum { MOST = 64 };
    pm_synapse list[MOST];
    pm_projection p = {.from = from, .to = to, .rule = PM_SYNAPSE_LIST, .synapses = list};
    for (uint32_t i = 0; i < net->populations[from].size; i++)
        for (uint32_t j = 0; j < net->populations[to].size; j++)
            if (gsl_rng_uniform(rng) < 0.7)
                list[p.n_synapses++] = (pm_synapse){i, j, mean * (1.0 + gsl_ran_gaussian(rng, 0.6)),
                                                    flags & NO_DELAY       ? 0.0
                                                    : flags & SHARED_DELAY ? 0.5 * (double)(1 + i % 3)
                                                                           : 0.2 + 2.5 * gsl_rng_uniform(rng)};
    pm_error error = {0};
    ck_assert_msg(pm_network_connect(net, &p, &error) == PM_OK, "%s", error.message);
}

static problem draw_problem(unsigned long seed, int flags) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, seed);
    pm_error error = {0};
    pm_network *net = pm_network_new();
    net->duration = 70.0;
    pm_event events[INPUT_SPIKES];
    for (int k = 0; k < INPUT_SPIKES; k++)
        events[k] = (pm_event){1.0 + 60.0 * gsl_rng_uniform(rng), (uint32_t)gsl_rng_uniform_int(rng, INPUTS)};
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = flags & REFRACTORY ? 2.0 : 0.0;
    neuron.I_e = flags & CURRENT ? 400.0 : 0.0;
    neuron.tau_1 = flags & EQUAL ? 10.0 : flags & NEARLY ? 10.0 * (1.0 + 1e-7) : 5.0;
    neuron.tau_2 = flags & SINGLE ? 0.0 : 1.25;
    double w = (flags & SINGLE ? 1700.0 : 2600.0) * (flags & EQUAL ? 0.6 : 1.0);
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", INPUTS, events, INPUT_SPIKES, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(net, "a", FIRST, &neuron, NULL, &error), PM_OK);
    neuron.V_th = 12.0; /* another class */
    neuron.C_m = flags & EQUAL ? 300.0 : 260.0;
    neuron.V_reset = -74.0;
    ck_assert_int_eq(pm_network_add_lif(net, "b", SECOND, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_record_spikes(net, 0, true, &error), PM_OK);
    connect(net, rng, 0, 1, w, flags);
    connect(net, rng, 1, 2, w, flags);
    if (flags & LOOPS) {
        connect(net, rng, 2, 1, -0.5 * w, flags);
        connect(net, rng, 1, 1, 0.2 * w, flags);
    }
    gsl_rng_free(rng);
    return (problem){.net = net};
}

/* The synapses of all projections, one after the other. */
static pm_synapses synapses_of(const pm_network *net) {
    static const uint32_t first[] = {0, INPUTS, INPUTS + FIRST};
    enum { MOST = 256 };
    pm_synapse list[MOST];
    pm_lif classes[2] = {pm_lif_of_neuron(&net->populations[1].neuron), pm_lif_of_neuron(&net->populations[2].neuron)};
    uint32_t class[NEURONS];
    for (uint32_t n = 0; n < NEURONS; n++)
        class[n] = n < INPUTS ? PM_IS_SOURCE : n < INPUTS + FIRST ? 0 : 1;
    size_t count = 0;
    for (size_t p = 0; p < net->n_projections; p++)
        for (size_t k = 0; k < net->projections[p].n_synapses; k++) {
            list[count] = net->projections[p].synapses[k];
            list[count].source += first[net->projections[p].from];
            list[count++].target += first[net->projections[p].to];
        }
    pm_synapses synapses;
    pm_error error = {0};
    ck_assert_msg(pm_synapses_new(&synapses, classes, 2, class, NEURONS, list, count, &error) == PM_OK, "%s",
                  error.message);
    return synapses;
}

static void compare_synapses(tally *t, problem *p, const double *weight, const double *delay, size_t n, bool delays) {
    double weight_scale = largest(weight, n), delay_scale = largest(delay, n);
    size_t number = 0;
    for (size_t q = 0; q < p->net->n_projections; q++)
        for (size_t k = 0; k < p->net->projections[q].n_synapses; k++, number++) {
            pm_synapse *synapse = &p->net->projections[q].synapses[k];
            if (number % 3 != 0) /* a third of them takes seconds already */
                continue;
            compare(t, simulate, p, &synapse->weight, 1.0, weight[number], weight_scale, "weight", number);
            if (delays)
                compare(t, simulate, p, &synapse->delay, 1e-3, delay[number], delay_scale, "delay", number);
        }
}

static void compare_inputs(tally *t, problem *p, const double *time) {
    double *expected = malloc(p->spikes.n * sizeof *expected); /* the run's own arrays are overwritten below */
    size_t n = 0;
    for (size_t s = 0; s < p->spikes.n; s++)
        if (p->spikes.neuron[s] < INPUTS)
            expected[n++] = time[s];
    ck_assert_uint_eq(n, INPUT_SPIKES);
    for (size_t k = 0; k < n; k += 4)
        compare(t, simulate, p, &p->net->populations[0].events[k].time, 1e-3, expected[k], largest(expected, n),
                "input", k);
    free(expected);
}

static const int KINDS[] = {0,
                            SINGLE,
                            REFRACTORY,
                            REFRACTORY | SINGLE | CURRENT,
                            LOOPS,
                            LOOPS | REFRACTORY | CURRENT,
                            LOOPS | REFRACTORY | SHARED_DELAY,
                            LOOPS | SINGLE | REFRACTORY,
                            EQUAL | REFRACTORY | LOOPS,
                            EQUAL | SINGLE,
                            NEARLY | LOOPS,
                            NO_DELAY,
                            NO_DELAY | SINGLE | REFRACTORY,
                            NO_DELAY | CURRENT | EQUAL};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

/* Derivatives with respect to weights, delays, thresholds and input times equal central differences of the exact
 * simulation. */
START_TEST(any_network) {
    int flags = KINDS[_i];
    tally t = {0};
    size_t spikes = 0;
    pm_adjoint adjoint = {0};
    pm_error error = {0};
    for (unsigned long seed = 1; seed <= 4; seed++) {
        problem p = draw_problem(100 * seed + (unsigned long)_i, flags);
        ck_assert(!isnan(simulate(&p)));
        spikes += p.spikes.n - INPUT_SPIKES;
        pm_synapses synapses = synapses_of(p.net);
        double *dl_dt = loss_slopes(&p.spikes, INPUTS);
        double *weight = calloc(synapses.n_synapses, sizeof *weight),
               *delay = calloc(synapses.n_synapses, sizeof *delay);
        double threshold[NEURONS] = {0}, of_population[2] = {0};
        pm_adjoint_gradient gradient = {weight, delay, threshold};
        ck_assert_msg(pm_adjoint_run(&adjoint, &synapses, &p.spikes, dl_dt, &gradient, &error) == PM_OK, "%s",
                      error.message);
        for (uint32_t n = INPUTS; n < NEURONS; n++)
            of_population[n >= INPUTS + FIRST] += threshold[n];
        compare_inputs(&t, &p, adjoint.time);
        compare_synapses(&t, &p, weight, delay, synapses.n_synapses, !(flags & NO_DELAY));
        for (size_t k = 0; k < 2; k++)
            compare(&t, simulate, &p, &p.net->populations[k + 1].neuron.V_th, 1e-3, of_population[k], 0.0, "threshold",
                    k);
        free(dl_dt);
        free(weight);
        free(delay);
        pm_synapses_free(&synapses);
        pm_raster_free(&p.spikes);
        pm_network_free(p.net);
    }
    pm_adjoint_free(&adjoint);
    ck_assert_uint_gt(spikes, 60);
    ck_assert_uint_gt(t.kept, 9 * t.skipped);
}
END_TEST

/* The synapses as the simulation drew them give the same gradient as a list of them. */
START_TEST(from_wiring) {
    pm_error error = {0};
    problem p = draw_problem(3, LOOPS | REFRACTORY);
    simulate(&p);
    double *dl_dt = loss_slopes(&p.spikes, INPUTS), sum[2] = {0.0, 0.0}, *times[2];
    pm_adjoint adjoint[2] = {{.slope_floor = 0.0}, {.slope_floor = 0.0}};
    pm_wiring *wiring = NULL;
    ck_assert_int_eq(pm_wiring_new(p.net, &wiring, &error), PM_OK);
    for (int k = 0; k < 2; k++) {
        pm_synapses synapses;
        if (k == 0)
            synapses = synapses_of(p.net);
        else
            ck_assert_int_eq(pm_synapses_of_wiring(&synapses, p.net, wiring, &error), PM_OK);
        double *weight = calloc(synapses.n_synapses, sizeof *weight);
        pm_adjoint_gradient gradient = {.weight = weight};
        ck_assert_int_eq(pm_adjoint_run(&adjoint[k], &synapses, &p.spikes, dl_dt, &gradient, &error), PM_OK);
        for (size_t n = 0; n < synapses.n_synapses; n++)
            sum[k] += weight[n] * synapses.weight[n];
        times[k] = adjoint[k].time;
        free(weight);
        pm_synapses_free(&synapses);
    }
    ck_assert_double_eq_tol(sum[0], sum[1], 1e-10 * fabs(sum[0])); /* sums in another order */
    for (size_t n = 0; n < p.spikes.n; n++)
        ck_assert_double_eq_tol(times[0][n], times[1][n], 1e-10 * largest(times[0], p.spikes.n));
    for (int k = 0; k < 2; k++)
        pm_adjoint_free(&adjoint[k]);
    pm_wiring_free(wiring);
    free(dl_dt);
    pm_raster_free(&p.spikes);
    pm_network_free(p.net);
}
END_TEST

/* --- layered networks --------------------------------------------------------------------------------------------- */

enum { LAYERS = 3 };
static const size_t SIZES[LAYERS + 1] = {12, 10, 9, 3};

typedef struct layers {
    pm_layered net;
    pm_raster input;
    size_t count[LAYERS][MAX_NEURONS];
    bool begun;
} layers;

/* Only the output's spikes are in the loss; hidden spikes must stay the same. */
static double run_layers(void *user) {
    layers *p = user;
    pm_error error = {0};
    size_t count[LAYERS][MAX_NEURONS];
    double loss = 0.0;
    ck_assert_msg(pm_layered_run(&p->net, &p->input, 80.0, 0, &error) == PM_OK, "%s", error.message);
    for (size_t l = 0; l < LAYERS; l++)
        loss = loss_of_raster(&p->net.rasters[l + 1], 0, count[l]);
    if (!p->begun)
        memcpy(p->count, count, sizeof count);
    p->begun = true;
    return memcmp(p->count, count, sizeof count) == 0 ? loss : NAN;
}

/* Four receptors, with a part of the sources each. */
static void give_receptors(pm_layered *net, const pm_neuron *neuron) {
    const pm_receptor receptors[] = {
        pm_receptor_of_neuron(neuron),
        {.name = "alpha", .kernel = &pm_kernel_alpha, .parameters = {3.0}},
        {.name = "slow", .kernel = &pm_kernel_double_exponential, .parameters = {14.0, 0.5}, .peak = true},
        {.name = "short", .kernel = &pm_kernel_exponential, .parameters = {2.0}}};
    for (size_t l = 0; l < LAYERS; l++) {
        uint32_t part = (uint32_t)net->layers[l].n_in / 4, rest = (uint32_t)net->layers[l].n_in - 3 * part;
        ck_assert_int_eq(
            pm_layer_set_receptors(&net->layers[l], receptors, (uint32_t[]){part, rest, part, part}, 4, NULL), PM_OK);
    }
}

static layers draw_layers(unsigned long seed, int flags) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, seed);
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = flags & REFRACTORY ? 2.0 : 0.0;
    neuron.I_e = flags & CURRENT ? 300.0 : 0.0;
    neuron.tau_1 = flags & EQUAL ? 10.0 : 5.0;
    neuron.tau_2 = flags & SINGLE ? 0.0 : 1.25;
    neuron.V_th = -50.0;
    pm_lif lif = pm_lif_of_neuron(&neuron);
    layers p = {0};
    pm_error error = {0};
    ck_assert_int_eq(pm_layered_new(&p.net, &lif, SIZES, LAYERS, &error), PM_OK);
    for (size_t l = 0; l < LAYERS; l++)
        for (size_t i = 0; i < SIZES[l]; i++)
            for (size_t j = 0; j < SIZES[l + 1]; j++) {
                double w = (flags & SINGLE ? 330.0 : 420.0) * (flags & EQUAL ? 0.5 : 1.0) *
                           (flags & SEVERAL ? 0.7 : 1.0) * (1.0 + gsl_ran_gaussian(rng, 1.0));
                p.net.layers[l].weight[i * p.net.layers[l].stride + j] = w;
            }
    for (int k = 0; k < 60; k++)
        ck_assert_int_eq(pm_raster_append(&p.input, 1.0 + 70.0 * gsl_rng_uniform(rng),
                                          (uint32_t)gsl_rng_uniform_int(rng, SIZES[0]), 0.0, &error),
                         PM_OK);
    for (size_t k = 0; k + 1 < p.input.n; k += 9) /* some arrive together */
        p.input.time[k] = p.input.time[k + 1];
    ck_assert_int_eq(pm_raster_sort(&p.input, &error), PM_OK);
    if (flags & SEVERAL)
        give_receptors(&p.net, &neuron);
    gsl_rng_free(rng);
    return p;
}

static const int LAYERED_KINDS[] = {0,
                                    SINGLE,
                                    REFRACTORY,
                                    REFRACTORY | SINGLE | CURRENT,
                                    EQUAL,
                                    EQUAL | REFRACTORY | CURRENT,
                                    EQUAL | SINGLE,
                                    SEVERAL, /* from here on */
                                    SEVERAL | REFRACTORY,
                                    SEVERAL | SINGLE | REFRACTORY | CURRENT,
                                    SEVERAL | EQUAL};
enum { N_LAYERED_KINDS = sizeof LAYERED_KINDS / sizeof *LAYERED_KINDS, N_PLAIN_KINDS = N_LAYERED_KINDS - 4 };

/* Gradients of all layers, and of the input's times, equal central differences of the exact run. */
START_TEST(layered) {
    tally t = {0};
    size_t spikes = 0;
    pm_error error = {0};
    pm_adjoint_layers adjoint = {.input_times = true};
    for (unsigned long seed = 1; seed <= 4; seed++) {
        layers p = draw_layers(1000 * seed + (unsigned long)_i, LAYERED_KINDS[_i]);
        ck_assert(!isnan(run_layers(&p)));
        spikes += p.net.rasters[LAYERS].n;
        double *dl_dt = loss_slopes(&p.net.rasters[LAYERS], 0), *gradient[LAYERS], times[60];
        for (size_t l = 0; l < LAYERS; l++)
            gradient[l] = calloc(SIZES[l] * p.net.layers[l].stride, sizeof **gradient);
        ck_assert_msg(pm_adjoint_layered(&adjoint, &p.net, dl_dt, gradient, &error) == PM_OK, "%s", error.message);
        memcpy(times, adjoint.time[0], sizeof times);
        for (size_t l = 0; l < LAYERS; l++) {
            pm_layer *layer = &p.net.layers[l];
            double scale = largest(gradient[l], SIZES[l] * layer->stride);
            for (size_t i = 0; i < SIZES[l]; i++)
                for (size_t j = i % 5; j < SIZES[l + 1]; j += 5) {
                    size_t k = i * layer->stride + j;
                    compare(&t, run_layers, &p, &layer->weight[k], 1.0, gradient[l][k], scale, "weight", k);
                }
        }
        for (size_t k = 0; k < 60; k += 4) {
            bool together = (k > 0 && p.input.time[k - 1] == p.input.time[k]) || p.input.time[k + 1] == p.input.time[k];
            if (!together) /* moving one of two past the other would need the input sorted anew */
                compare(&t, run_layers, &p, &p.input.time[k], 3e-3, times[k], largest(times, 60), "input", k);
        }
        free(dl_dt);
        for (size_t l = 0; l < LAYERS; l++)
            free(gradient[l]);
        pm_layered_free(&p.net);
        pm_raster_free(&p.input);
    }
    pm_adjoint_layers_free(&adjoint);
    ck_assert_uint_gt(spikes, 50);
    ck_assert_uint_gt(t.kept, 9 * t.skipped);
}
END_TEST

/* Both sweeps give the same gradient for the same network: their arithmetic differs in order only. A layer that is not
 * wanted changes nothing of the others. */
START_TEST(sweeps_agree) {
    int flags = LAYERED_KINDS[_i];
    pm_error error = {0};
    layers p = draw_layers(7 + (unsigned long)_i, flags);
    run_layers(&p);
    pm_adjoint_layers wide = {0}, upper = {0};
    pm_adjoint general = {0};
    double *dl_dt = loss_slopes(&p.net.rasters[LAYERS], 0), *gradient[LAYERS], *part[LAYERS] = {NULL};
    for (size_t l = 0; l < LAYERS; l++)
        gradient[l] = calloc(SIZES[l] * p.net.layers[l].stride, sizeof **gradient);
    part[1] = calloc(SIZES[1] * p.net.layers[1].stride, sizeof **part);
    ck_assert_int_eq(pm_adjoint_layered(&wide, &p.net, dl_dt, gradient, &error), PM_OK);
    ck_assert_int_eq(pm_adjoint_layered(&upper, &p.net, dl_dt, part, &error), PM_OK);
    ck_assert(memcmp(part[1], gradient[1], SIZES[1] * p.net.layers[1].stride * sizeof **part) == 0);

    enum { N = 12 + 10 + 9 + 3 };
    uint32_t class[N], first[LAYERS + 1] = {0, 12, 22, 31};
    for (size_t n = 0; n < N; n++)
        class[n] = n < SIZES[0] ? PM_IS_SOURCE : 0;
    pm_synapse list[12 * 10 + 10 * 9 + 9 * 3];
    double expected[sizeof list / sizeof *list], weight[sizeof list / sizeof *list] = {0};
    size_t count = 0, total = 0;
    for (size_t l = 0; l < LAYERS; l++)
        for (uint32_t i = 0; i < SIZES[l]; i++)
            for (uint32_t j = 0; j < SIZES[l + 1]; j++) {
                size_t k = i * p.net.layers[l].stride + j;
                expected[count] = gradient[l][k];
                list[count++] = (pm_synapse){first[l] + i, first[l + 1] + j, p.net.layers[l].weight[k], 0.0};
            }
    for (size_t l = 0; l <= LAYERS; l++)
        total += p.net.rasters[l].n;
    pm_raster all = {0};
    double *all_dl_dt = calloc(total, sizeof *all_dl_dt);
    size_t next[LAYERS + 1] = {0};
    while (all.n < total) { /* merges the rasters */
        size_t from = LAYERS + 1;
        for (size_t l = 0; l <= LAYERS; l++)
            if (next[l] < p.net.rasters[l].n &&
                (from > LAYERS || p.net.rasters[l].time[next[l]] < p.net.rasters[from].time[next[from]]))
                from = l;
        const pm_raster *r = &p.net.rasters[from];
        size_t s = next[from]++;
        all_dl_dt[all.n] = from == LAYERS ? dl_dt[s] : 0.0;
        ck_assert_int_eq(pm_raster_append(&all, r->time[s], first[from] + r->neuron[s], r->slope[s], &error), PM_OK);
    }
    pm_synapses synapses;
    ck_assert_int_eq(pm_synapses_new(&synapses, &p.net.layers[0].lif, 1, class, N, list, count, &error), PM_OK);
    ck_assert_int_eq(
        pm_adjoint_run(&general, &synapses, &all, all_dl_dt, &(pm_adjoint_gradient){.weight = weight}, &error), PM_OK);
    for (size_t k = 0; k < count; k++)
        ck_assert_double_eq_tol(weight[k], expected[k], 1e-10 * largest(expected, count));
    pm_synapses_free(&synapses);
    pm_raster_free(&all);
    free(all_dl_dt);
    free(dl_dt);
    free(part[1]);
    for (size_t l = 0; l < LAYERS; l++)
        free(gradient[l]);
    pm_adjoint_free(&general);
    pm_adjoint_layers_free(&wide);
    pm_adjoint_layers_free(&upper);
    pm_layered_free(&p.net);
    pm_raster_free(&p.input);
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------------------------- */

static pm_status sweep_two(const pm_raster *spikes, double floor, const pm_synapse *synapse, double *weight,
                           pm_error *error) {
    pm_neuron neuron = pm_neuron_default();
    pm_lif lif = pm_lif_of_neuron(&neuron);
    const uint32_t class[2] = {PM_IS_SOURCE, 0};
    const double dl_dt[4] = {0.0, 1.0, 1.0, 1.0};
    pm_synapses synapses;
    pm_status status = pm_synapses_new(&synapses, &lif, 1, class, 2, synapse, 1, error);
    pm_adjoint adjoint = {.slope_floor = floor};
    if (status == PM_OK)
        status = pm_adjoint_run(&adjoint, &synapses, spikes, dl_dt, &(pm_adjoint_gradient){.weight = weight}, error);
    pm_adjoint_free(&adjoint);
    pm_synapses_free(&synapses);
    return status;
}

/* A grazing spike has no gradient unless there is a floor of the slope; a spike at t = 0 never has one and needs none.
 * */
START_TEST(grazing) {
    const pm_synapse synapse = {0, 1, 5000.0, 1.0};
    double times[2] = {1.0, 9.0}, slopes[2] = {0.0, 0.0}, weight = 0.0;
    uint32_t neurons[2] = {0, 1};
    pm_raster spikes = {times, slopes, neurons, 2, 2};
    pm_error error = {0};
    ck_assert_int_eq(sweep_two(&spikes, 0.0, &synapse, &weight, &error), PM_FAILED);
    ck_assert_ptr_nonnull(strstr(error.message, "neuron 1 at 9 ms"));
    weight = 0.0;
    ck_assert_int_eq(sweep_two(&spikes, 2.0, &synapse, &weight, &error), PM_OK);
    pm_neuron neuron = pm_neuron_default();
    pm_lif lif = pm_lif_of_neuron(&neuron);
    ck_assert_double_eq_tol(weight, -pm_lif_psp(&lif, 7.0) / 2.0, 1e-15);
    times[0] = times[1] = 0.0;
    weight = 0.0;
    ck_assert_int_eq(sweep_two(&spikes, 0.0, &synapse, &weight, &error), PM_OK);
    ck_assert(weight == 0.0);
}
END_TEST

/* Spikes and synapses that make no sense are refused with a message. */
START_TEST(bad_input) {
    double times[2] = {3.0, 2.0}, slopes[2] = {0.0, 1.0}, weight = 0.0;
    uint32_t neurons[2] = {0, 1};
    pm_raster spikes = {times, slopes, neurons, 2, 2};
    pm_error error = {0};
    pm_synapse synapse = {0, 1, 1.0, 0.5};
    ck_assert_int_eq(sweep_two(&spikes, 0.0, &synapse, &weight, &error), PM_INVALID);
    times[1] = NAN;
    ck_assert_int_eq(sweep_two(&spikes, 0.0, &synapse, &weight, &error), PM_INVALID);
    times[1] = 4.0;
    neurons[1] = 2;
    ck_assert_int_eq(sweep_two(&spikes, 0.0, &synapse, &weight, &error), PM_INVALID);
    neurons[1] = 1;
    ck_assert_int_eq(sweep_two(&spikes, 0.0, &synapse, &weight, &error), PM_OK);
    const pm_synapse wrong[] = {
        {0, 2, 1.0, 0.5}, {2, 1, 1.0, 0.5}, {1, 0, 1.0, 0.5}, {0, 1, 1.0, -1.0}, {0, 1, 1.0, NAN}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        ck_assert_int_eq(sweep_two(&spikes, 0.0, &wrong[k], &weight, &error), PM_INVALID);
}
END_TEST

Suite *pm_suite_adjoint(void);
Suite *pm_suite_adjoint(void) {
    Suite *suite = suite_create("adjoint");
    TCase *networks = tcase_create("networks");
    tcase_add_loop_test(networks, any_network, 0, N_KINDS);
    tcase_add_test(networks, from_wiring);
    suite_add_tcase(suite, networks);
    TCase *layers_case = tcase_create("layers");
    tcase_add_loop_test(layers_case, layered, 0, N_LAYERED_KINDS);
    tcase_add_loop_test(layers_case, sweeps_agree, 0, N_PLAIN_KINDS);
    suite_add_tcase(suite, layers_case);
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, grazing);
    tcase_add_test(limits, bad_input);
    suite_add_tcase(suite, limits);
    return suite;
}
