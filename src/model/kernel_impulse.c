/* V jumps by w, in mV. */
#include "model/kernel.h"

static pm_status check(const double *parameters, pm_error *error) {
    (void)parameters;
    (void)error;
    return PM_OK;
}

static pm_port port(const double *parameters, bool peak, double tau_m) {
    (void)parameters;
    (void)peak;
    (void)tau_m;
    return pm_port_impulse();
}

const pm_kernel pm_kernel_impulse = {
    .name = "impulse",
    .help = "V jumps by w (mV)",
    .source = "NEST's iaf_psc_delta",
    .word = "impulse",
    .impulse = true,
    .check = check,
    .port = port,
};
