/* mptcp_fail.c - MP_FAIL, RFC 8684 section 3.7.
 *   | kind 30 | length 12 | subtype 6, reserved | reserved | DSN: 8 | */
#include "decode/mptcp.h"

void mps_decode_fail(MpsCursor *c, MpsMptcpOption *out)
{
    mps_cursor_skip(c, 1);
    out->fail.dsn = mps_take_be64(c);
}
