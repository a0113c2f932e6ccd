/* One program at a time in a folder. */
#ifndef PM_IO_FOLDER_LOCK_H
#define PM_IO_FOLDER_LOCK_H

#include <punctum/error.h>

/* Locks a folder; it is let go when the descriptor *lock, or -1, is closed by the caller. Errors: PM_INVALID where it
 * cannot be opened; PM_FAILED, with who it is, where another program has it. */
pm_status pm_folder_lock(const char *path, int *lock, pm_error *error);

#endif
