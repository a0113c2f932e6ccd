#include "gradient/errors.h"
#include "gradient/sweep.h"
#include "support/learning.h"

#include <check.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

enum { MAX_EVENTS = 12 };
static const double TAU_M = 10.0; /* ms, of the default neuron */

/* --- gradients --- */

/* Potential (mV above rest) of an output neuron that never fires, from arrival to arrival. */
static double output_potential(const scene *s, double t, uint32_t o) {
    const pm_layer *layer = &s->net.layers[s->net.n_layers - 1];
    const pm_raster *in = &s->net.rasters[s->net.n_layers - 1];
    pm_lif_state state = {0};
    double now = 0.0;
    for (size_t k = 0; k < in->n && in->time[k] < t; k++) {
        state = pm_lif_advance(&layer->lif, &state, in->time[k] - now);
        now = in->time[k];
        pm_lif_arrive(&layer->lif, &state, layer->weight[in->neuron[k] * layer->stride + o]);
    }
    return pm_lif_u(&layer->lif, &state, t - now);
}

static size_t count_spikes(const pm_layered *net) {
    size_t n = 0;
    for (size_t l = 1; l <= net->n_layers; l++)
        n += net->rasters[l].n;
    return n;
}

static double smallest_slope(const pm_layered *net) {
    double slope = INFINITY;
    for (size_t l = 1; l < net->n_layers; l++)
        for (size_t k = 0; k < net->rasters[l].n; k++)
            slope = fmin(slope, net->rasters[l].slope[k]);
    return slope;
}

/* Central differences of fourth order. False if a spike came or went on the way. */
static bool differences(scene *s, double t, uint32_t o, change *d) {
    static const double step = 0.2; /* pA */
    static const double at[] = {-2.0, -1.0, 1.0, 2.0}, factor[] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
    size_t n = count_spikes(&s->net);
    bool same = true;
    *d = (change){0};
    for (size_t l = 0; l < s->net.n_layers; l++) {
        pm_layer *layer = &s->net.layers[l];
        for (size_t i = 0; i < layer->n_in; i++)
            for (size_t j = 0; j < layer->n_out; j++) {
                size_t k = i * layer->stride + j;
                double weight = layer->weight[k];
                for (size_t p = 0; p < 4; p++) {
                    layer->weight[k] = weight + at[p] * step;
                    scene_run(s);
                    same = same && count_spikes(&s->net) == n;
                    d->layer[l][k] += factor[p] / step * output_potential(s, t, o);
                }
                layer->weight[k] = weight;
            }
    }
    scene_run(s);
    return same;
}

/* Whether a hidden spike is so close to t that a step of the differences may carry it across. */
static bool is_close(const pm_layered *net, double t) {
    for (size_t l = 1; l < net->n_layers; l++)
        for (size_t k = 0; k < net->rasters[l].n; k++)
            if (fabs(net->rasters[l].time[k] - t) < 0.01)
                return true;
    return false;
}

/* Where every hidden neuron fires at most once (t_ref is longer than the run) and tau_hat is tau_m, the gradient is
 * that of the exact simulation. 1e-6 leaves room for the differences where a spike nearly grazes; slopes below 2 mV/ms
 * are left out. */
START_TEST(gradient_is_exact) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = 1e4;
    neuron.tau_2 = _i % 2 ? 0.0 : 1.25;
    size_t n_layers = 1 + (size_t)_i / 2, tested = 0, spikes = 0;
    for (unsigned long seed = 1; seed <= 30; seed++) {
        gsl_rng_set(rng, seed);
        scene s = scene_new(rng, n_layers, &neuron, false);
        double t = DURATION * (0.3 + 0.7 * gsl_rng_uniform(rng));
        uint32_t o = (uint32_t)gsl_rng_uniform_int(rng, 3);
        change expected, got = rule_gradient(&s.net, t, o);
        if (smallest_slope(&s.net) > 2.0 && !is_close(&s.net, t) && differences(&s, t, o, &expected)) {
            change_assert_equal(&got, &expected, 1e-6);
            tested++;
            spikes += count_spikes(&s.net);
        }
        scene_free(&s);
    }
    gsl_rng_free(rng);
    ck_assert_uint_ge(tested, 8);
    ck_assert_uint_ge(spikes, 5 * tested * (n_layers - 1));
}
END_TEST

typedef struct rule_values {
    double tau_hat, tau_hat_hidden, slope_floor, window;
} rule_values;

/* That of a source's receptor. */
static pm_lif kernel_of(const pm_layer *layer, size_t source, double tau_hat) {
    return layer->receptors ? pm_layer_kernel_with(layer, pm_layer_receptor_of(layer, source), tau_hat)
                            : pm_trace_kernel(&layer->lif, tau_hat);
}

/* The coefficient of hidden spike s of population l (see sweep.h) by recursion through all later spikes. */
static double coefficient(const pm_layered *net, const rule_values *v, size_t l, size_t s, double t, uint32_t o) {
    const pm_raster *own = &net->rasters[l], *up = &net->rasters[l + 1];
    const pm_layer *above = &net->layers[l];
    pm_lif kernel = kernel_of(above, own->neuron[s], v->tau_hat_hidden);
    const double *weights = above->weight + own->neuron[s] * above->stride;
    double sum = 0.0, now = own->time[s];
    if (now >= t || t - now > v->window)
        return 0.0;
    if (l + 1 == net->n_layers)
        sum = weights[o] * kernel_slope(&kernel, t - now);
    for (size_t k = 0; l + 1 < net->n_layers && k < up->n; k++)
        if (up->time[k] > now)
            sum +=
                weights[up->neuron[k]] * kernel_slope(&kernel, up->time[k] - now) * coefficient(net, v, l + 1, k, t, o);
    return sum / fmax(own->slope[s], v->slope_floor);
}

static change slow_gradient(const pm_layered *net, const rule_values *v, double t, uint32_t o) {
    change c = {0};
    size_t last = net->n_layers - 1;
    for (size_t l = 0; l <= last; l++) {
        const pm_layer *layer = &net->layers[l];
        const pm_raster *own = &net->rasters[l + 1];
        pm_lif kernels[MAX_SIZE];
        for (uint32_t i = 0; i < layer->n_in; i++)
            kernels[i] = kernel_of(layer, i, l == last ? v->tau_hat : v->tau_hat_hidden);
        for (uint32_t i = 0; l == last && i < layer->n_in; i++)
            c.layer[l][i * layer->stride + o] = kernel_trace(&net->rasters[l], &kernels[i], i, t - v->window, t);
        for (size_t s = 0; l < last && s < own->n; s++) {
            double factor = coefficient(net, v, l + 1, s, t, o);
            for (uint32_t i = 0; i < layer->n_in; i++)
                c.layer[l][i * layer->stride + own->neuron[s]] +=
                    factor * kernel_trace(&net->rasters[l], &kernels[i], i, t - v->window, own->time[s]);
        }
    }
    return c;
}

/* With many spikes, resets, two kernels, a floor and a window, the sweeps give what the definition in sweep.h does,
 * observed spikes with the sign -1: 1e-10 is the rounding of sums that cancel. */
START_TEST(gradient_by_definition) {
    static const rule_values values[] = {{7.0, 4.0, 9.0, 15.0}, {10.0, 10.0, 1e-12, 1e9}, {5.0, 1.25, 20.0, 40.0}};
    const rule_values *v = &values[_i % 3];
    const setting settings[] = {{"normalisation", NONE},
                                {"tau_hat", v->tau_hat},
                                {"tau_hat_hidden", v->tau_hat_hidden},
                                {"slope_floor", v->slope_floor},
                                {"window", v->window}};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    pm_neuron neuron = pm_neuron_default();
    neuron.tau_2 = _i / 3 % 2 ? 0.0 : 1.25;
    neuron.t_ref = 4.0;
    neuron.I_e = 300.0;
    for (unsigned long seed = 1; seed <= 6; seed++) {
        gsl_rng_set(rng, seed);
        scene s = scene_new(rng, 1 + seed % 3, &neuron, true);
        if (_i >= 6)
            scene_give_receptors(&s, &neuron);
        const pm_raster *observed = &s.net.rasters[s.net.n_layers];
        pm_raster desired = {0};
        change expected = {0};
        for (int k = 0; k < 4; k++)
            ck_assert_int_eq(pm_raster_append(&desired, DURATION * gsl_rng_uniform(rng), (uint32_t)k % 3, 0.0, NULL),
                             PM_OK);
        ck_assert_int_eq(pm_raster_sort(&desired, NULL), PM_OK);
        for (size_t k = 0; k < desired.n + observed->n; k++) {
            bool wanted = k < desired.n;
            const pm_raster *raster = wanted ? &desired : observed;
            size_t at = wanted ? k : k - desired.n;
            change one = slow_gradient(&s.net, v, raster->time[at], raster->neuron[at]);
            change_add(&expected, wanted ? 1.0 : -1.0, &one);
        }
        ck_assert_uint_gt(count_spikes(&s.net), 2);
        change got = rule_learn(&s.net, &desired, settings, sizeof settings / sizeof *settings);
        change_assert_equal(&got, &expected, 1e-10);
        pm_raster_free(&desired);
        scene_free(&s);
    }
    gsl_rng_free(rng);
}
END_TEST

/* --- steps --- */

typedef struct fixture {
    gsl_rng *rng;
    scene scene;
    pm_raster desired;
    pm_error_events errors;
} fixture;

static fixture fixture_new(unsigned long seed, size_t n_layers, bool fires) {
    fixture f = {.rng = gsl_rng_alloc(gsl_rng_taus2)};
    gsl_rng_set(f.rng, seed);
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = 15.0;
    f.scene = scene_new(f.rng, n_layers, &neuron, fires);
    for (uint32_t k = 0; k < 5; k++)
        ck_assert_int_eq(pm_raster_append(&f.desired, 35.0 + 9.0 * k, k % 3, 0.0, NULL), PM_OK);
    return f;
}

static void fixture_free(fixture *f) {
    gsl_rng_free(f->rng);
    scene_free(&f->scene);
    pm_raster_free(&f->desired);
    pm_errors_free(&f->errors);
}

/* One event's step has the length of the learning rate: in every layer, or over all layers together; several steps add
 * up, and all lie along the gradients, observed spikes against them. */
START_TEST(normalised_steps) {
    static const setting per_layer[] = {{"normalisation", PER_LAYER}}, joint[] = {{"normalisation", JOINT}};
    for (unsigned long seed = 1; seed <= 5; seed++) {
        fixture f = fixture_new(seed, 3, true);
        pm_layered *net = &f.scene.net;
        change layers_sum = {0}, joint_sum = {0};
        ck_assert_int_eq(pm_errors_plain(&f.errors, &net->rasters[3], &f.desired, NULL), PM_OK);
        ck_assert_uint_gt(f.errors.n, f.desired.n);
        for (size_t e = 0; e < f.errors.n; e++) {
            pm_error_event *event = &f.errors.events[e];
            change g = rule_gradient(net, event->time, event->neuron);
            double slope = 0.0, norm = sqrt(change_product(&g, &g));
            pm_raster one = {.time = &event->time, .neuron = &event->neuron, .slope = &slope, .n = 1};
            size_t observed = net->rasters[3].n;
            net->rasters[3].n = 0;
            change a = rule_learn(net, &one, per_layer, 1), b = rule_learn(net, &one, joint, 1);
            net->rasters[3].n = observed;
            ck_assert_double_gt(norm, 0.0);
            ck_assert_double_eq_tol(sqrt(change_product(&b, &b)), 1.0, 1e-12);
            ck_assert_double_eq_tol(change_product(&b, &g), norm, 1e-12 * norm);
            for (size_t l = 0; l < 3; l++) {
                double part = sqrt(change_dot(g.layer[l], g.layer[l]));
                ck_assert_double_eq_tol(sqrt(change_dot(a.layer[l], a.layer[l])), part > 0.0 ? 1.0 : 0.0, 1e-12);
                ck_assert_double_eq_tol(change_dot(a.layer[l], g.layer[l]), part, 1e-12 * part);
            }
            change_add(&layers_sum, event->size, &a);
            change_add(&joint_sum, event->size, &b);
        }
        change together = rule_learn(net, &f.desired, per_layer, 1);
        change_assert_equal(&together, &layers_sum, 1e-10);
        together = rule_learn(net, &f.desired, joint, 1);
        change_assert_equal(&together, &joint_sum, 1e-10);
        fixture_free(&f);
    }
}
END_TEST

/* Rates multiply the steps of their layers; layers that are not plastic stay as they are and change nothing for the
 * others. */
START_TEST(rates_and_plasticity) {
    static const double rates[] = {0.5, 2.0, 8.0};
    static const bool plastic[] = {true, false, true};
    static const setting per_layer[] = {{"normalisation", PER_LAYER}};
    fixture f = fixture_new(2, 3, true);
    pm_layered *net = &f.scene.net;
    change plain = rule_learn(net, &f.desired, per_layer, 1);
    void *state = rule_new(net, &(pm_plasticity){plastic, rates}, per_layer, 1);
    rule_gather(state, net, &f.desired);
    change c = rule_settle(state, net), nothing = rule_settle(state, net), zero = {0};
    pm_rule_free(&pm_rule_normad, state);
    for (size_t l = 0; l < 3; l++)
        for (size_t k = 0; k < WEIGHTS; k++)
            plain.layer[l][k] *= plastic[l] ? rates[l] : 0.0;
    ck_assert_double_gt(change_dot(c.layer[0], c.layer[0]), 0.0);
    change_assert_equal(&c, &plain, 1e-12);
    change_assert_equal(&nothing, &zero, 0.0); /* what was gathered is used up */
    fixture_free(&f);
}
END_TEST

typedef struct gathered {
    change gradients[MAX_EVENTS];
    double sizes[MAX_EVENTS]; /* +-1 or mV */
    size_t n;
} gathered;

/* Gathers the present run, and on the side the gradient of each of its events. */
static void gather_both(fixture *f, void *state, int errors, gathered *all) {
    static const pm_error_pairing pairing = {.window = 6.0, .step = 10.0, .approach = 0.5, .slope = 1.0};
    pm_layered *net = &f->scene.net;
    const pm_raster *observed = &net->rasters[net->n_layers];
    rule_gather(state, net, &f->desired);
    pm_status status = errors == PLAIN ? pm_errors_plain(&f->errors, observed, &f->desired, NULL)
                                       : pm_errors_paired(&f->errors, observed, &f->desired, 3, &pairing, NULL);
    ck_assert_int_eq(status, PM_OK);
    for (size_t e = 0; e < f->errors.n; e++) {
        const pm_error_event *event = &f->errors.events[e];
        ck_assert_uint_lt(all->n, MAX_EVENTS);
        all->gradients[all->n] = rule_gradient(net, event->time, event->neuron);
        all->sizes[all->n++] = event->size;
    }
}

/* Two patterns, settled together in the norm of these rates. */
static change gram_change(fixture *f, const double *rates, int errors, double longest, gathered *all) {
    const setting settings[] = {{"normalisation", GRAM}, {"errors", errors},  {"pair_window", 6.0},     {"step", 10.0},
                                {"approach", 0.5},       {"pair_slope", 1.0}, {"longest_step", longest}};
    void *state =
        rule_new(&f->scene.net, &(pm_plasticity){ALL_PLASTIC, rates}, settings, sizeof settings / sizeof *settings);
    f->desired.n = 3;
    f->scene.net.rasters[f->scene.net.n_layers].n = 2; /* few enough events to be independent */
    gather_both(f, state, errors, all);
    scene_draw_input(&f->scene, f->rng);
    scene_run(&f->scene);
    f->desired.n = 2;
    f->scene.net.rasters[f->scene.net.n_layers].n = 2;
    gather_both(f, state, errors, all);
    change c = rule_settle(state, &f->scene.net);
    pm_rule_free(&pm_rule_normad, state);
    return c;
}

/* A random direction in which no event's potential moves: Gram and Schmidt, twice for the digits. */
static change idle_direction(gsl_rng *rng, const pm_layered *net, const gathered *all) {
    static change basis[MAX_EVENTS];
    change d = {0};
    for (size_t l = 0; l < net->n_layers; l++)
        for (size_t k = 0; k < net->layers[l].n_in * net->layers[l].stride; k++)
            d.layer[l][k] = gsl_ran_gaussian(rng, 1.0);
    for (size_t e = 0; e <= all->n; e++) {
        change *x = e < all->n ? &basis[e] : &d;
        if (e < all->n)
            *x = all->gradients[e];
        for (int twice = 0; twice < 2; twice++)
            for (size_t k = 0; k < e; k++)
                change_add(x, -change_product(x, &basis[k]), &basis[k]);
        double norm = sqrt(change_product(x, x));
        change unit = {0};
        change_add(&unit, 1.0 / norm, x);
        *x = unit;
    }
    return d;
}

static double metric_product(const change *a, const change *b, const double *rates) {
    double sum = 0.0;
    for (size_t l = 0; l < MAX_LAYERS; l++)
        sum += change_dot(a->layer[l], b->layer[l]) / rates[l];
    return sum;
}

/* The change moves the linearised potentials at all events of all patterns by their sizes, and is the smallest one that
 * does: it has no part in any idle direction, in the norm in which layer l counts 1/rate_l. 1e-8: the Gram matrix
 * squares the condition of the gradients. */
START_TEST(gram) {
    static const double rates[] = {0.25, 1.0, 4.0};
    static gathered all;
    for (unsigned long seed = 1; seed <= 8; seed++) {
        all = (gathered){0};
        fixture f = fixture_new(seed, 1 + seed % 3, true);
        change c = gram_change(&f, rates, _i, 1e300, &all);
        double length = sqrt(metric_product(&c, &c, rates));
        for (size_t e = 0; e < all.n; e++)
            ck_assert_double_eq_tol(change_product(&all.gradients[e], &c), all.sizes[e],
                                    1e-8 * (1.0 + fabs(all.sizes[e])));
        change idle = idle_direction(f.rng, &f.scene.net, &all);
        for (size_t e = 0; e < all.n; e++)
            ck_assert_double_le(fabs(change_product(&all.gradients[e], &idle)), 1e-12);
        ck_assert_double_le(fabs(metric_product(&c, &idle, rates)),
                            1e-8 * length * sqrt(metric_product(&idle, &idle, rates)));
        fixture_free(&f);
        f = fixture_new(seed, 1 + seed % 3, true); /* the same, but no longer than that */
        all = (gathered){0};
        change shorter = gram_change(&f, rates, _i, 0.25 * length, &all), expected = {0};
        change_add(&expected, 0.25, &c);
        change_assert_equal(&shorter, &expected, 1e-10);
        fixture_free(&f);
    }
}
END_TEST

/* Where no hidden neuron fires before a desired spike, every hidden potential is raised by `recruit`, `recruit_lag`
 * earlier; where one does, nothing is. */
START_TEST(recruits_silent_layers) {
    static const setting settings[] = {{"recruit", 3.0}, {"recruit_lag", 2.0}, {"recruit_window", 10.0}};
    fixture f = fixture_new(3, 2, false);
    pm_layered *net = &f.scene.net;
    pm_layer *hidden = &net->layers[0];
    pm_lif kernel = pm_trace_kernel(&hidden->lif, TAU_M);
    f.desired.n = 1;
    change fired = rule_learn(net, &f.desired, settings, 0), same = rule_learn(net, &f.desired, settings, 3);
    ck_assert_double_gt(change_product(&fired, &fired), 0.0);
    change_assert_equal(&same, &fired, 0.0);
    memset(hidden->weight, 0, hidden->n_in * hidden->stride * sizeof(double));
    scene_run(&f.scene);
    change c = rule_learn(net, &f.desired, settings, 3);
    for (size_t j = 0; j < hidden->n_out; j++) {
        double moved = 0.0;
        for (uint32_t i = 0; i < hidden->n_in; i++)
            moved += c.layer[0][i * hidden->stride + j] *
                     kernel_trace(&f.scene.input, &kernel, i, 0.0, f.desired.time[0] - 2.0);
        ck_assert_double_eq_tol(moved, 3.0, 1e-12);
    }
    ck_assert_double_eq(change_dot(c.layer[1], c.layer[1]), 0.0);
    fixture_free(&f);
}
END_TEST

/* Rates of hidden layers fall along half a cosine to `anneal_to` and start again; the output's stays. */
START_TEST(hidden_rates_are_annealed) {
    static const setting settings[] = {{"normalisation", PER_LAYER}, {"anneal", 5.0}, {"anneal_to", 0.1}};
    static const double rates[] = {2.0, 1.0, 3.0};
    fixture f = fixture_new(2, 3, true);
    pm_layered *net = &f.scene.net;
    void *constant = rule_new(net, &(pm_plasticity){ALL_PLASTIC, rates}, settings, 1);
    void *annealed = rule_new(net, &(pm_plasticity){ALL_PLASTIC, rates}, settings, 3);
    for (size_t step = 0; step < 12; step++) {
        rule_gather(constant, net, &f.desired);
        rule_gather(annealed, net, &f.desired);
        change expected = rule_settle(constant, net), c = rule_settle(annealed, net);
        double share = 0.1 + 0.9 * 0.5 * (1.0 + cos(M_PI * (double)(step % 5) / 5.0));
        for (size_t l = 0; l < 2; l++)
            for (size_t k = 0; k < WEIGHTS; k++)
                expected.layer[l][k] *= share;
        ck_assert_double_gt(change_dot(c.layer[0], c.layer[0]), 0.0);
        change_assert_equal(&c, &expected, 1e-12);
    }
    pm_rule_free(&pm_rule_normad, constant);
    pm_rule_free(&pm_rule_normad, annealed);
    fixture_free(&f);
}
END_TEST

/* With spikes held, an observed spike without partner has the gradient that ignores resets. */
START_TEST(excess_spikes_see_all_inputs) {
    static const setting settings[] = {{"normalisation", NONE}, {"resets", PM_RESETS_HELD}, {"errors", PAIRED}};
    const pm_error_pairing pairing = {.window = 5.0, .step = 10.0, .approach = 0.2, .slope = 1.0};
    size_t excess = 0;
    for (unsigned long seed = 1; seed <= 5; seed++) {
        fixture f = fixture_new(seed, 2, true);
        pm_layered *net = &f.scene.net;
        net->layers[1].lif.t_ref = 0.0;
        scene_run(&f.scene);
        change c = rule_learn(net, &f.desired, settings, 3), expected = {0};
        pm_sweep held;
        ck_assert_int_eq(pm_sweep_new_held(&held, net, ALL_PLASTIC, 10.0, 10.0, 1e-9, 1e9, NULL), PM_OK);
        ck_assert_int_eq(pm_sweep_begin(&held, net, NULL), PM_OK);
        ck_assert_int_eq(pm_errors_paired(&f.errors, &net->rasters[2], &f.desired, 3, &pairing, NULL), PM_OK);
        double *row = aligned_alloc(64, held.row * sizeof *row);
        for (size_t e = 0; e < f.errors.n; e++) {
            const pm_error_event *event = &f.errors.events[e];
            ck_assert_int_eq(pm_sweep_event(&held, net, event->time, event->neuron, row, NULL), PM_OK);
            change g = {0};
            if (event->excess)
                g = rule_gradient(net, event->time, event->neuron);
            else
                pm_sweep_add(&held, net, row, (double *[]){g.layer[0], g.layer[1]});
            change_add(&expected, event->size, &g);
            excess += event->excess;
        }
        change_assert_equal(&c, &expected, 1e-10);
        free(row);
        pm_sweep_free(&held);
        fixture_free(&f);
    }
    ck_assert_uint_ge(excess, 5);
}
END_TEST

Suite *pm_suite_normad(void);
Suite *pm_suite_normad(void) {
    Suite *suite = suite_create("normad");
    TCase *tests = tcase_create("normad");
    tcase_add_loop_test(tests, gradient_is_exact, 0, 2 * MAX_LAYERS);
    tcase_add_loop_test(tests, gradient_by_definition, 0, 12); /* the last 6 with receptors */
    tcase_add_test(tests, normalised_steps);
    tcase_add_test(tests, rates_and_plasticity);
    tcase_add_loop_test(tests, gram, 0, 2);
    tcase_add_test(tests, recruits_silent_layers);
    tcase_add_test(tests, hidden_rates_are_annealed);
    tcase_add_test(tests, excess_spikes_see_all_inputs);
    suite_add_tcase(suite, tests);
    return suite;
}
