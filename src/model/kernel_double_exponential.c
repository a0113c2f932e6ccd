/* w (e^{-t/tau_1} - e^{-t/tau_2}): b has the rate of tau_2 and feeds i. tau_2 = 0 is the single exponential. */
#include "model/kernel.h"

#include <math.h>

static pm_status check(const double *parameters, pm_error *error) {
    const double tau_1 = parameters[0], tau_2 = parameters[1];
    pm_status status = pm_kernel_check_time("tau_1", tau_1, error);
    if (status == PM_OK && tau_2 != 0.0)
        status = pm_kernel_check_time("tau_2", tau_2, error);
    if (status == PM_OK && tau_2 >= tau_1)
        status = pm_fail(error, PM_INVALID, "tau_2 is %g ms; it must be smaller than tau_1 = %g ms", tau_2, tau_1);
    return status;
}

/* e^{-t/tau_1} - e^{-t/tau_2} at its maximum, where t = log(tau_1/tau_2) tau_1 tau_2 / (tau_1 - tau_2). */
static double largest(double tau_1, double tau_2) {
    if (tau_2 == 0.0)
        return 1.0;
    const double t = log1p((tau_1 - tau_2) / tau_2) * tau_1 * tau_2 / (tau_1 - tau_2);
    return -exp(-t / tau_1) * expm1(-t * (tau_1 - tau_2) / (tau_1 * tau_2));
}

static pm_kernel_numbers numbers(const double *parameters, bool peak) {
    const double tau_1 = parameters[0], tau_2 = parameters[1];
    pm_kernel_numbers n = {.l_1 = 1.0 / tau_1, .single = tau_2 == 0.0};
    n.jump = peak ? 1.0 / largest(tau_1, tau_2) : 1.0;
    if (!n.single) {
        n.l_2 = 1.0 / tau_2;
        n.k = (tau_1 - tau_2) / (tau_1 * tau_2); /* l_2 - l_1; the subtraction is exact where the two are close */
    }
    return n;
}

static double current(const double *parameters, bool peak, double t) {
    const double tau_1 = parameters[0], tau_2 = parameters[1];
    const double fast = tau_2 > 0.0 ? exp(-t / tau_2) : 0.0;
    return (exp(-t / tau_1) - fast) / (peak ? largest(tau_1, tau_2) : 1.0);
}

const pm_kernel pm_kernel_double_exponential = {
    .name = "double_exponential",
    .help = "w (e^{-t/tau_1} - e^{-t/tau_2}); tau_2 = 0: w e^{-t/tau_1}",
    .source = "docs/model.md",
    .keys = {"tau_1", "tau_2"},
    .units = {"ms", "ms"},
    .check = check,
    .numbers = numbers,
    .current = current,
};
