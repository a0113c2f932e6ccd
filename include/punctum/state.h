/* The complete state of a simulation as bytes, and back: a run that goes on from there has the same bits.
 *
 * The bytes are the machine's own, for the version that wrote them. They hold time, cells, spikes on their way,
 * injected spikes, and weights that were set; not what can be drawn anew from the network. On several ranks:
 * PM_INVALID. */
#ifndef PUNCTUM_STATE_H
#define PUNCTUM_STATE_H

#include <punctum/simulation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* *bytes is allocated; the caller frees it with pm_free. Errors: PM_NO_MEMORY. Cost: linear in neurons and in spikes on
 * their way. */
PM_API pm_status pm_simulation_save(pm_simulation *simulation, void **bytes, size_t *size, pm_error *error);
/* Into a simulation of the same network with the same engine and step. Errors: PM_INVALID for bytes of another network
 * or engine, and for bytes that are cut short or damaged; the simulation can then only be reset or freed. */
PM_API pm_status pm_simulation_restore(pm_simulation *simulation, const void *bytes, size_t size, pm_error *error);

/* The same with a file, which appears whole or not at all, and has a checksum. Errors: PM_FAILED where it cannot be
 * written; PM_INVALID as above, and where it cannot be read. */
PM_API pm_status pm_simulation_save_file(pm_simulation *simulation, const char *path, pm_error *error);
PM_API pm_status pm_simulation_restore_file(pm_simulation *simulation, const char *path, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
