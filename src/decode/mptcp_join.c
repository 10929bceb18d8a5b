/* mptcp_join.c - MP_JOIN, RFC 8684 section 3.2.  The length tells the form.
 *   SYN      | kind 30 | length 12 | subtype 1, reserved, B | address id | token: 4 | nonce: 4 |
 *   SYN/ACK  | kind 30 | length 16 | subtype 1, reserved, B | address id | HMAC: 8 | nonce: 4 |
 *   ACK      | kind 30 | length 24 | subtype 1, reserved | reserved | HMAC: 20 | */
#include "decode/mptcp.h"

void mps_decode_join(MpsCursor *c, MpsMptcpOption *out)
{
    const uint8_t address_id = mps_take_u8(c);

    if (out->length == MPS_JOIN_ACK) {
        out->join.form = MPS_JOIN_ACK;
        mps_cursor_take(c, out->join.hmac, 20);
        return;
    }
    out->join.backup = out->byte2 & 0x01;
    out->join.address_id = address_id;
    if (out->length == MPS_JOIN_SYN) {
        out->join.form = MPS_JOIN_SYN;
        out->join.token = mps_take_be32(c);
    } else if (out->length == MPS_JOIN_SYNACK) {
        out->join.form = MPS_JOIN_SYNACK;
        mps_cursor_take(c, out->join.hmac, 8);
    } else {
        mps_mptcp_refuse(c);
    }
    out->join.nonce = mps_take_be32(c);
}
