/* classic.c - records: | seconds: 4 | fraction: 4 | captured: 4 | on the wire: 4 | bytes |, in the
 * byte order of the file header. */
#include "capture/classic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pcap/pcap.h>

enum { FILE_HEADER_BYTES = 24, RECORD_HEADER_BYTES = 16, KUZNETZOV_HEADER_BYTES = 24 };
enum { MICROSECONDS = 0xa1b2c3d4, NANOSECONDS = 0xa1b23c4d, KUZNETZOV = 0xa1b2cd34 };

struct _MpsClassic {
    MpsBlocks *blocks;
    bool swapped;                /* the file's byte order is not ours */
    bool lengths_swapped;        /* captured and wire length stand in the other order */
    bool lengths_may_be_swapped; /* the lesser one is what was captured */
    uint32_t header_bytes;       /* of a record */
    int64_t unit_ns;             /* of the fraction */
    int link_type;
    uint32_t snaplen_bytes, most_bytes; /* libpcap's bound of a packet of that link type */
    char reason[128];
};

bool mps_classic_probe(uint32_t magic)
{
    const uint32_t swapped = GUINT32_SWAP_LE_BE(magic);

    return magic == MICROSECONDS || magic == NANOSECONDS || magic == KUZNETZOV ||
           swapped == MICROSECONDS || swapped == NANOSECONDS || swapped == KUZNETZOV;
}

/* What libpcap takes for possible. */
static uint32_t most_bytes(int link_type)
{
    switch (link_type) {
    case DLT_DBUS:
        return 128u << 20;
    case DLT_EBHSCR:
        return 8u << 20;
    case DLT_USBPCAP:
        return 1u << 20;
    default:
        return 256u << 10;
    }
}

/* Lengths were written in the other order up to version 2.2, and by some of version 2.3. */
static void read_version(MpsClassic *self, int major, int minor)
{
    self->lengths_swapped = major != 2 || minor < 3;
    self->lengths_may_be_swapped = major == 2 && minor == 3;
}

/* Has libpcap read the @n_bytes that are there of the header. */
static bool read_header(MpsClassic *self, const uint8_t *header, size_t n_bytes, char **reason)
{
    char problem[PCAP_ERRBUF_SIZE] = "";
    FILE *file = fmemopen((void *)(uintptr_t)header, n_bytes, "rb");
    pcap_t *pcap =
        file ? pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, problem)
             : NULL;

    if (!pcap) {
        if (file)
            fclose(file);
        *reason = g_strdup(file ? problem : g_strerror(ENOMEM));
        return false;
    }
    self->swapped = pcap_is_swapped(pcap);
    self->link_type = pcap_datalink(pcap);
    self->snaplen_bytes = (uint32_t)pcap_snapshot(pcap);
    read_version(self, pcap_major_version(pcap), pcap_minor_version(pcap));
    pcap_close(pcap);
    return true;
}

MpsClassic *mps_classic_new(MpsBlocks *blocks, char **reason)
{
    g_autoptr(MpsClassic) self = g_new0(MpsClassic, 1);
    const bool whole = mps_blocks_fetch(blocks, FILE_HEADER_BYTES);
    const size_t n_bytes = whole ? FILE_HEADER_BYTES : mps_blocks_left(blocks);
    uint32_t magic = 0;

    if (blocks->problem) {
        *reason = g_strdup_printf("error reading dump file: %s", g_strerror(blocks->problem));
        return NULL;
    }
    if (!read_header(self, mps_blocks_look(blocks, n_bytes), n_bytes, reason))
        return NULL;
    memcpy(&magic, mps_blocks_look(blocks, sizeof magic), sizeof magic);
    if (self->swapped)
        magic = GUINT32_SWAP_LE_BE(magic);
    mps_blocks_take(blocks, FILE_HEADER_BYTES);
    self->blocks = blocks;
    self->header_bytes = magic == KUZNETZOV ? KUZNETZOV_HEADER_BYTES : RECORD_HEADER_BYTES;
    self->unit_ns = magic == NANOSECONDS ? 1 : 1000;
    self->most_bytes = most_bytes(self->link_type);
    return g_steal_pointer(&self);
}

void mps_classic_free(MpsClassic *self)
{
    g_free(self);
}

int mps_classic_link_type(const MpsClassic *self)
{
    return self->link_type;
}

uint32_t mps_classic_snaplen(const MpsClassic *self)
{
    return self->snaplen_bytes;
}

static uint32_t field(const MpsClassic *self, const uint8_t *record, unsigned index)
{
    uint32_t wire;

    memcpy(&wire, record + 4 * index, sizeof wire);
    return self->swapped ? GUINT32_SWAP_LE_BE(wire) : wire;
}

/* Seconds, and their fraction: libpcap takes them for signed in this machine's byte order, for
 * unsigned in the other one. */
static int64_t number(const MpsClassic *self, const uint8_t *record, unsigned index)
{
    const uint32_t value = field(self, record, index);

    return self->swapped ? (int64_t)value : (int64_t)(int32_t)value;
}

static MpsReadResult cut(MpsClassic *self, const char **reason)
{
    *reason = NULL;
    if (self->blocks->problem) {
        g_snprintf(self->reason, sizeof self->reason, "error reading dump file: %s",
                   g_strerror(self->blocks->problem));
        *reason = self->reason;
    } else if (mps_blocks_left(self->blocks) == 0) {
        return MPS_READ_END;
    }
    mps_blocks_take_rest(self->blocks);
    return MPS_READ_FAILED;
}

/* Damage; in libpcap's words. */
static const char *too_long(MpsClassic *self, uint32_t captured_bytes)
{
    const bool announced = captured_bytes <= self->snaplen_bytes;

    g_snprintf(self->reason, sizeof self->reason,
               "invalid packet capture length %u, bigger than %s of %u", captured_bytes,
               announced ? "maximum" : "snaplen",
               announced ? self->most_bytes : self->snaplen_bytes);
    return self->reason;
}

MpsReadResult mps_classic_next(MpsClassic *self, MpsPacket *out, const char **reason)
{
    const uint8_t *record = mps_blocks_look(self->blocks, self->header_bytes);
    uint32_t captured_bytes;

    if (G_UNLIKELY(!record))
        return cut(self, reason);
    captured_bytes = field(self, record, 2);
    out->wire_bytes = field(self, record, 3);
    if (G_UNLIKELY(self->lengths_swapped ||
                   (self->lengths_may_be_swapped && captured_bytes > out->wire_bytes))) {
        out->wire_bytes = captured_bytes;
        captured_bytes = field(self, record, 3);
    }
    if (G_UNLIKELY(captured_bytes > self->most_bytes)) {
        *reason = too_long(self, captured_bytes);
        return MPS_READ_FAILED;
    }
    record = mps_blocks_look(self->blocks, self->header_bytes + captured_bytes);
    if (G_UNLIKELY(!record))
        return cut(self, reason);
    mps_blocks_take(self->blocks, self->header_bytes + captured_bytes);
    out->ts_ns = number(self, record, 0) * 1000000000 + number(self, record, 1) * self->unit_ns;
    out->interface_id = 0;
    out->interface_name = NULL;
    out->link_type = self->link_type;
    out->captured_bytes = MIN(captured_bytes, self->snaplen_bytes);
    out->bytes = record + self->header_bytes;
    return MPS_READ_PACKET;
}
