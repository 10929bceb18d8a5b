/* fuzz_pcapng.c - any bytes as a pcapng file.  Promises: reading ends, a packet never holds more
 * than the file, and its bytes are there. */
#include <glib.h>

#include "../support/memory_stream.h"
#include "capture/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    MemoryStream stream = {data, n_bytes};
    MpsBlocks blocks = {.read = memory_stream_read, .source = &stream};
    g_autoptr(MpsPcapng) reader = mps_pcapng_new(&blocks);
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
    g_assert_cmpuint(blocks.bytes_taken, <=, n_bytes);
    if (result == MPS_READ_END)
        g_assert_cmpuint(blocks.bytes_taken, ==, n_bytes);
    g_assert_cmpint(mps_pcapng_dropped(reader), >=, -1);
    mps_blocks_clear(&blocks);
    return 0;
}
