/* w e^{-t/tau}: the current jumps and decays. */
#include "model/kernel.h"

static pm_status check(const double *parameters, pm_error *error) {
    return pm_kernel_check_time("tau", parameters[0], error);
}

static pm_port port(const double *parameters, bool peak, double tau_m) {
    (void)peak; /* it begins at its peak */
    return pm_port_single(tau_m, parameters[0]);
}

static double current(const double *y) { return y[0]; }

static void derivative(const double *parameters, const double *y, double *dydt) {
    dydt[0] = -y[0] / parameters[0];
    dydt[1] = 0.0;
}

static void arrive(const double *parameters, bool peak, double *y) {
    (void)parameters;
    (void)peak;
    y[0] += 1.0;
}

const pm_kernel pm_kernel_exponential = {
    .name = "exponential",
    .help = "w e^{-t/tau}",
    .source = "docs/model.md; NEST's iaf_psc_exp",
    .keys = {"tau"},
    .units = {"ms"},
    .check = check,
    .port = port,
    .current = current,
    .derivative = derivative,
    .arrive = arrive,
};
