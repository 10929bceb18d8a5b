/* fuzz_pcapng.c - any bytes as a pcapng file.  Promises: reading ends, a packet never holds more
 * than the file, and its bytes are there; texts are UTF-8, bounded, and about what is there. */
#include <stdio.h>

#include <glib.h>

#include "../support/memory_stream.h"
#include "capture/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void assert_text(const char *text)
{
    g_assert_true(!text || (*text && g_utf8_validate(text, -1, NULL)));
}

static void assert_notes(const MpsNotes *notes, size_t n_packets)
{
    size_t n_of_interfaces = 0;

    for (guint i = 0; i < notes->interfaces->len; i++) {
        const MpsInterface *interface = g_ptr_array_index(notes->interfaces, i);

        n_of_interfaces += interface->n_packets;
        g_assert_cmpint(mps_interface_dropped(interface), >=, -1);
        g_assert_cmpint(mps_interface_dropped(interface), <=, mps_notes_dropped(notes));
        assert_text(interface->name);
        assert_text(interface->description);
        assert_text(interface->addresses);
        assert_text(interface->hardware);
        assert_text(interface->os);
        assert_text(interface->filter);
    }
    g_assert_cmpuint(n_of_interfaces, ==, n_packets);
    for (guint i = 0; i < notes->host_names->len; i++) {
        assert_text(g_array_index(notes->host_names, MpsHostName, i).address);
        assert_text(g_array_index(notes->host_names, MpsHostName, i).name);
    }
    for (guint i = 0; i < notes->notes->len; i++) {
        const MpsNote *note = &g_array_index(notes->notes, MpsNote, i);

        assert_text(note->text);
        g_assert_cmpuint(note->packet, <=, n_packets);
        g_assert_cmpint(note->interface_id, <, (gint64)notes->interfaces->len);
    }
    g_assert_cmpuint(notes->n_bytes, <=, 1 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    MemoryStream stream = {data, n_bytes};
    MpsBlocks blocks = {.read = memory_stream_read, .source = &stream};
    g_autoptr(MpsPcapng) reader = mps_pcapng_new(&blocks);
    const char *reason;
    MpsReadResult result;
    MpsPacket packet;
    volatile uint8_t sink = 0;
    size_t n_packets = 0;

    while ((result = mps_pcapng_next(reader, &packet, &reason)) == MPS_READ_PACKET) {
        g_assert_cmpuint(packet.captured_bytes, <=, n_bytes);
        g_assert_cmpint(packet.ts_ns, >=, -(INT64_C(1) << 60));
        g_assert_cmpint(packet.ts_ns, <=, INT64_C(1) << 62);
        for (uint32_t i = 0; i < packet.captured_bytes; i++)
            sink = (uint8_t)(sink + packet.bytes[i]);
        g_assert_cmpuint(packet.interface_id, <, mps_pcapng_notes(reader)->interfaces->len);
        g_assert_cmpuint(++n_packets, <=, n_bytes / 16);
    }
    g_assert_cmpuint(blocks.bytes_taken, <=, n_bytes);
    if (result == MPS_READ_END)
        g_assert_cmpuint(blocks.bytes_taken, ==, n_bytes);
    assert_notes(mps_pcapng_notes(reader), n_packets);
    mps_blocks_clear(&blocks);
    return 0;
}
