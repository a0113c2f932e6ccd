/* w (e^{-t/tau_1} - e^{-t/tau_2}): the difference of two decaying currents. tau_2 = 0 is the single exponential. */
#include "model/kernel.h"

static pm_status check(const double *parameters, pm_error *error) {
    const double tau_1 = parameters[0], tau_2 = parameters[1];
    pm_status status = pm_kernel_check_time("tau_1", tau_1, error);
    if (status == PM_OK && tau_2 != 0.0)
        status = pm_kernel_check_time("tau_2", tau_2, error);
    if (status == PM_OK && tau_2 >= tau_1)
        status = pm_fail(error, PM_INVALID, "tau_2 is %g ms; it must be smaller than tau_1 = %g ms", tau_2, tau_1);
    return status;
}

static pm_port port(const double *parameters, bool peak, double tau_m) {
    pm_port p = parameters[1] > 0.0 ? pm_port_double(tau_m, parameters[0], parameters[1])
                                    : pm_port_single(tau_m, parameters[0]);
    if (peak)
        p.jump /= pm_port_peak_current(&p);
    return p;
}

static double current(const double *y) { return y[0] - y[1]; }

static void derivative(const double *parameters, const double *y, double *dydt) {
    dydt[0] = -y[0] / parameters[0];
    dydt[1] = parameters[1] > 0.0 ? -y[1] / parameters[1] : 0.0;
}

static void arrive(const double *parameters, bool peak, double *y) {
    double largest = 1.0; /* at t = log(tau_1/tau_2) tau_1 tau_2 / (tau_1 - tau_2) */
    if (peak && parameters[1] > 0.0) {
        const double t = log(parameters[0] / parameters[1]) / (1.0 / parameters[1] - 1.0 / parameters[0]);
        largest = exp(-t / parameters[0]) - exp(-t / parameters[1]);
    }
    y[0] += 1.0 / largest;
    y[1] += parameters[1] > 0.0 ? 1.0 / largest : 0.0;
}

const pm_kernel pm_kernel_double_exponential = {
    .name = "double_exponential",
    .help = "w (e^{-t/tau_1} - e^{-t/tau_2}); tau_2 = 0: w e^{-t/tau_1}",
    .source = "docs/model.md",
    .keys = {"tau_1", "tau_2"},
    .units = {"ms", "ms"},
    .check = check,
    .port = port,
    .current = current,
    .derivative = derivative,
    .arrive = arrive,
};
