/* classic.h - reader of classic pcap files; private to capture.
 *
 * libpcap reads the header, with its judgement of versions and its names of link types; the packets
 * are looked at in the block they lie in, as libpcap would deliver them, but that headers of USB,
 * NFLOG and CAN packets stay in the byte order of their writer: they hold no IP. */
#ifndef MPS_CAPTURE_CLASSIC_H
#define MPS_CAPTURE_CLASSIC_H

#include <mptcpscope/packet.h>

#include "capture/blocks.h"

typedef struct _MpsClassic MpsClassic;

/* Whether a file begins with @magic, the first four bytes as they lie. */
bool mps_classic_probe(uint32_t magic);

/* Reads the header from @blocks, which are borrowed.  NULL and libpcap's words in *reason, to be
 * freed by the caller, if it is not to be read. */
MpsClassic *mps_classic_new(MpsBlocks *blocks, char **reason);
void mps_classic_free(MpsClassic *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsClassic, mps_classic_free)

/* Fills all of *out but number and capture_id.  out->bytes dies with the next call.
 * With MPS_READ_FAILED *reason lives until the next call; NULL says that the file ends inside a
 * packet. */
MpsReadResult mps_classic_next(MpsClassic *self, MpsPacket *out, const char **reason);

int mps_classic_link_type(const MpsClassic *self);
uint32_t mps_classic_snaplen(const MpsClassic *self);

#endif
