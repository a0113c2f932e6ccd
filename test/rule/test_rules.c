/* The rules of spike timing: their closed forms against quadrature, and their gradients against differences of the
 * exact simulation. */
#include "layer/layer_receptors.h"
#include "rule/pairs.h"
#include "support/presets.h"
#include "support/learning.h"

#include <check.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What `rule` asks for after the network's last run; its parameters are the defaults but for these settings. */
static change learn(const pm_learning_rule *rule, const pm_layered *net, const pm_raster *desired,
                    const setting *settings, size_t n, const bool *plastic) {
    static const double rates[MAX_LAYERS] = {1.0, 1.0, 1.0};
    double parameters[PM_RULE_PARAMETERS_SIZE / sizeof(double)];
    void *state = NULL;
    change c = {0};
    pm_error error = {0};
    double *const layers[MAX_LAYERS] = {c.layer[0], c.layer[1], c.layer[2]};
    pm_kind_preset(&rule->head, parameters);
    for (size_t k = 0; k < n; k++) {
        const pm_field *field = pm_kind_field(&rule->head, settings[k].name);
        ck_assert_msg(field != NULL, "%s", settings[k].name);
        pm_field_set(field, parameters, settings[k].value);
    }
    pm_plasticity plasticity = {plastic, rates};
    ck_assert_msg(pm_rule_new(rule, net, &plasticity, parameters, &state, &error) == PM_OK, "%s", error.message);
    ck_assert_msg(rule->gather(state, net, desired, &error) == PM_OK, "%s", error.message);
    ck_assert_int_eq(rule->settle(state, net, layers, &error), PM_OK);
    pm_rule_free(rule, state);
    return c;
}

static const pm_learning_rule *const rules[] = {
    &pm_rule_resume,     &pm_rule_multilayer_resume, &pm_rule_span,      &pm_rule_psd,
    &pm_rule_chronotron, &pm_rule_finite_precision,  &pm_rule_spikeprop, &pm_rule_exact_gradient};
enum { N_RULES = sizeof rules / sizeof *rules };
static const bool output_only[MAX_LAYERS] = {false, false, true}, one[MAX_LAYERS] = {true};

typedef struct fixture {
    gsl_rng *rng;
    scene scene;
    pm_raster desired;
} fixture;

/* A network that fires, refractory or not, and desired spikes somewhere else. */
static fixture fixture_new(unsigned long seed, size_t n_layers, bool receptors) {
    fixture f = {.rng = gsl_rng_alloc(gsl_rng_taus2)};
    gsl_rng_set(f.rng, seed);
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = seed % 2 ? 0.0 : 3.0;
    neuron.I_e = 200.0;
    f.scene = scene_new(f.rng, n_layers, &neuron, true);
    if (receptors)
        scene_give_receptors(&f.scene, &neuron);
    for (uint32_t k = 0; k < 6; k++)
        ck_assert_int_eq(pm_raster_append(&f.desired, 20.0 + 8.3 * k, k % 3, 0.0, NULL), PM_OK);
    return f;
}

static void fixture_free(fixture *f) {
    gsl_rng_free(f->rng);
    scene_free(&f->scene);
    pm_raster_free(&f->desired);
}

/* Nothing changes where what is observed is what is desired, and something does where it is not. */
START_TEST(fixed_point) {
    const pm_learning_rule *rule = rules[_i % N_RULES];
    size_t fired = 0;
    for (unsigned long seed = 1; seed <= 6; seed++) {
        fixture f = fixture_new(seed, 3, _i >= N_RULES);
        const pm_raster *observed = &f.scene.net.rasters[3];
        fired += observed->n;
        change none = learn(rule, &f.scene.net, observed, NULL, 0, output_only);
        change some = learn(rule, &f.scene.net, &f.desired, NULL, 0, output_only);
        ck_assert_double_gt(change_product(&some, &some), 0.0);
        ck_assert_double_le(change_product(&none, &none), 1e-24 * change_product(&some, &some)); /* sums of +1 and -1 */
        fixture_free(&f);
    }
    ck_assert_uint_gt(fired, 10);
}
END_TEST

/* The rules that know the output layer only say so. */
START_TEST(output_layer_only) {
    fixture f = fixture_new(1, 2, false);
    static const double rates[] = {1.0, 1.0};
    for (size_t r = 0; r < N_RULES; r++) {
        void *state = NULL;
        pm_error error = {0};
        pm_plasticity both = {ALL_PLASTIC, rates};
        bool several = rules[r] == &pm_rule_multilayer_resume || rules[r] == &pm_rule_spikeprop ||
                       rules[r] == &pm_rule_exact_gradient;
        pm_status status = pm_rule_new(rules[r], &f.scene.net, &both, presets_of(&rules[r]->head), &state, &error);
        ck_assert_int_eq(status, several ? PM_OK : PM_INVALID);
        if (several)
            pm_rule_free(rules[r], state);
        else
            ck_assert_ptr_nonnull(strstr(error.message, "layer 1 is plastic"));
    }
    fixture_free(&f);
}
END_TEST

enum { SPAN, PSD, RESUME, MULTILAYER, KINDS };

typedef struct pair {
    double input, output; /* ms */
} pair;

static double alpha(double t, double tau) { return t > 0.0 ? M_E / tau * t * exp(-t / tau) : 0.0; }

static double filtered(double t, void *user) {
    const pair *p = user;
    return alpha(t - p->input, 4.0) * alpha(t - p->output, 4.0);
}

/* One input spike and one output spike, by the definition of the rule. */
static double by_definition(int kind, double input, double output) {
    double s = output - input;
    if (kind == SPAN) {
        pair p = {input, output};
        gsl_function f = {filtered, &p};
        gsl_integration_workspace *w = gsl_integration_workspace_alloc(200);
        double integral = 0.0, estimate = 0.0, from = fmax(input, output);
        gsl_integration_qagiu(&f, from, 1e-14, 1e-12, 200, w, &integral, &estimate);
        gsl_integration_workspace_free(w);
        return integral;
    }
    if (kind == RESUME)
        return 0.05 + (s > 0.0 ? exp(-s / 4.0) : 0.0);
    if (kind == MULTILAYER) /* with the 9 inputs of the scene */
        return (0.05 + (s > 0.0 ? 1.2 * exp(-s / 5.0) : -0.5 * exp(s / 5.0))) / 9.0;
    double largest = 0.0; /* of the kernel, where its derivative is 0 */
    double peak = 10.0 * 2.5 / 7.5 * log(4.0);
    largest = exp(-peak / 10.0) - exp(-peak / 2.5);
    return s > 0.0 ? (exp(-s / 10.0) - exp(-s / 2.5)) / largest : 0.0;
}

/* The change is the sum over all pairs of input and output spikes, desired ones counting +1 and observed ones -1. The
 * non-Hebbian part `a` comes once per output spike: with a = 0.05 it is taken out of all pairs and added once. */
START_TEST(windows_by_definition) {
    static const pm_learning_rule *const of_kind[KINDS] = {&pm_rule_span, &pm_rule_psd, &pm_rule_resume,
                                                           &pm_rule_multilayer_resume};
    static const setting taus[KINDS][2] = {{{"tau", 4.0}},
                                           {{"tau_m", 10.0}, {"tau_s", 2.5}},
                                           {{"tau", 4.0}, {"a", 0.05}},
                                           {{"a", 0.05}, {"tau_plus", 5.0}}};
    double a = _i == RESUME ? 0.05 : _i == MULTILAYER ? 0.05 / 9.0 : 0.0;
    fixture f = fixture_new(3, 1, false);
    const pm_layered *net = &f.scene.net;
    change got = learn(of_kind[_i], net, &f.desired, taus[_i], _i == SPAN ? 1 : 2, one), expected = {0};
    for (int sign = -1; sign <= 1; sign += 2) {
        const pm_raster *spikes = sign > 0 ? &f.desired : &net->rasters[1];
        ck_assert_uint_gt(spikes->n, 0);
        for (size_t e = 0; e < spikes->n; e++) {
            for (size_t i = 0; i < net->layers[0].n_in; i++)
                expected.layer[0][i * net->layers[0].stride + spikes->neuron[e]] += sign * a;
            for (size_t k = 0; k < f.scene.input.n; k++)
                expected.layer[0][f.scene.input.neuron[k] * net->layers[0].stride + spikes->neuron[e]] +=
                    sign * (by_definition(_i, f.scene.input.time[k], spikes->time[e]) - a);
        }
    }
    change_assert_equal(&got, &expected, 1e-9);
    fixture_free(&f);
}
END_TEST

/* Errors reach hidden neurons through the weights above, as they are or without their sign. */
START_TEST(multilayer_shares) {
    fixture f = fixture_new(4, 2, false);
    pm_layered *net = &f.scene.net;
    const setting settings[] = {{"a", 1.0}, {"a_plus", 0.0}, {"a_minus", 0.0}, {"sign", _i}, {"weight_scale", 500.0}};
    change c = learn(&pm_rule_multilayer_resume, net, &f.desired, settings, 5, ALL_PLASTIC);
    double errors[3] = {2.0, 2.0, 2.0};
    for (size_t k = 0; k < net->rasters[2].n; k++)
        errors[net->rasters[2].neuron[k]] -= 1.0;
    for (size_t h = 0; h < net->layers[1].n_in; h++) {
        double share = 0.0;
        for (size_t o = 0; o < 3; o++) {
            double weight = net->layers[1].weight[h * net->layers[1].stride + o] / 500.0;
            share += (_i == 1 ? weight : fabs(weight)) * errors[o];
        }
        share /= (double)net->layers[1].n_in * (double)net->layers[0].n_in;
        ck_assert_double_eq_tol(c.layer[0][h], share, 1e-12 * (1.0 + fabs(share)));
    }
    fixture_free(&f);
}
END_TEST

/* The potential of neuron o at t with the neuron's own spikes held where they are: the last restart, and all inputs. */
static double held_potential(const pm_layered *net, size_t l, size_t o, double t, double last) {
    const pm_layer *layer = &net->layers[l];
    double from = isfinite(last) ? last + layer->lif.t_ref : 0.0, decay = exp(-(t - from) * layer->lif.l_m);
    double u = isfinite(last) ? layer->lif.u_reset * decay : 0.0;
    for (size_t k = 0; k < net->rasters[l].n && net->rasters[l].time[k] < t; k++) {
        double s = net->rasters[l].time[k], w = layer->weight[net->rasters[l].neuron[k] * layer->stride + o];
        const pm_lif kernel = pm_layer_kernel(layer, pm_layer_receptor_of(layer, net->rasters[l].neuron[k]));
        u += w * pm_lif_psp(&kernel, t - s);
        if (isfinite(last) && s < from)
            u -= w * decay * pm_lif_psp(&kernel, from - s);
    }
    return u;
}

/* E-learning for a train without pairs is the gradient of the sum of potentials at spikes alone; with pairs, of their
 * cost as well, where the spike's time changes by -1/V' per mV. */
START_TEST(chronotron_gradient) {
    for (unsigned long seed = 1; seed <= 8; seed++) {
        fixture f = fixture_new(seed, 1, _i > 0);
        const pm_layered *net = &f.scene.net;
        const setting settings[] = {{"slope", 1.0}, {"slope_scale", 1e-9}, {"gamma_r", 1.5}, {"tau_q", 4.0}};
        change c = learn(&pm_rule_chronotron, net, &f.desired, settings, 4, one);
        pm_alignment a = {0};
        for (uint32_t o = 0; o < 3; o++) {
            ck_assert_int_eq(pm_align(&a, &net->rasters[1], &f.desired, o, PM_PAIR_SQUARE, 4.0, 0.0, NULL), PM_OK);
            for (size_t i = 0; i < net->layers[0].n_in; i++) {
                double *weight = &net->layers[0].weight[i * net->layers[0].stride + o], before = *weight, ends[2];
                for (int side = 0; side < 2; side++) {
                    double cost = 0.0;
                    *weight = before + (side ? 1.0 : -1.0); /* linear in the weight: any step will do */
                    for (size_t k = 0; k < a.n; k++) {
                        double u = held_potential(net, 0, o, a.observed[k], k > 0 ? a.observed[k - 1] : -INFINITY);
                        if (k > 0 && a.observed[k] < a.observed[k - 1] + net->layers[0].lif.t_ref)
                            continue;
                        cost +=
                            a.partner_of_observed[k] == PM_ALONE
                                ? u
                                : -1.5 / 16.0 * (a.observed[k] - a.desired[a.partner_of_observed[k]]) / a.slope[k] * u;
                    }
                    for (size_t k = 0; k < a.m; k++) {
                        double last = -INFINITY;
                        for (size_t e = 0; e < a.n && a.observed[e] < a.desired[k]; e++)
                            last = a.observed[e];
                        if (a.partner_of_desired[k] == PM_ALONE && a.desired[k] >= last + net->layers[0].lif.t_ref)
                            cost -= held_potential(net, 0, o, a.desired[k], last);
                    }
                    ends[side] = cost;
                }
                *weight = before;
                ck_assert_double_eq_tol(c.layer[0][i * net->layers[0].stride + o], -0.5 * (ends[1] - ends[0]), 1e-10);
            }
        }
        pm_alignment_free(&a);
        fixture_free(&f);
    }
}
END_TEST

/* Only the first error of a run counts: a spike outside all windows, a second one in a window, or a window that ends
 * without one. */
START_TEST(first_error_only) {
    fixture f = fixture_new(5, 1, _i >= 5);
    pm_layered *net = &f.scene.net;
    pm_raster observed = {0}, desired = {0};
    static const setting wide[] = {{"tolerance", 0.5}};
    static const double cases[5][5] = {/* observed, observed, desired, instant of the error, its sign */
                                       {30.0, 60.0, 50.0, 30.0, -1.0},
                                       {50.2, 50.4, 50.0, 50.4, -1.0},
                                       {60.0, 70.0, 50.0, 50.5, 1.0},
                                       {49.8, 70.0, 50.0, 70.0, -1.0},
                                       {50.6, 70.0, 50.0, 50.5, 1.0}};
    const double *x = cases[_i % 5];
    ck_assert_int_eq(pm_raster_append(&observed, x[0], 0, 5.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_append(&observed, x[1], 0, 5.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_append(&desired, x[2], 0, 0.0, NULL), PM_OK);
    pm_raster kept = net->rasters[1];
    net->rasters[1] = observed;
    change c = learn(&pm_rule_finite_precision, net, &desired, wide, 1, one);
    double last = -INFINITY;
    for (size_t k = 0; k < 2; k++)
        last = x[k] < x[3] ? x[k] : last;
    for (size_t i = 0; i < net->layers[0].n_in; i++) {
        double *weight = &net->layers[0].weight[i * net->layers[0].stride];
        double without = held_potential(net, 0, 0, x[3], last);
        *weight += 1.0;
        double slope = held_potential(net, 0, 0, x[3], last) - without;
        *weight -= 1.0;
        ck_assert_double_eq_tol(c.layer[0][i * net->layers[0].stride], x[4] * slope, 1e-10);
        for (size_t o = 1; o < 3; o++)
            ck_assert_double_eq(c.layer[0][i * net->layers[0].stride + o], 0.0);
    }
    net->rasters[1] = kept;
    pm_raster_free(&observed);
    pm_raster_free(&desired);
    fixture_free(&f);
}
END_TEST

/* Half the sum of squared distances of the output spikes to those wanted, one by one; false if a spike came or went.
 */
static bool squared_error(scene *s, const size_t *n, const pm_raster *wanted, double *error) {
    const pm_raster *out = &s->net.rasters[s->net.n_layers];
    scene_run(s);
    for (size_t l = 1; l <= s->net.n_layers; l++)
        if (s->net.rasters[l].n != n[l])
            return false;
    *error = 0.0;
    for (size_t k = 0; k < out->n; k++) {
        if (out->neuron[k] != wanted->neuron[k])
            return false;
        *error += 0.5 * pow(out->time[k] - wanted->time[k], 2.0);
    }
    return true;
}

/* SpikeProp with every spike, and the adjoint, are the gradient of the squared time error, in every layer, resets
 * included: against central differences of the exact simulation. Desired are the observed spikes, a little elsewhere,
 * so the pairs are known. 1e-5: steps of 0.05 pA leave that of the third derivative. */
START_TEST(spike_time_gradient) {
    static const setting settings[] = {
        {"slope_floor", 1e-9}, {"recruit", 0.0}, {"pair_window", 20.0}, {"optimiser", 0.0}};
    size_t n_layers = (size_t)_i % MAX_LAYERS + 1, compared = 0;
    bool adjoint = _i / MAX_LAYERS % 2 > 0;
    const pm_learning_rule *rule = adjoint ? &pm_rule_exact_gradient : &pm_rule_spikeprop;
    for (unsigned long seed = 1; seed <= 6; seed++) {
        fixture f = fixture_new(seed, n_layers, _i >= 2 * MAX_LAYERS);
        pm_layered *net = &f.scene.net;
        pm_raster wanted = {0};
        size_t n[MAX_LAYERS + 1];
        double steepest = INFINITY;
        ck_assert_int_eq(pm_raster_copy(&wanted, &net->rasters[n_layers], NULL), PM_OK);
        for (size_t k = 0; k < wanted.n; k++)
            wanted.time[k] += 1e-3 * (1.0 + (double)(k % 5)) * (k % 2 ? 1.0 : -1.0);
        for (size_t l = 1; l <= n_layers; l++) {
            n[l] = net->rasters[l].n;
            for (size_t k = 0; k < n[l]; k++)
                steepest = fmin(steepest, net->rasters[l].slope[k]);
        }
        change c = learn(rule, net, &wanted, settings, adjoint ? 4 : 3, ALL_PLASTIC);
        for (size_t l = 0; l < n_layers && steepest > 1.0; l++) {
            double largest = 0.0;
            for (size_t k = 0; k < WEIGHTS; k++)
                largest = fmax(largest, fabs(c.layer[l][k]));
            for (size_t k = 0; k < net->layers[l].n_in * net->layers[l].stride; k += 3) {
                double *weight = &net->layers[l].weight[k], before = *weight, low, high, step = 1e-3;
                if (k % net->layers[l].stride >= net->layers[l].n_out)
                    continue;
                *weight = before + step;
                bool same = squared_error(&f.scene, n, &wanted, &high);
                *weight = before - step;
                same = squared_error(&f.scene, n, &wanted, &low) && same;
                *weight = before;
                if (!same)
                    continue;
                ck_assert_double_eq_tol(c.layer[l][k], -0.5 * (high - low) / step, 1e-5 * largest + 1e-12);
                compared++;
            }
        }
        pm_raster_free(&wanted);
        fixture_free(&f);
    }
    ck_assert_uint_gt(compared, 20);
}
END_TEST

/* With one output spike per neuron and hidden neurons of one spike, `first` and `all` are the same rule; with more,
 * they are not. */
START_TEST(spikeprop_first_spikes) {
    static const setting settings[] = {{"spikes", 0.0}, {"recruit", 0.0}}, all[] = {{"spikes", 1.0}, {"recruit", 0.0}};
    fixture f = fixture_new(1, 2, false);
    pm_layered *net = &f.scene.net;
    pm_raster wanted = {0};
    ck_assert_int_eq(pm_raster_copy(&wanted, &net->rasters[2], NULL), PM_OK);
    for (size_t k = 0; k < wanted.n; k++)
        wanted.time[k] += 0.1;
    change first = learn(&pm_rule_spikeprop, net, &wanted, settings, 2, ALL_PLASTIC);
    change every = learn(&pm_rule_spikeprop, net, &wanted, all, 2, ALL_PLASTIC);
    change_add(&first, -1.0, &every);
    ck_assert_double_gt(change_product(&first, &first), 0.0);
    for (size_t l = 1; l <= 2; l++) { /* keep the first spike of each neuron */
        pm_raster *r = &net->rasters[l];
        size_t n = 0;
        for (size_t k = 0; k < r->n; k++) {
            bool is_first = true;
            for (size_t e = 0; e < n; e++)
                is_first = is_first && r->neuron[e] != r->neuron[k];
            if (!is_first)
                continue;
            r->time[n] = r->time[k];
            r->slope[n] = r->slope[k];
            r->neuron[n++] = r->neuron[k];
        }
        r->n = n;
    }
    first = learn(&pm_rule_spikeprop, net, &wanted, settings, 2, ALL_PLASTIC);
    every = learn(&pm_rule_spikeprop, net, &wanted, all, 2, ALL_PLASTIC);
    change_assert_equal(&first, &every, 0.0);
    ck_assert_double_gt(change_product(&first, &first), 0.0);
    pm_raster_free(&wanted);
    fixture_free(&f);
}
END_TEST

Suite *pm_suite_rules(void);
Suite *pm_suite_rules(void) {
    Suite *suite = suite_create("rules");
    TCase *tests = tcase_create("rules");
    tcase_add_loop_test(tests, fixed_point, 0, 2 * N_RULES); /* as in others, the second half with receptors */
    tcase_add_test(tests, output_layer_only);
    tcase_add_loop_test(tests, windows_by_definition, 0, KINDS);
    tcase_add_loop_test(tests, multilayer_shares, 0, 2);
    tcase_add_loop_test(tests, chronotron_gradient, 0, 2);
    tcase_add_loop_test(tests, first_error_only, 0, 10);
    tcase_add_loop_test(tests, spike_time_gradient, 0, 4 * MAX_LAYERS);
    tcase_add_test(tests, spikeprop_first_spikes);
    suite_add_tcase(suite, tests);
    return suite;
}
