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

typedef struct _MpsPcapng MpsPcapng;

/* Reads from @blocks, which are borrowed and stand at the first section header. */
MpsPcapng *mps_pcapng_new(MpsBlocks *blocks);
void mps_pcapng_free(MpsPcapng *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsPcapng, mps_pcapng_free)

/* Fills all of *out but number and capture_id.  out->bytes dies with the next call.
 * A simple packet block has no time: it gets that of the packet before it.
 * With MPS_READ_FAILED *reason is static text; NULL says that the file ends inside a block. */
MpsReadResult mps_pcapng_next(MpsPcapng *self, MpsPacket *out, const char **reason);

/* First interface of the file; false if none was described up to now. */
bool mps_pcapng_first_interface(const MpsPcapng *self, int *link_type, uint32_t *snaplen_bytes);
int64_t mps_pcapng_dropped(const MpsPcapng *self); /* -1: no block said */

#endif
