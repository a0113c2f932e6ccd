/* w e^{-t/tau}: the current jumps and decays. */
#include "model/kernel.h"

#include <math.h>

static pm_status check(const double *parameters, pm_error *error) {
    return pm_kernel_check_time("tau", parameters[0], error);
}

static pm_kernel_numbers numbers(const double *parameters, bool peak) {
    (void)peak; /* it begins at its peak */
    return (pm_kernel_numbers){.l_1 = 1.0 / parameters[0], .jump = 1.0, .single = true};
}

static double current(const double *parameters, bool peak, double t) {
    (void)peak;
    return exp(-t / parameters[0]);
}

const pm_kernel pm_kernel_exponential = {
    .name = "exponential",
    .help = "w e^{-t/tau}",
    .source = "docs/model.md; NEST's iaf_psc_exp",
    .keys = {"tau"},
    .units = {"ms"},
    .check = check,
    .numbers = numbers,
    .current = current,
};
