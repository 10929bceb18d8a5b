/* capture.h - one capture file, pcap or pcapng, read front to back.  Opaque; one thread at a time.
 */
#ifndef MPS_CAPTURE_CAPTURE_H
#define MPS_CAPTURE_CAPTURE_H

#include <mptcpscope/error.h>
#include <mptcpscope/packet.h>

#include "capture/notes.h"
#include "capture/packed.h"

typedef struct _MpsCapture MpsCapture;

typedef struct {
    const char *format;     /* "pcap" or "pcapng", static */
    int link_type;          /* of the first interface; -1 as long as none was described */
    const char *link_name;  /* its name as libpcap says it, "unknown" without one; static */
    uint32_t snaplen_bytes; /* of the first interface; 0 = not limited, or none described */
    int64_t dropped;        /* packets the capturing side lost, as pcapng says so far; -1 unknown */
    MpsNotes *notes;        /* what pcapng says beside the packets, so far; borrowed; NULL: pcap */
    uint64_t bytes_read;    /* position in the file as it is stored */
    uint64_t bytes_total;   /* size of the file; 0 if it has none (a pipe) or it is not known */
} MpsCaptureInfo;

/* Opens a pcap or pcapng file, compressed or not, time stamps in nanoseconds whatever the file
 * holds; "-" is standard input.  It ends early when @stop_fd becomes readable (-1: never).
 * Returns a new capture, owned by the caller; or NULL and MPS_ERROR_FORMAT if it is no capture,
 * MPS_ERROR_OPEN otherwise; or NULL without an error and *archive, to be unreferenced by the
 * caller, which stands at its first member. */
MpsCapture *mps_capture_open(const char *path, int stop_fd, MpsPacked **archive, GError **error);

/* The same for the member at which @packed stands; @path is its name for messages.  @packed must
 * not be moved on as long as the capture lives. */
MpsCapture *mps_capture_open_packed(MpsPacked *packed, const char *path, GError **error);

/* Reads the next packet; capture_id is left 0.  out->bytes is borrowed: it dies with the next call.
 * Returns MPS_READ_PACKET, MPS_READ_END, or MPS_READ_FAILED with MPS_ERROR_READ; after either of
 * the last two there is nothing more to read.  MPS_ERROR_INTERRUPTED: @stop_fd ended it. */
MpsReadResult mps_capture_next(MpsCapture *self, MpsPacket *out, GError **error);

MpsCaptureInfo mps_capture_info(const MpsCapture *self);

/* libpcap's name, "unknown" without one; static. */
const char *mps_capture_link_name(int link_type);

/* Whether it may have no end, and cannot be opened again: a pipe. */
bool mps_capture_is_live(const MpsCapture *self);

/* Whether it is compressed or in an archive. */
bool mps_capture_is_packed(const MpsCapture *self);

void mps_capture_free(MpsCapture *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsCapture, mps_capture_free)

#endif
