/* capture.c - opens a capture by its magic number: classic pcap goes to libpcap, pcapng to
 * pcapng.c, anything else to packed.c, whose bytes are looked at in the same way. */
#include "capture/capture.h"

#include <stdio.h>
#include <string.h>

#include <pcap/pcap.h>

#include "capture/feed.h"
#include "capture/packed.h"
#include "capture/pcapng.h"

enum { PCAP_FILE_HEADER_BYTES = 24, PCAP_PACKET_HEADER_BYTES = 16 };
enum { LINKTYPE_RAW = 101, PCAPNG_SECTION = 0x0a0d0d0a };

struct _MpsCapture {
    char *path;
    MpsFeed *feed;     /* the file as it is, or */
    MpsPacked *packed; /* what is packed in it */
    FILE *file;        /* for pcapng and while opening; libpcap owns it otherwise */
    pcap_t *pcap;      /* either this */
    MpsPcapng *pcapng; /* or this */
    int link_type;     /* pcap only */
    uint64_t n_packets;
    uint64_t bytes_read; /* pcap only */
    bool ended;
};

static bool is_pcap(uint32_t magic)
{
    static const uint32_t magics[] = {
        0xa1b2c3d4, /* microseconds */
        0xa1b23c4d, /* nanoseconds */
        0xa1b2cd34, /* Kuznetzov's, read by libpcap */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
        if (magic == magics[i] || magic == GUINT32_SWAP_LE_BE(magics[i]))
            return true;
    return false;
}

/* Whether a file that begins like this is one. */
static bool is_capture(const uint8_t *head, size_t n_head)
{
    uint32_t magic = 0;

    memcpy(&magic, head, MIN(n_head, sizeof magic));
    return n_head >= sizeof magic && (is_pcap(magic) || magic == PCAPNG_SECTION);
}

/* Hands the stream to who reads its format. */
static bool read_header(MpsCapture *self, const uint8_t *head, GError **error)
{
    char reason[PCAP_ERRBUF_SIZE] = "";
    uint32_t magic;

    memcpy(&magic, head, sizeof magic);
    if (magic == PCAPNG_SECTION) {
        self->pcapng = mps_pcapng_new(self->file);
        return true;
    }
    self->pcap =
        pcap_fopen_offline_with_tstamp_precision(self->file, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (!self->pcap)
        return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", self->path, reason);
    self->file = NULL; /* pcap_close() closes it from here on */
    self->link_type = pcap_datalink(self->pcap);
    self->bytes_read = PCAP_FILE_HEADER_BYTES;
    return true;
}

static MpsCapture *refuse(const char *path, size_t n_head, const char *problem, GError **error)
{
    if (problem)
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, problem);
    return mps_throw_null(error, MPS_ERROR_FORMAT, "%s: %s", path,
                          n_head > 0 ? "not a pcap or pcapng file" : "empty file");
}

MpsCapture *mps_capture_open_packed(MpsPacked *packed, const char *path, GError **error)
{
    g_autoptr(MpsCapture) self = g_new0(MpsCapture, 1);
    uint8_t head[MPS_FEED_HEAD_BYTES];
    size_t n_head;

    self->path = g_strdup(path);
    self->packed = mps_packed_ref(packed);
    self->file = mps_packed_begin(packed, path, error);
    if (!self->file)
        return NULL;
    n_head = fread(head, 1, sizeof head, self->file);
    if (!is_capture(head, n_head))
        return refuse(path, n_head, mps_packed_problem(packed), error);
    for (size_t i = n_head; i > 0; i--) /* they are in the buffer still */
        (void)ungetc(head[i - 1], self->file);
    return read_header(self, head, error) ? g_steal_pointer(&self) : NULL;
}

MpsCapture *mps_capture_open(const char *path, int stop_fd, MpsPacked **archive, GError **error)
{
    g_autoptr(MpsCapture) self = g_new0(MpsCapture, 1);

    self->path = g_strdup(path);
    self->feed = mps_feed_open(path, stop_fd, error);
    if (!self->feed)
        return NULL;
    if (self->feed->n_head == 0)
        return refuse(path, 0, NULL, error);
    if (is_capture(self->feed->head, self->feed->n_head)) {
        self->file = mps_feed_stream(self->feed);
        return read_header(self, self->feed->head, error) ? g_steal_pointer(&self) : NULL;
    }

    g_autoptr(MpsPacked) packed = mps_packed_open(g_steal_pointer(&self->feed), path, error);

    if (!packed)
        return NULL;
    if (mps_packed_member(packed) == 0)
        return mps_capture_open_packed(packed, path, error);
    *archive = g_steal_pointer(&packed);
    return NULL;
}

void mps_capture_free(MpsCapture *self)
{
    if (!self)
        return;
    if (self->pcap)
        pcap_close(self->pcap);
    mps_pcapng_free(self->pcapng);
    if (self->file)
        fclose(self->file);
    if (self->packed)
        mps_packed_end(self->packed);
    mps_packed_unref(self->packed);
    mps_feed_free(self->feed);
    g_free(self->path);
    g_free(self);
}

static MpsReadResult next_pcap(MpsCapture *self, MpsPacket *out, const char **reason)
{
    struct pcap_pkthdr *header;

    switch (pcap_next_ex(self->pcap, &header, &out->bytes)) {
    case 1:
        out->ts_ns = (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec;
        out->interface_id = 0;
        out->interface_name = NULL;
        out->link_type = self->link_type;
        out->wire_bytes = header->len;
        out->captured_bytes = header->caplen;
        self->bytes_read += PCAP_PACKET_HEADER_BYTES + header->caplen;
        return MPS_READ_PACKET;
    case PCAP_ERROR_BREAK:
        return MPS_READ_END;
    default:
        *reason = pcap_geterr(self->pcap);
        if (strstr(*reason, "truncated dump file"))
            *reason = NULL;
        return MPS_READ_FAILED;
    }
}

static const MpsFeed *feed_of(const MpsCapture *self)
{
    return self->packed ? mps_packed_feed(self->packed) : self->feed;
}

static MpsReadResult fail_stopped(const MpsCapture *self, GError **error)
{
    mps_throw(error, MPS_ERROR_INTERRUPTED, "%s: interrupted at packet %" G_GUINT64_FORMAT,
              self->path, self->n_packets + 1);
    return MPS_READ_FAILED;
}

MpsReadResult mps_capture_next(MpsCapture *self, MpsPacket *out, GError **error)
{
    const char *reason = NULL;
    MpsReadResult result;

    if (self->ended)
        return MPS_READ_END;
    result =
        self->pcap ? next_pcap(self, out, &reason) : mps_pcapng_next(self->pcapng, out, &reason);
    if (result == MPS_READ_PACKET) {
        out->number = ++self->n_packets;
        out->capture_id = 0;
        return MPS_READ_PACKET;
    }
    self->ended = true;
    if (feed_of(self)->stopped)
        return fail_stopped(self, error);
    if (self->packed && mps_packed_problem(self->packed)) {
        reason = mps_packed_problem(self->packed);
        result = MPS_READ_FAILED;
    }
    if (result == MPS_READ_END)
        return MPS_READ_END;
    if (reason)
        mps_throw(error, MPS_ERROR_READ, "%s: packet %" G_GUINT64_FORMAT ": %s", self->path,
                  self->n_packets + 1, reason);
    else
        mps_throw(error, MPS_ERROR_READ, "%s: cut short in packet %" G_GUINT64_FORMAT, self->path,
                  self->n_packets + 1);
    return MPS_READ_FAILED;
}

/* libpcap names its DLT_ values, which are those of files but for this one. */
const char *mps_capture_link_name(int link_type)
{
    const int dlt = link_type == LINKTYPE_RAW ? DLT_RAW : link_type;
    const char *name = dlt >= 0 ? pcap_datalink_val_to_name(dlt) : NULL;

    return name ? name : "unknown";
}

MpsCaptureInfo mps_capture_info(const MpsCapture *self)
{
    MpsCaptureInfo info = {
        .format = self->pcap ? "pcap" : "pcapng",
        .link_type = -1,
        .dropped = -1,
        .bytes_read = self->bytes_read,
        .bytes_total =
            self->packed ? mps_packed_bytes_total(self->packed) : self->feed->bytes_total,
    };

    if (self->pcap) {
        info.link_type = self->link_type;
        info.snaplen_bytes = (uint32_t)pcap_snapshot(self->pcap);
    } else {
        info.notes = mps_pcapng_notes(self->pcapng);
        info.dropped = mps_notes_dropped(info.notes);
        if (info.notes->interfaces->len > 0) {
            const MpsInterface *first = g_ptr_array_index(info.notes->interfaces, 0);

            info.link_type = first->link_type;
            info.snaplen_bytes = first->snaplen_bytes;
        }
        info.bytes_read = mps_pcapng_bytes_read(self->pcapng);
    }
    if (self->packed)
        info.bytes_read = mps_packed_bytes_read(self->packed);
    info.link_name = mps_capture_link_name(info.link_type);
    return info;
}

bool mps_capture_is_live(const MpsCapture *self)
{
    return feed_of(self)->live;
}

bool mps_capture_is_packed(const MpsCapture *self)
{
    return self->packed != NULL;
}
