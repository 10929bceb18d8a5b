/* mptcp.h - the option decoders' common ground; private to decode.
 *
 * A decoder finds its cursor at the option's fourth byte and the first three in *out.  It reads
 * its form to the end: a short read or a byte left over makes the option malformed. */
#ifndef MPS_DECODE_MPTCP_H
#define MPS_DECODE_MPTCP_H

#include <mptcpscope/segment.h>

#include "util/cursor.h"

/* There is no form of this length. */
static inline void mps_mptcp_refuse(MpsCursor *c)
{
    c->short_read = true;
}

#define MPTCP_SUBTYPE(value, name, fn, section)                                                    \
    void mps_decode_##fn(MpsCursor *c, MpsMptcpOption *out);
#include "decode/mptcp_subtypes.def"
#undef MPTCP_SUBTYPE

#endif
