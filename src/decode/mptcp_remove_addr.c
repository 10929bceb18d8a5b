/* mptcp_remove_addr.c - REMOVE_ADDR, RFC 8684 section 3.4.2.
 *   | kind 30 | length | subtype 4, reserved | address id, one or more | */
#include "decode/mptcp.h"

void mps_decode_remove_addr(MpsCursor *c, MpsMptcpOption *out)
{
    const size_t n_ids = mps_cursor_left(c);

    if (n_ids < 1 || n_ids > MPS_REMOVE_ADDR_MAX) {
        mps_mptcp_refuse(c);
        return;
    }
    out->remove_addr.n_ids = (uint8_t)n_ids;
    mps_cursor_take(c, out->remove_addr.ids, n_ids);
}
