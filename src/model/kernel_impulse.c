/* V jumps by w, in mV. */
#include "model/kernel.h"

static pm_status check(const double *parameters, pm_error *error) {
    (void)parameters;
    (void)error;
    return PM_OK;
}

static pm_kernel_numbers numbers(const double *parameters, bool peak) {
    (void)parameters;
    (void)peak;
    return (pm_kernel_numbers){.jump = 1.0, .impulse = true};
}

static double current(const double *parameters, bool peak, double t) {
    (void)parameters;
    (void)peak;
    (void)t;
    return 0.0; /* all of it at t = 0 */
}

const pm_kernel pm_kernel_impulse = {
    .name = "impulse",
    .help = "V jumps by w (mV)",
    .source = "NEST's iaf_psc_delta",
    .word = "impulse",
    .check = check,
    .numbers = numbers,
    .current = current,
};
