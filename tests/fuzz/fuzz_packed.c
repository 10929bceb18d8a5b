/* fuzz_packed.c - any bytes as a compressed file or an archive.  Promises: reading ends, packets
 * are numbered and their bytes are there, every file has a name fit for a terminal, and what is not
 * OK says why. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib.h>

#include "capture/trace.h"

/* A few bytes can stand for gigabytes of packets. */
enum { ENOUGH_PACKETS = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void assert_files(const MpsTrace *trace)
{
    size_t n_damaged = 0;

    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);

        g_assert_true(g_utf8_validate(file.path, -1, NULL));
        for (const char *c = file.path; *c; c++)
            g_assert_false(g_ascii_iscntrl(*c));
        g_assert_true((file.status == MPS_FILE_OK) == (file.error == NULL));
        n_damaged += file.status != MPS_FILE_OK;
    }
    g_assert_cmpuint(n_damaged, ==, mps_trace_n_damaged(trace));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    const int fd = memfd_create("packed", 0);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(GError) error = NULL;
    volatile uint8_t sink = 0;
    MpsPacket packet;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, n_bytes), ==, (gssize)n_bytes);

    MpsTrace *trace = mps_trace_open((const char *[]){path, NULL}, -1, &error);

    g_assert_true((trace == NULL) == (error != NULL));
    for (int n = 0; trace && n < ENOUGH_PACKETS; n++) {
        if (mps_trace_next(trace, &packet) != MPS_READ_PACKET)
            break;
        g_assert_cmpuint(packet.capture_id, >=, 1);
        g_assert_cmpuint(packet.capture_id, <=, mps_trace_n_files(trace));
        g_assert_cmpuint(packet.number, >=, 1);
        for (uint32_t i = 0; i < packet.captured_bytes; i++)
            sink = (uint8_t)(sink + packet.bytes[i]);
    }
    if (trace)
        assert_files(trace);
    mps_trace_free(trace);
    close(fd);
    return 0;
}
