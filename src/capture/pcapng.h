/* pcapng.h - reader of pcapng blocks (draft-ietf-opsawg-pcapng); private to capture.
 *
 * Not libpcap's: that one refuses files whose interfaces differ in link type or snap length, as
 * merged captures of two paths do, and hides the interface a packet came from. */
#ifndef MPS_CAPTURE_PCAPNG_H
#define MPS_CAPTURE_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include <mptcpscope/packet.h>

#include "capture/blocks.h"
#include "capture/notes.h"

typedef struct _MpsPcapng MpsPcapng;

/* Reads from @blocks, which are borrowed and stand at the first section header. */
MpsPcapng *mps_pcapng_new(MpsBlocks *blocks);
void mps_pcapng_free(MpsPcapng *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsPcapng, mps_pcapng_free)

/* Fills all of *out but number and capture_id.  out->bytes dies with the next call.
 * out->interface_name lives as long as the notes.
 * A simple packet block has no time: it gets that of the packet before it.
 * With MPS_READ_FAILED *reason is static text; NULL says that the file ends inside a block. */
MpsReadResult mps_pcapng_next(MpsPcapng *self, MpsPacket *out, const char **reason);

/* What was said beside the packets so far.  Borrowed; to be kept, take a reference. */
MpsNotes *mps_pcapng_notes(const MpsPcapng *self);

#endif
