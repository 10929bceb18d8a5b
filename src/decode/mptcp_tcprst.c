/* mptcp_tcprst.c - MP_TCPRST, RFC 8684 section 3.6.
 *   | kind 30 | length 4 | subtype 8, U V W T | reason | */
#include "decode/mptcp.h"

void mps_decode_tcprst(MpsCursor *c, MpsMptcpOption *out)
{
    out->tcprst.flags = out->byte2 & 0x0f;
    out->tcprst.reason = mps_take_u8(c);
}
