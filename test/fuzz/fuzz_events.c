/* Any bytes as an event file: either events of the sensor in order of time, or PM_INVALID with a message. */
#include "folder.h"

#include "io/event_file.h"

#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pm_pixel_events events = {0};
    pm_error error = {0};
    pm_status status = pm_event_file_read(pm_fuzz_file("events.bin", data, size), &events, &error);
    bool sound = status == PM_OK ? events.n > 0 : status == PM_INVALID && error.message[0] != '\0';
    for (size_t k = 0; status == PM_OK && k < events.n; k++) {
        const pm_pixel_event *e = &events.list[k];
        sound = sound && e->x < PM_CAMERA_SIDE && e->y < PM_CAMERA_SIDE && (k == 0 || e->time >= e[-1].time);
    }
    if (!sound)
        abort();
    pm_pixel_events_free(&events);
    return 0;
}
