/* V jumps by w, in mV. */
#include "model/kernel.h"

static pm_port port(const double *parameters, bool peak, double tau_m) {
    (void)parameters;
    (void)peak;
    (void)tau_m;
    return pm_port_impulse();
}

const pm_kernel pm_kernel_impulse = {
    .kind = {.name = "impulse",
             .help = "V jumps by w (mV)",
             .source = "NEST's iaf_psc_delta",
             .size = PM_KERNEL_PARAMETERS * sizeof(double)},
    .word = "impulse",
    .impulse = true,
    .port = port,
};
