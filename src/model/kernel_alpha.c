/* w (t/T) e^{1 - t/T}: the double exponential with equal time constants, with its peak w at t = T. */
#include "model/kernel.h"

#include <math.h>

static const double E = 0x1.5bf0a8b145769p+1; /* e */

static pm_status check(const double *parameters, pm_error *error) {
    return pm_kernel_check_time("alpha", parameters[0], error);
}

static pm_kernel_numbers numbers(const double *parameters, bool peak) {
    (void)peak; /* w is the peak in any case */
    const double rate = 1.0 / parameters[0];
    return (pm_kernel_numbers){.l_1 = rate, .l_2 = rate, .k = rate, .jump = E};
}

static double current(const double *parameters, bool peak, double t) {
    (void)peak;
    return t / parameters[0] * exp(1.0 - t / parameters[0]);
}

const pm_kernel pm_kernel_alpha = {
    .name = "alpha",
    .help = "w (t/T) e^{1 - t/T}, with its peak w at t = T",
    .source = "Rall 1967; NEST's iaf_psc_alpha",
    .keys = {"alpha"},
    .units = {"ms"},
    .check = check,
    .numbers = numbers,
    .current = current,
};
