/* What to write here for words that other simulators use, and for keys where a word is wanted. */
#ifndef PM_IO_HINTS_H
#define PM_IO_HINTS_H

/* A sentence about an unknown key where the right ones are `keys` (ends with NULL); NULL if there is none. */
const char *pm_key_hint(const char *word, const char *const *keys);

#endif
