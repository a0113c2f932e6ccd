/* Event files of N-MNIST: five bytes per event, x, y, then 24 bits of which the highest is the polarity (1: ON) and the
 * others are the time in us, the most significant byte first (Orchard et al., Front. Neurosci. 9:437, 2015). */
#ifndef PM_IO_EVENT_FILE_H
#define PM_IO_EVENT_FILE_H

#include "data/camera.h"

enum { PM_EVENT_BYTES = 5, PM_EVENT_OVERFLOW_ROW = 240, PM_EVENT_OVERFLOW = 1 << 13, PM_EVENT_TIMES = 1 << 23 };

void pm_event_encode(const pm_pixel_event *event, uint8_t bytes[PM_EVENT_BYTES]);
pm_pixel_event pm_event_decode(const uint8_t bytes[PM_EVENT_BYTES]);

/* Reads a file into `events`, which is replaced, and puts the events into order of time. A row y = 240 is no pixel: it
 * says that the clock ran over and adds 8192 us to the times from there on, as in the authors' own reader. Errors:
 * PM_INVALID with file and byte offset for a file that is missing, empty or no whole number of events and for pixels
 * outside the sensor; PM_NO_MEMORY. */
pm_status pm_event_file_read(const char *path, pm_pixel_events *events, pm_error *error);

/* Writes "folder/name", whole or not at all. Errors: PM_INVALID for times that do not fit into 23 bits, PM_FAILED. */
pm_status pm_event_file_write(const char *folder, const char *name, const pm_pixel_events *events, pm_error *error);

#endif
