/* capture.c - opens a capture by its magic number: classic pcap goes to classic.c, pcapng to
 * pcapng.c, anything else to packed.c, whose bytes are looked at in the same way. */
#include "capture/capture.h"

#include <string.h>

#include <pcap/pcap.h>

#include "capture/blocks.h"
#include "capture/classic.h"
#include "capture/feed.h"
#include "capture/packed.h"
#include "capture/pcapng.h"

enum { LINKTYPE_RAW = 101, PCAPNG_SECTION = 0x0a0d0d0a };

struct _MpsCapture {
    char *path;
    MpsFeed *feed;     /* the file as it is, or */
    MpsPacked *packed; /* what is packed in it */
    MpsBlocks blocks;
    MpsClassic *classic; /* either this */
    MpsPcapng *pcapng;   /* or this */
    uint64_t n_packets;
    bool ended;
};

/* Whether a file that begins like this is one. */
static bool is_capture(const uint8_t *head, size_t n_head)
{
    uint32_t magic = 0;

    memcpy(&magic, head, MIN(n_head, sizeof magic));
    return n_head >= sizeof magic && (mps_classic_probe(magic) || magic == PCAPNG_SECTION);
}

/* Hands the stream to who reads its format. */
static bool read_header(MpsCapture *self, const uint8_t *head, GError **error)
{
    g_autofree char *reason = NULL;
    uint32_t magic;

    memcpy(&magic, head, sizeof magic);
    if (magic == PCAPNG_SECTION) {
        self->pcapng = mps_pcapng_new(&self->blocks);
        return true;
    }
    self->classic = mps_classic_new(&self->blocks, &reason);
    return self->classic || mps_throw(error, MPS_ERROR_OPEN, "%s: %s", self->path, reason);
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
    size_t n_head;

    self->path = g_strdup(path);
    self->packed = mps_packed_ref(packed);
    self->blocks = (MpsBlocks){.read = mps_packed_read, .source = packed};
    if (!mps_packed_begin(packed, path, error))
        return NULL;
    mps_blocks_fetch(&self->blocks, MPS_FEED_HEAD_BYTES);
    n_head = MIN(mps_blocks_left(&self->blocks), (size_t)MPS_FEED_HEAD_BYTES);

    const uint8_t *head = mps_blocks_look(&self->blocks, n_head);

    if (!is_capture(head, n_head))
        return refuse(path, n_head, mps_packed_problem(packed), error);
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
        self->blocks = (MpsBlocks){.read = mps_feed_read, .source = self->feed};
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
    mps_classic_free(self->classic);
    mps_pcapng_free(self->pcapng);
    mps_blocks_clear(&self->blocks);
    if (self->packed)
        mps_packed_end(self->packed);
    mps_packed_unref(self->packed);
    mps_feed_free(self->feed);
    g_free(self->path);
    g_free(self);
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
    result = self->classic ? mps_classic_next(self->classic, out, &reason)
                           : mps_pcapng_next(self->pcapng, out, &reason);
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
        .format = self->classic ? "pcap" : "pcapng",
        .link_type = -1,
        .dropped = -1,
        .bytes_read = self->blocks.bytes_taken,
        .bytes_total =
            self->packed ? mps_packed_bytes_total(self->packed) : self->feed->bytes_total,
    };

    if (self->classic) {
        info.link_type = mps_classic_link_type(self->classic);
        info.snaplen_bytes = mps_classic_snaplen(self->classic);
    } else {
        info.notes = mps_pcapng_notes(self->pcapng);
        info.dropped = mps_notes_dropped(info.notes);
        if (info.notes->interfaces->len > 0) {
            const MpsInterface *first = g_ptr_array_index(info.notes->interfaces, 0);

            info.link_type = first->link_type;
            info.snaplen_bytes = first->snaplen_bytes;
        }
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
