/* fuzz_pcapng.c - any bytes as a pcapng file.  Promises: reading ends, a packet never holds more
 * than the file, and its bytes are there. */
#include <stdio.h>

#include <glib.h>

#include "capture/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes == 0)
        return 0; /* fmemopen() refuses it */

    g_autofree uint8_t *own = g_memdup2(data, n_bytes);
    FILE *file = fmemopen(own, n_bytes, "rb");
    g_autoptr(MpsPcapng) reader = mps_pcapng_new(file);
    const char *reason;
    MpsReadResult result;
    MpsPacket packet;
    volatile uint8_t sink = 0;
    uint32_t snaplen_bytes;
    int link_type;
    size_t n_packets = 0;

    while ((result = mps_pcapng_next(reader, &packet, &reason)) == MPS_READ_PACKET) {
        g_assert_cmpuint(packet.captured_bytes, <=, n_bytes);
        for (uint32_t i = 0; i < packet.captured_bytes; i++)
            sink = (uint8_t)(sink + packet.bytes[i]);
        g_assert_true(mps_pcapng_first_interface(reader, &link_type, &snaplen_bytes));
        g_assert_cmpuint(++n_packets, <=, n_bytes / 16);
    }
    g_assert_cmpuint(mps_pcapng_bytes_read(reader), <=, n_bytes);
    if (result == MPS_READ_END)
        g_assert_cmpuint(mps_pcapng_bytes_read(reader), ==, n_bytes);
    g_assert_cmpint(mps_pcapng_dropped(reader), >=, -1);
    fclose(file);
    return 0;
}
