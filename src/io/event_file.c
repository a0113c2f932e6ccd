/* A file is read in pieces of whole events. Offsets in messages are those of the byte at fault. */
#include "io/event_file.h"

#include "io/file.h"
#include "io/output.h"

#include <errno.h>
#include <stdbool.h>

enum { PIECE = 4096 }; /* events */

void pm_event_encode(const pm_pixel_event *event, uint8_t bytes[PM_EVENT_BYTES]) {
    bytes[0] = event->x;
    bytes[1] = event->y;
    bytes[2] = (uint8_t)((event->on ? 0x80u : 0u) | ((event->time >> 16) & 0x7fu));
    bytes[3] = (uint8_t)(event->time >> 8);
    bytes[4] = (uint8_t)event->time;
}

pm_pixel_event pm_event_decode(const uint8_t bytes[PM_EVENT_BYTES]) {
    return (pm_pixel_event){.time = (uint32_t)(bytes[2] & 0x7f) << 16 | (uint32_t)bytes[3] << 8 | bytes[4],
                            .x = bytes[0],
                            .y = bytes[1],
                            .on = bytes[2] >> 7};
}

/* The state of a file that is being read. */
typedef struct reading {
    const char *path;
    uint64_t offset; /* of the present event, bytes */
    uint32_t shift;  /* us, of clocks that ran over */
    pm_pixel_events *events;
} reading;

static pm_status take(reading *r, const uint8_t *bytes, pm_error *error) {
    pm_pixel_event event = pm_event_decode(bytes);
    if (event.y == PM_EVENT_OVERFLOW_ROW) {
        if (r->shift > UINT32_MAX / 2)
            return pm_fail(error, PM_INVALID, "%s: byte %llu: the clock runs over too often; the file is corrupt",
                           r->path, (unsigned long long)r->offset + 1);
        r->shift += PM_EVENT_OVERFLOW;
        return PM_OK;
    }
    for (int k = 0; k < 2; k++)
        if (bytes[k] >= PM_CAMERA_SIDE)
            return pm_fail(error, PM_INVALID,
                           "%s: byte %llu: %c is %u; the sensor has %d x %d pixels, numbered from 0 to %d", r->path,
                           (unsigned long long)r->offset + (unsigned)k, k == 0 ? 'x' : 'y', bytes[k], PM_CAMERA_SIDE,
                           PM_CAMERA_SIDE, PM_CAMERA_SIDE - 1);
    event.time += r->shift;
    return pm_pixel_events_append(r->events, event, error);
}

static pm_status read_all(reading *r, FILE *file, pm_error *error) {
    uint8_t bytes[PIECE * PM_EVENT_BYTES];
    pm_status status = PM_OK;
    for (bool more = true; !status && more;) {
        errno = 0;
        size_t n = fread(bytes, 1, sizeof bytes, file), whole = n / PM_EVENT_BYTES;
        if (ferror(file))
            return pm_file_refuse(r->path, errno, error);
        more = n == sizeof bytes;
        for (size_t k = 0; !status && k < whole; k++, r->offset += PM_EVENT_BYTES)
            status = take(r, bytes + k * PM_EVENT_BYTES, error);
        if (!status && n % PM_EVENT_BYTES != 0)
            status =
                pm_fail(error, PM_INVALID,
                        "%s: byte %llu: the file ends within an event; events have %d bytes, of which %zu are left",
                        r->path, (unsigned long long)r->offset, PM_EVENT_BYTES, n % PM_EVENT_BYTES);
    }
    if (!status && r->events->n == 0)
        status = pm_fail(error, PM_INVALID, "%s: byte %llu: the file ends without an event", r->path,
                         (unsigned long long)r->offset);
    return status;
}

pm_status pm_event_file_read(const char *path, pm_pixel_events *events, pm_error *error) {
    FILE *file = NULL;
    events->n = 0;
    pm_status status = pm_file_open(path, &file, error);
    if (status)
        return status;
    reading r = {.path = path, .events = events};
    status = read_all(&r, file, error);
    (void)fclose(file);
    if (!status)
        pm_pixel_events_sort(events);
    return status;
}

pm_status pm_event_file_write(const char *folder, const char *name, const pm_pixel_events *events, pm_error *error) {
    pm_output out = {0};
    pm_status status = pm_output_open(&out, folder, name, error);
    for (size_t k = 0; !status && k < events->n; k++) {
        uint8_t bytes[PM_EVENT_BYTES];
        pm_event_encode(&events->list[k], bytes);
        status = events->list[k].time < PM_EVENT_TIMES
                     ? pm_output_bytes(&out, bytes, sizeof bytes, error)
                     : pm_fail(error, PM_INVALID, "%s/%s: a time of %u us does not fit into 23 bits", folder, name,
                               events->list[k].time);
    }
    return pm_output_close(&out, status, error);
}
