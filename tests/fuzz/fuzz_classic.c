/* fuzz_classic.c - any bytes as a classic pcap file.  Promises: what libpcap reads is read, packet
 * by packet, and what it says is said; a file ends where it ends there. */
#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <pcap/pcap.h>

#include "../support/memory_stream.h"
#include "capture/classic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

/* Whether libpcap turns headers of such packets around if the file is. */
static bool has_local_order(int link_type)
{
    return link_type == DLT_LINUX_SLL || link_type == DLT_USB_LINUX ||
           link_type == DLT_USB_LINUX_MMAPPED || link_type == DLT_NFLOG;
}

static void assert_same_packet(const MpsPacket *packet, const struct pcap_pkthdr *header,
                               const uint8_t *bytes, bool swapped)
{
    g_assert_cmpint(packet->ts_ns, ==,
                    (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec);
    g_assert_cmpuint(packet->wire_bytes, ==, header->len);
    g_assert_cmpuint(packet->captured_bytes, ==, header->caplen);
    if (!swapped || !has_local_order(packet->link_type))
        g_assert_true(packet->captured_bytes == 0 ||
                      memcmp(packet->bytes, bytes, packet->captured_bytes) == 0);
}

static void assert_same_end(MpsReadResult ours, int theirs, const char *reason, const char *words)
{
    g_assert_cmpint(ours, ==, theirs == PCAP_ERROR_BREAK ? MPS_READ_END : MPS_READ_FAILED);
    if (ours == MPS_READ_FAILED && !reason)
        g_assert_nonnull(strstr(words, "truncated dump file"));
    else if (ours == MPS_READ_FAILED)
        g_assert_cmpstr(reason, ==, words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    MemoryStream stream = {data, n_bytes};
    MpsBlocks blocks = {.read = memory_stream_read, .source = &stream};
    char words[PCAP_ERRBUF_SIZE] = "";
    g_autofree char *refused = NULL;
    struct pcap_pkthdr *header;
    const uint8_t *bytes;
    const char *reason = NULL;
    uint32_t magic;
    MpsPacket packet;
    MpsReadResult ours;
    int theirs;

    if (n_bytes < sizeof magic)
        return 0; /* the caller has looked at these */
    memcpy(&magic, data, sizeof magic);
    if (!mps_classic_probe(magic))
        return 0;

    FILE *file = fmemopen((void *)(uintptr_t)data, n_bytes, "rb");
    pcap_t *pcap =
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, words);
    MpsClassic *classic = mps_classic_new(&blocks, &refused);

    g_assert_true((classic == NULL) == (pcap == NULL));
    if (!classic) {
        g_assert_cmpstr(refused, ==, words);
        fclose(file);
        mps_blocks_clear(&blocks);
        return 0;
    }
    do {
        ours = mps_classic_next(classic, &packet, &reason);
        theirs = pcap_next_ex(pcap, &header, &bytes);
        g_assert_true((ours == MPS_READ_PACKET) == (theirs == 1));
        if (theirs == 1)
            assert_same_packet(&packet, header, bytes, pcap_is_swapped(pcap));
    } while (theirs == 1);
    assert_same_end(ours, theirs, reason, pcap_geterr(pcap));
    g_assert_cmpuint(blocks.bytes_taken, <=, n_bytes);
    mps_classic_free(classic);
    pcap_close(pcap);
    mps_blocks_clear(&blocks);
    return 0;
}
