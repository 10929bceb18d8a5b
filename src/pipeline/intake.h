/* intake.h - the packets of a trace, filtered and decoded.
 *
 * A thread of its own may read ahead of who takes them, a bounded number of packets and bytes; what
 * is taken is the same with it and without. */
#ifndef MPS_PIPELINE_INTAKE_H
#define MPS_PIPELINE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include <mptcpscope/error.h>
#include <mptcpscope/packet.h>
#include <mptcpscope/segment.h>

#include "capture/trace.h"
#include "util/image.h"
#include "util/limits.h"
#include "util/option_names.h"

typedef struct {
    const char *filter;          /* as pcap-filter(7), or NULL */
    const MpsOptionNames *names; /* or NULL */
    bool verify;                 /* checksums, see mps_decode_verified() */
    bool strict;                 /* reading ends when a file turns out to be cut or unreadable */
    bool ahead;                  /* in a thread of its own */
    MpsSpan span;
    uint64_t n_known; /* so many packets at the begin are read, but not filtered and not decoded */
} MpsIntakeOptions;

typedef struct {
    MpsPacket packet;
    bool passed;  /* not known, nor before the span, and the filter; if not, it was not decoded */
    bool follows; /* MPS_DECODED_FRAGMENT: the first one was seen, the segment is filled */
    MpsDecoded decoded;
    MpsSegment segment; /* its options have their names */
} MpsTaken;

typedef struct _MpsIntake MpsIntake;

/* @trace is borrowed, and is the intake's alone until that is freed, but for what does not change:
 * mps_trace_is_live() and the number of files.  @options and what they point to are borrowed, too.
 * NULL and MPS_ERROR_USAGE: the filter is wrong. */
MpsIntake *mps_intake_new(MpsTrace *trace, const MpsIntakeOptions *options, GError **error);

/* The next packet, with its bytes; it dies with the next call.  NULL at the end, which comes early
 * with MPS_ERROR_USAGE if the filter makes no sense for a packet. */
MpsTaken *mps_intake_next(MpsIntake *self, GError **error);

/* What is remembered of the packets taken so far, in an image; restored before the first is taken.
 */
void mps_intake_image(MpsIntake *self, MpsImage *image);

/* So many of the known packets are passed over: a restored image knows of files that hold nothing
 * else. */
uint64_t mps_intake_n_passed_over(const MpsIntake *self);

/* How far the files were read when the packet at hand was; *bytes_total 0: not known. */
void mps_intake_progress(const MpsIntake *self, uint64_t *bytes_read, uint64_t *bytes_total);

/* Ends reading, wherever it is. */
void mps_intake_free(MpsIntake *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsIntake, mps_intake_free)

#endif
