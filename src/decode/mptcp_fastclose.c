/* mptcp_fastclose.c - MP_FASTCLOSE, RFC 8684 section 3.5.
 *   | kind 30 | length 12 | subtype 7, reserved | reserved | receiver's key: 8 | */
#include "decode/mptcp.h"

void mps_decode_fastclose(MpsCursor *c, MpsMptcpOption *out)
{
    mps_cursor_skip(c, 1);
    out->fastclose.receiver_key = mps_take_be64(c);
}
