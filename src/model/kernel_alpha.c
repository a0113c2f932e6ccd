/* w (t/T) e^{1 - t/T}, with its peak w at t = T. */
#include "math/elementary.h"
#include "model/kernel.h"

static pm_port port(const double *parameters, bool peak, double tau_m) {
    (void)peak; /* the weight is the peak in any case */
    return pm_port_alpha(tau_m, parameters[0]);
}

static void slopes(const double *parameters, bool peak, const pm_port_slopes *of_port, double *of_parameters) {
    (void)peak;
    of_parameters[0] -= (of_port->l_1 + of_port->l_2 + of_port->k) / (parameters[0] * parameters[0]);
}

static double current(const double *y) { return y[0]; }

/* The current i and its source j: i' = j - i/T, j' = -j/T. */
static void derivative(const double *parameters, const double *y, double *dydt) {
    dydt[0] = y[1] - y[0] / parameters[0];
    dydt[1] = -y[1] / parameters[0];
}

static void arrive(const double *parameters, bool peak, double *y) {
    (void)peak;
    y[1] += pm_exp(1.0) / parameters[0];
}

static const pm_field fields[] = {PM_KERNEL_TIME(0, "alpha", "time constant T: when the current has its peak")};

const pm_kernel pm_kernel_alpha = {
    .kind = {.name = "alpha",
             .help = "w (t/T) e^{1 - t/T}, with its peak w at t = T",
             .source = "Rall 1967; NEST's iaf_psc_alpha",
             .fields = fields,
             .n_fields = sizeof fields / sizeof *fields,
             .size = PM_KERNEL_PARAMETERS * sizeof(double)},
    .form = PM_FORM_ALPHA,
    .port = port,
    .slopes = slopes,
    .current = current,
    .derivative = derivative,
    .arrive = arrive,
};
