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

#include "capture/notes.h"

typedef struct _MpsTrace MpsTrace;

typedef enum {
    MPS_FILE_OK,         /* read to its end, or sound so far */
    MPS_FILE_CUT,        /* ends in mid-packet or breaks off: the packets before were delivered */
    MPS_FILE_UNREADABLE, /* could not be opened */
} MpsFileStatus;

typedef struct {
    const char *path;      /* as given, or found below it; behind a slash the name in an archive */
    const char *file;      /* where it is: the archive, of a member */
    unsigned argument;     /* 1, 2, ...: the path it stands for */
    const char *format;    /* "pcap", "pcapng"; NULL if unreadable */
    int link_type;         /* of the first interface, -1 unknown */
    const char *link_name; /* NULL if unreadable */
    uint32_t snaplen_bytes;
    MpsFileStatus status;
    const char *error;                /* "path: reason"; NULL if OK */
    int64_t longest_pause_ns;         /* between two packets in time order; 0 below two */
    uint64_t n_packets;               /* delivered */
    int64_t first_ns, last_ns;        /* least and greatest stamp delivered; 0 without packets */
    int64_t dropped;                  /* by the capturing side, -1 unknown */
    const MpsNotes *notes;            /* what pcapng says beside the packets; NULL: nothing */
    uint64_t bytes_read, bytes_total; /* bytes_total 0: a pipe */
} MpsFileInfo;

/* Opens every file of the NULL-terminated @paths: captures, compressed ones, archives of captures,
 * directories.  capture_id is the 1-based index of a file: in the order of @paths, those of one
 * directory or archive by their first time stamp.  Pipes end early when @stop_fd becomes readable
 * (-1: never), and other files, too, if they are slow.
 * Returns a new trace, owned by the caller; or NULL and the first file's MPS_ERROR_OPEN or _FORMAT
 * if none can be opened, MPS_ERROR_USAGE if there is none. */
MpsTrace *mps_trace_open(const char *const *paths, int stop_fd, GError **error);

/* Reads the next packet.  out->bytes is borrowed: it dies with the next call, unless it is kept.
 * Returns MPS_READ_PACKET or MPS_READ_END, never MPS_READ_FAILED: see mps_trace_file(). */
MpsReadResult mps_trace_next(MpsTrace *self, MpsPacket *out);

/* Bytes of a packet that outlive the next call. */
typedef struct {
    uint8_t *bytes;
    unsigned bucket; /* they take 1 << bucket */
} MpsKept;

/* Keeps those that mps_trace_next() gave last, until they are given back. */
MpsKept mps_trace_keep(MpsTrace *self);
void mps_trace_give_back(MpsTrace *self, MpsKept kept);

/* Whether a pipe is among the files: then an early end is what its user may want. */
bool mps_trace_is_live(const MpsTrace *self);

/* Files that are cut or unreadable, as far as is known. */
size_t mps_trace_n_damaged(const MpsTrace *self);

/* Files of directories and archives that are left out, as neither they nor their names are those of
 * captures. */
size_t mps_trace_n_left_out(const MpsTrace *self);

/* Files in the order of their capture_id, @index from 0; the strings live as long as the trace. */
size_t mps_trace_n_files(const MpsTrace *self);
MpsFileInfo mps_trace_file(const MpsTrace *self, size_t index);

/* Files whose last packet was delivered, as indexes in the order in which they ended. */
size_t mps_trace_n_ended(const MpsTrace *self);
size_t mps_trace_ended(const MpsTrace *self, size_t i);

/* Passes over the file at @index, which ended in an earlier run: @info is what was said of it then.
 * For files without notes, before the first packet is read. */
void mps_trace_pass_over(MpsTrace *self, size_t index, const MpsFileInfo *info);

/* Bytes read and to be read over all files; *bytes_total is 0 if one of them is a pipe. */
void mps_trace_progress(const MpsTrace *self, uint64_t *bytes_read, uint64_t *bytes_total);

void mps_trace_free(MpsTrace *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsTrace, mps_trace_free)

#endif
