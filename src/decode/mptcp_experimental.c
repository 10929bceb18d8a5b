/* mptcp_experimental.c - MP_EXPERIMENTAL, RFC 8684 section 9.2: private use, any content.
 *   | kind 30 | length | subtype 15, free | free | */
#include "decode/mptcp.h"

void mps_decode_experimental(MpsCursor *c, MpsMptcpOption *out G_GNUC_UNUSED)
{
    mps_cursor_skip(c, mps_cursor_left(c));
}
