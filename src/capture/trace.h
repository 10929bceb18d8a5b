/* trace.h - several captures as one trace in time order.  Opaque; one thread at a time.
 *
 * Packets come by time stamp, ties in the order of the files and then of the packets.  Within one
 * file too: stamps run backwards where several interfaces were captured, so the reader looks 1024
 * packets or 4 MiB ahead; what comes later than that is delivered late, not lost.
 * A file that is cut or unreadable is noted in its description, the others go on. */
#ifndef MPS_CAPTURE_TRACE_H
#define MPS_CAPTURE_TRACE_H

#include <stdbool.h>

#include <mptcpscope/error.h>
#include <mptcpscope/packet.h>

typedef struct _MpsTrace MpsTrace;

typedef enum {
    MPS_FILE_OK,         /* read to its end, or sound so far */
    MPS_FILE_CUT,        /* ends in mid-packet or breaks off: the packets before were delivered */
    MPS_FILE_UNREADABLE, /* could not be opened */
} MpsFileStatus;

typedef struct {
    const char *path;      /* as given */
    const char *format;    /* "pcap", "pcapng"; NULL if unreadable */
    int link_type;         /* of the first interface, -1 unknown */
    const char *link_name; /* NULL if unreadable */
    uint32_t snaplen_bytes;
    MpsFileStatus status;
    const char *error;                /* "path: reason"; NULL if OK */
    uint64_t n_packets;               /* delivered */
    int64_t first_ns, last_ns;        /* least and greatest stamp delivered; 0 without packets */
    int64_t dropped;                  /* by the capturing side, -1 unknown */
    uint64_t bytes_read, bytes_total; /* bytes_total 0: a pipe */
} MpsFileInfo;

/* Opens every file of the NULL-terminated @paths; capture_id is the 1-based index in it.
 * Returns a new trace, owned by the caller; or NULL and the first file's MPS_ERROR_OPEN if none
 * can be opened, MPS_ERROR_USAGE if there is none. */
MpsTrace *mps_trace_open(const char *const *paths, GError **error);

/* Reads the next packet.  out->bytes is borrowed: it dies with the next call.
 * Returns MPS_READ_PACKET or MPS_READ_END, never MPS_READ_FAILED: see mps_trace_file(). */
MpsReadResult mps_trace_next(MpsTrace *self, MpsPacket *out);

/* Files in argument order, @index from 0; the strings live as long as the trace. */
size_t mps_trace_n_files(const MpsTrace *self);
MpsFileInfo mps_trace_file(const MpsTrace *self, size_t index);

/* Bytes read and to be read over all files; *bytes_total is 0 if one of them is a pipe. */
void mps_trace_progress(const MpsTrace *self, uint64_t *bytes_read, uint64_t *bytes_total);

void mps_trace_free(MpsTrace *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsTrace, mps_trace_free)

#endif
