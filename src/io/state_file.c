/* A simulation that was saved: a checkpoint of one part, in which the state itself says to which network it belongs. */
#include "io/checkpoint.h"

#include <punctum/state.h>
#include <stdlib.h>

pm_status pm_simulation_save_file(pm_simulation *simulation, const char *path, pm_error *error) {
    void *bytes = NULL;
    size_t size = 0;
    pm_output output = {0};
    pm_status status = pm_simulation_save(simulation, &bytes, &size, error);
    if (!status)
        status = pm_output_open_path(&output, path, error);
    if (!status)
        status = pm_checkpoint_write(&output, &pm_checkpoint_of_simulation, 0, &(pm_part){bytes, size}, 1, error);
    free(bytes);
    return status;
}

pm_status pm_simulation_restore_file(pm_simulation *simulation, const char *path, pm_error *error) {
    pm_checkpoint checkpoint;
    pm_status status = pm_checkpoint_read(path, &pm_checkpoint_of_simulation, 0, &checkpoint, error);
    if (!status)
        status = pm_simulation_restore(simulation, checkpoint.parts, checkpoint.n_parts > 0 ? checkpoint.sizes[0] : 0,
                                       error);
    pm_checkpoint_free(&checkpoint);
    return status;
}
