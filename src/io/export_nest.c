/* Which of NEST's models plays a population, and what NEST cannot do. The models of precise spike times come first,
 * then those on its grid. What a model cannot express is refused by the name of its key, never approximated: spikes on
 * the grid converge with the resolution, equations that differ do not.
 *
 * A double-exponential current is the sum of two exponential ones, of weight w with tau_1 and -w with tau_2. NEST's
 * models have a time constant for positive weights and one for negative ones (iaf_psc_exp_ps, iaf_psc_alpha_ps,
 * mat2_psc_exp) or as many ports as wanted (iaf_psc_exp_multisynapse, iaf_psc_alpha_multisynapse, glif_psc). */
#include "io/export.h"

#include "model/kernel.h"
#include "model/neuron.h"
#include "net/population.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- receptors --- */

/* A time constant as Python: a number, or the name of the column that holds one for each neuron. */
static void write_tau(const pm_population *p, size_t field, double tau, char *text) {
    if (p->n_receptors == 0 && pm_export_varies(p, field))
        (void)snprintf(text, PM_EXPORT_NUMBER, "'%s'", pm_neuron_lif.fields[field].name);
    else
        (void)snprintf(text, PM_EXPORT_NUMBER, "%.17g", tau);
}

/* The exponential or alpha terms of a receptor: of its weight, and of minus its weight. */
static size_t terms_of(const pm_population *p, uint32_t receptor, char tau[2][PM_EXPORT_NUMBER]) {
    const pm_receptor r = pm_population_get_receptor(p, receptor);
    if (r.kernel->impulse)
        return 0;
    write_tau(p, TAU_1, r.parameters[0], tau[0]);
    if (r.kernel->kind.n_fields < 2 || (r.parameters[1] == 0.0 && !pm_export_varies(p, TAU_2)))
        return 1;
    write_tau(p, TAU_2, r.parameters[1], tau[1]);
    return 2;
}

/* The first receptor whose kernel is among those, or the number of receptors. */
static uint32_t first_of(const pm_population *p, bool impulse, bool alpha, bool exponential) {
    uint32_t r = 0;
    for (; r < pm_population_receptors(p); r++) {
        const pm_kernel *kernel = pm_population_get_receptor(p, r).kernel;
        if (kernel->impulse ? impulse : kernel->form == PM_FORM_ALPHA ? alpha : exponential)
            break;
    }
    return r;
}

static bool none_of(const pm_population *p, bool impulse, bool alpha, bool exponential) {
    return first_of(p, impulse, alpha, exponential) == pm_population_receptors(p);
}

/* Whether one time constant is enough for all positive weights, and one for all negative ones. */
static bool is_by_sign(const pm_network *network, const pm_wiring *w, uint32_t population, pm_nest_neuron *neuron) {
    const pm_population *p = &network->populations[population];
    bool enough = true;
    for (uint64_t g = 0; g < w->n_groups; g++) {
        if (pm_wiring_population_of_cell(w, network, w->targets[pm_group_begin(w, g)]) != population)
            continue;
        char tau[2][PM_EXPORT_NUMBER];
        const size_t n = terms_of(p, pm_group_receptor(w, g), tau);
        for (size_t k = 0; k < 2 * n; k++) {
            const size_t negative = k / n, term = k % n;
            if (pm_group_sign(w, g) == (negative ? 1 : -1))
                continue;
            char *place = neuron->tau_syn[negative ^ term];
            enough = enough && (place[0] == '\0' || strcmp(place, tau[term]) == 0);
            (void)snprintf(place, PM_EXPORT_NUMBER, "%s", tau[term]);
        }
    }
    char unused[2][PM_EXPORT_NUMBER];
    if (neuron->tau_syn[0][0] == '\0' && neuron->tau_syn[1][0] == '\0' && terms_of(p, 0, unused) > 0)
        memcpy(neuron->tau_syn[0], unused[0], PM_EXPORT_NUMBER);
    for (size_t k = 0; k < 2; k++)
        if (neuron->tau_syn[k][0] == '\0')
            memcpy(neuron->tau_syn[k], neuron->tau_syn[1 - k], PM_EXPORT_NUMBER);
    return enough;
}

/* --- parameters that differ --- */

typedef bool meets(const pm_population *p, const pm_neuron *neuron, const char *tau);

static double number_of(const pm_neuron *neuron, const char *tau) {
    if (tau[0] == '\'')
        return strncmp(tau + 1, "tau_1", 5) == 0 ? neuron->tau_1 : neuron->tau_2;
    double value = NAN;
    (void)sscanf(tau, "%lg", &value);
    return value;
}

/* The first neuron with a time constant of NEST that equals tau_m, or the size of the population. */
static pm_status find_equal(const pm_network *network, uint32_t population, const pm_nest_neuron *neuron,
                            uint32_t *number, pm_error *error) {
    const pm_population *p = &network->populations[population];
    const uint32_t n = p->varied ? p->size : 1;
    for (*number = 0; *number < n; ++*number) {
        pm_neuron one;
        pm_status status = pm_network_neuron(network, population, *number, &one, NULL, error);
        if (status != PM_OK)
            return status;
        for (size_t k = 0; k < 2; k++)
            if (number_of(&one, neuron->tau_syn[k]) == one.C_m / one.g_L)
                return PM_OK;
    }
    *number = p->size;
    return PM_OK;
}

/* --- the choice --- */

static pm_status choose_fixed(const char *file, const pm_network *network, const pm_wiring *w, uint32_t population,
                              pm_nest_neuron *neuron, pm_error *error) {
    const pm_population *p = &network->populations[population];
    if (none_of(p, false, true, true)) {
        neuron->model = "iaf_psc_delta_ps";
        return PM_OK;
    }
    if (!none_of(p, true, false, false))
        return pm_fail_key(error, "receptors",
                           "%s: receptors: '%s' has impulses ('%s') beside currents; none of NEST's models has both; "
                           "export to brian2",
                           file, p->name, pm_population_get_receptor(p, first_of(p, true, false, false)).name);
    const bool alpha = none_of(p, true, false, true);
    if (!alpha && !none_of(p, false, true, false))
        return pm_fail_key(error, "receptors",
                           "%s: receptors: '%s' has alpha currents ('%s') beside exponential ones ('%s'); none of "
                           "NEST's models has both; export to brian2",
                           file, p->name, pm_population_get_receptor(p, first_of(p, false, true, false)).name,
                           pm_population_get_receptor(p, first_of(p, false, false, true)).name);
    neuron->ports = neuron->grid = neuron->at_once = !is_by_sign(network, w, population, neuron);
    if (neuron->ports) {
        neuron->model = alpha ? "iaf_psc_alpha_multisynapse" : "iaf_psc_exp_multisynapse";
        if (p->n_receptors == 0 && (pm_export_varies(p, TAU_1) || pm_export_varies(p, TAU_2)))
            return pm_fail_key(error, "tau_1",
                               "%s: tau_1: the time constants of '%s' differ from neuron to neuron, and its currents "
                               "are double-exponential with negative weights; NEST has one of the two only; export "
                               "to brian2",
                               file, p->name);
        return PM_OK;
    }
    neuron->model = alpha ? "iaf_psc_alpha_ps" : "iaf_psc_exp_ps";
    /* The lossless model wants both time constants equal, and different from tau_m. */
    uint32_t equal = 0;
    pm_status status = find_equal(network, population, neuron, &equal, error);
    if (status == PM_OK && !alpha && strcmp(neuron->tau_syn[0], neuron->tau_syn[1]) == 0 && equal == p->size)
        neuron->model = "iaf_psc_exp_ps_lossless";
    return status;
}

static pm_status choose_glif(const char *file, const pm_population *p, pm_nest_neuron *neuron, pm_error *error) {
    neuron->model = "glif_psc";
    neuron->ports = neuron->grid = true;
    if (p->n_threshold > 1)
        return pm_fail_key(error, "threshold",
                           "%s: threshold: '%s' has %zu jumps; NEST's glif_psc has one; export to brian2", file,
                           p->name, p->n_threshold);
    return PM_OK;
}

/* mat2_psc_exp lets V go on after a spike, in refractoriness too; of its refractory time, a single step is left. */
static pm_status choose_mat2(const char *file, const pm_network *network, const pm_wiring *w, uint32_t population,
                             pm_nest_neuron *neuron, pm_error *error) {
    const pm_population *p = &network->populations[population];
    const pm_reset *r = &p->reset;
    neuron->model = "mat2_psc_exp";
    neuron->grid = neuron->at_once = true;
    if (p->n_after_spike > 0)
        return pm_fail_key(error, "after_spike",
                           "%s: after_spike: '%s' has currents after spikes and exponential receptors; NEST's only "
                           "model with such currents, glif_psc, has alpha receptors; export to brian2",
                           file, p->name);
    if (!(r->kind == PM_RESET_FRACTION && r->fraction == 1.0 && r->add == 0.0))
        return pm_fail_key(error, "reset",
                           "%s: reset of '%s': with exponential receptors, NEST has moving thresholds and resets other "
                           "than to a value in mat2_psc_exp only, where nothing is reset (reset: {fraction: 1, "
                           "add: 0}); export to brian2",
                           file, p->name);
    if (p->n_threshold > 2)
        return pm_fail_key(error, "threshold",
                           "%s: threshold: '%s' has %zu jumps; NEST's mat2_psc_exp has two; export to brian2", file,
                           p->name, p->n_threshold);
    if (p->neuron.t_ref > 0.0 || pm_export_varies(p, T_REF))
        return pm_fail_key(error, "t_ref",
                           "%s: t_ref of '%s' is not 0 ms; NEST's mat2_psc_exp does not hold the potential after a "
                           "spike; export to brian2",
                           file, p->name);
    if (!is_by_sign(network, w, population, neuron))
        return pm_fail_key(error, "receptors",
                           "%s: receptors: '%s' needs more time constants than one for positive weights and one for "
                           "negative ones; NEST's mat2_psc_exp has no more; export to brian2",
                           file, p->name);
    uint32_t equal = 0;
    pm_status status = find_equal(network, population, neuron, &equal, error);
    if (status == PM_OK && equal < p->size)
        status = pm_fail_key(error, "receptors",
                             "%s: receptors: a time constant of neuron %s[%u] is that of its membrane; NEST's "
                             "mat2_psc_exp wants them different; export to brian2",
                             file, p->name, equal);
    return status;
}

pm_status pm_nest_choose(const char *file, const pm_network *network, const pm_wiring *wiring, uint32_t population,
                         pm_nest_neuron *neuron, pm_error *error) {
    const pm_population *p = &network->populations[population];
    *neuron = (pm_nest_neuron){0};
    if (p->n_threshold + p->n_after_spike == 0 && p->reset.kind == PM_RESET_TO)
        return choose_fixed(file, network, wiring, population, neuron, error);
    if (none_of(p, true, false, true))
        return choose_glif(file, p, neuron, error);
    if (none_of(p, true, true, false))
        return choose_mat2(file, network, wiring, population, neuron, error);
    return pm_fail_key(error, "receptors",
                       "%s: receptors: '%s' has adaptation (threshold, after_spike or reset); NEST has that with alpha "
                       "receptors (glif_psc) or with exponential ones (mat2_psc_exp) alone, not with '%s' beside "
                       "others; export to brian2",
                       file, p->name, pm_population_get_receptor(p, first_of(p, true, true, false)).name);
}

/* --- the resolution --- */

static bool is_multiple(double x, double step) { return fabs(x / step - round(x / step)) < 1e-9 * fmax(1.0, x / step); }

static const double steps[] = {0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001};
enum { N_STEPS = sizeof steps / sizeof *steps };

/* Goes on to the first resolution that divides x; false: there is none. */
static bool refine(size_t *k, double x) {
    while (*k < N_STEPS && !is_multiple(x, steps[*k]))
        ++*k;
    return *k < N_STEPS;
}

static pm_status divide_delays(const char *file, const pm_wiring *w, size_t *k, pm_error *error) {
    for (uint64_t g = 0; g < w->n_groups; g++) {
        if (pm_group_delay(w, g) == 0.0)
            return pm_fail_key(error, "delay", "%s: some synapses have no delay, and NEST has no delays of 0 ms", file);
        if (!refine(k, pm_group_delay(w, g)))
            return pm_fail_key(error, "delay",
                               "%s: a delay of %.17g ms is no multiple of 0.001 ms; NEST rounds delays to its "
                               "resolution, so give the delays in steps, as in {uniform: [1.0, 3.0, 0.1]}",
                               file, pm_group_delay(w, g));
    }
    return PM_OK;
}

static pm_status divide_refractoriness(const char *file, const pm_network *network, uint32_t population, size_t *k,
                                       const pm_nest_neuron *neuron, pm_error *error) {
    const pm_population *p = &network->populations[population];
    for (uint32_t n = 0; n < (pm_export_varies(p, T_REF) ? p->size : 1); n++) {
        pm_neuron one;
        pm_status status = pm_network_neuron(network, population, n, &one, NULL, error);
        if (status != PM_OK)
            return status;
        if (!refine(k, one.t_ref) || (!neuron->at_once && one.t_ref == 0.0))
            return pm_fail_key(error, "t_ref", "%s: '%s' has t_ref = %g ms; NEST's %s needs a%s multiple of 0.001 ms",
                               file, p->name, one.t_ref, neuron->model, neuron->at_once ? "" : " positive");
    }
    return PM_OK;
}

static pm_status divide_currents(const char *file, const pm_network *network, size_t *k, pm_error *error) {
    for (size_t c = 0; c < network->n_currents; c++) {
        const pm_current *current = &network->currents[c];
        bool divides = refine(k, current->from) && refine(k, current->to);
        if (current->kind == PM_CURRENT_NOISE)
            divides = divides && refine(k, current->interval);
        for (size_t s = 0; s < current->n_steps; s++)
            divides = divides && refine(k, current->steps[s].time);
        if (!divides)
            return pm_fail_key(error, "currents",
                               "%s: currents: a current of '%s' changes at an instant that is no multiple of 0.001 ms; "
                               "NEST changes currents on its grid",
                               file, network->populations[current->population].name);
    }
    return PM_OK;
}

pm_status pm_nest_resolution(const char *file, const pm_network *network, const pm_wiring *wiring,
                             const pm_nest_neuron *neurons, double *resolution, pm_error *error) {
    size_t k = 0;
    pm_status status = divide_delays(file, wiring, &k, error);
    for (uint32_t p = 0; status == PM_OK && p < network->n_populations; p++)
        if (network->populations[p].kind == PM_LIF)
            status = divide_refractoriness(file, network, p, &k, &neurons[p], error);
    if (status == PM_OK)
        status = divide_currents(file, network, &k, error);
    *resolution = status == PM_OK ? steps[k] : 0.0;
    return status;
}

/* --- the script --- */

/* Each receptor's connections: (port, sign of the weight). */
pm_status pm_nest_write(const pm_nest_neuron *neuron, const pm_population *population, pm_output *output,
                        pm_error *error) {
    const uint32_t n = pm_population_receptors(population);
    pm_status status = pm_output_write(output, error, ",\n        model='%s', ports=[", neuron->model);
    int port = 0;
    for (uint32_t r = 0; status == PM_OK && r < n; r++) {
        char tau[2][PM_EXPORT_NUMBER];
        const size_t terms = terms_of(population, r, tau);
        const int first = neuron->ports ? ++port : 0;
        if (neuron->ports && terms == 2)
            port++;
        status = pm_output_write(output, error, terms == 2 ? "[(%d, 1), (%d, -1)], " : "[(%d, 1)], ", first, port);
    }
    if (status != PM_OK || !neuron->ports)
        return status ? status
                      : pm_output_write(output, error, neuron->tau_syn[0][0] ? "], tau_syn=[%s, %s]" : "], tau_syn=[]",
                                        neuron->tau_syn[0], neuron->tau_syn[1]);
    status = pm_output_write(output, error, "], tau_syn=[");
    for (uint32_t r = 0; status == PM_OK && r < n; r++) {
        char tau[2][PM_EXPORT_NUMBER];
        const size_t terms = terms_of(population, r, tau);
        for (size_t k = 0; status == PM_OK && k < terms; k++)
            status = pm_output_write(output, error, "%s, ", tau[k]);
    }
    return status ? status : pm_output_write(output, error, "]");
}
