/* mptcp_add_addr.c - ADD_ADDR, RFC 8684 section 3.4.1, and its other form of RFC 6824.
 *   v1  | kind 30 | length | subtype 3, reserved, E | address id
 *       | address: 4 or 16 | port: 2, optional | HMAC: 8, unless E |
 *   v0  | kind 30 | length | subtype 3, IP version 4 or 6 | address id
 *       | address: 4 or 16 | port: 2, optional |
 * The length tells address family and port: 8 10 20 22 without HMAC, 16 18 28 30 with. */
#include "decode/mptcp.h"

static bool is_v0(const MpsMptcpOption *option)
{
    const uint8_t ip_version = option->byte2 & 0x0f;

    return (ip_version == 4 && (option->length == 8 || option->length == 10)) ||
           (ip_version == 6 && (option->length == 20 || option->length == 22));
}

void mps_decode_add_addr(MpsCursor *c, MpsMptcpOption *out)
{
    out->add_addr.version = is_v0(out) ? 0 : 1;
    out->add_addr.echo = out->add_addr.version == 1 && out->byte2 & 0x01;
    out->add_addr.has_hmac = out->add_addr.version == 1 && !out->add_addr.echo;
    out->add_addr.address_id = mps_take_u8(c);

    const size_t hmac_bytes = out->add_addr.has_hmac ? sizeof out->add_addr.hmac : 0;
    const size_t address_bytes = out->length >= 20 + hmac_bytes ? 16 : 4;

    mps_cursor_take(c, out->add_addr.address.bytes, address_bytes);
    out->add_addr.address.family = address_bytes == 16 ? 6 : 4;
    out->add_addr.has_port = mps_cursor_left(c) == hmac_bytes + 2;
    if (out->add_addr.has_port)
        out->add_addr.port = mps_take_be16(c);
    mps_cursor_take(c, out->add_addr.hmac, hmac_bytes);
}
