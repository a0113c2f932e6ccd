/* w e^{-t/tau}: the current jumps and decays. */
#include "model/kernel.h"

static pm_port port(const double *parameters, bool peak, double tau_m) {
    (void)peak; /* it begins at its peak */
    return pm_port_single(tau_m, parameters[0]);
}

static void slopes(const double *parameters, bool peak, const pm_port_slopes *of_port, double *of_parameters) {
    (void)peak;
    of_parameters[0] -= of_port->l_1 / (parameters[0] * parameters[0]);
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

static const pm_field fields[] = {PM_KERNEL_TIME(0, "tau", "time constant")};

const pm_kernel pm_kernel_exponential = {
    .kind = {.name = "exponential",
             .help = "w e^{-t/tau}",
             .source = "NEST's iaf_psc_exp",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = PM_KERNEL_PARAMETERS * sizeof(double)},
    .form = PM_FORM_EXPONENTIALS,
    .port = port,
    .slopes = slopes,
    .current = current,
    .derivative = derivative,
    .arrive = arrive,
};
