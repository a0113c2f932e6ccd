/* w (e^{-t/tau_1} - e^{-t/tau_2}): the difference of two decaying currents. tau_2 = 0 is the single exponential. */
#include "math/elementary.h"
#include "model/kernel.h"

static pm_status check(const void *structure, pm_error *error) {
    const double *tau = structure;
    if (tau[1] != 0.0 && tau[1] < PM_LEAST)
        return pm_fail_key(error, "tau_2", "tau_2 is %g ms; it must be 0 or at least %g ms", tau[1], PM_LEAST);
    if (tau[1] >= tau[0])
        return pm_fail_key(error, "tau_2", "tau_2 is %g ms; it must be smaller than tau_1 = %g ms", tau[1], tau[0]);
    return PM_OK;
}

static pm_port port(const double *parameters, bool peak, double tau_m) {
    pm_port p = parameters[1] > 0.0 ? pm_port_double(tau_m, parameters[0], parameters[1])
                                    : pm_port_single(tau_m, parameters[0]);
    if (peak)
        p.jump /= pm_port_peak_current(&p);
    return p;
}

/* When the current of an arrival has its peak, ms after it. */
static double peak_time(const double *tau) { return pm_log(tau[0] / tau[1]) / (1.0 / tau[1] - 1.0 / tau[0]); }

/* k = l_2 - l_1; where weights are peaks, the jump is the inverse of the peak, which does not depend on its time. */
static void slopes(const double *tau, bool peak, const pm_port_slopes *of_port, double *of_parameters) {
    const double squares[] = {tau[0] * tau[0], tau[1] * tau[1]};
    if (!(tau[1] > 0.0)) {
        of_parameters[0] -= of_port->l_1 / squares[0];
        return;
    }
    of_parameters[0] -= (of_port->l_1 - of_port->k) / squares[0];
    of_parameters[1] -= (of_port->l_2 + of_port->k) / squares[1];
    if (peak) {
        const double t = peak_time(tau), slow = pm_exp(-t / tau[0]), fast = pm_exp(-t / tau[1]);
        const double largest = slow - fast, of_log = of_port->jump * t / (largest * largest);
        of_parameters[0] -= of_log * slow / squares[0];
        of_parameters[1] += of_log * fast / squares[1];
    }
}

static double current(const double *y) { return y[0] - y[1]; }

static void derivative(const double *parameters, const double *y, double *dydt) {
    dydt[0] = -y[0] / parameters[0];
    dydt[1] = parameters[1] > 0.0 ? -y[1] / parameters[1] : 0.0;
}

static void arrive(const double *parameters, bool peak, double *y) {
    double largest = 1.0;
    if (peak && parameters[1] > 0.0) {
        const double t = peak_time(parameters);
        largest = pm_exp(-t / parameters[0]) - pm_exp(-t / parameters[1]);
    }
    y[0] += 1.0 / largest;
    y[1] += parameters[1] > 0.0 ? 1.0 / largest : 0.0;
}

static const pm_field fields[] = {
    PM_KERNEL_TIME(0, "tau_1", "slow time constant"),
    {"tau_2", "ms", "fast time constant, below tau_1; 0: a single exponential", sizeof(double), 0.0,
     .bounds = {0.0, PM_LARGEST, PM_CLOSED}},
};

const pm_kernel pm_kernel_double_exponential = {
    .kind = {.name = "double_exponential",
             .help = "w (e^{-t/tau_1} - e^{-t/tau_2})",
             .source = "",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = PM_KERNEL_PARAMETERS * sizeof(double),
             .check = check},
    .form = PM_FORM_EXPONENTIALS,
    .port = port,
    .slopes = slopes,
    .current = current,
    .derivative = derivative,
    .arrive = arrive,
};
