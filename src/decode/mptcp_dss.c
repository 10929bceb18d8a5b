/* mptcp_dss.c - Data Sequence Signal, RFC 8684 section 3.3.
 *   | kind 30 | length | subtype 2, reserved | reserved, F m M a A |
 *   | data ACK: 4 bytes, 8 if a | if A
 *   | DSN: 4 bytes, 8 if m | subflow sequence number: 4 | length: 2 | checksum: 2, if agreed | if M
 */
#include "decode/mptcp.h"

enum { DSS_A = 0x01, DSS_a = 0x02, DSS_M = 0x04, DSS_m = 0x08, DSS_F = 0x10 };

void mps_decode_dss(MpsCursor *c, MpsMptcpOption *out)
{
    const uint8_t flags = mps_take_u8(c);

    out->dss.data_fin = flags & DSS_F;
    if (flags & DSS_A) {
        out->dss.has_ack = true;
        out->dss.ack_is_64 = flags & DSS_a;
        out->dss.data_ack = out->dss.ack_is_64 ? mps_take_be64(c) : mps_take_be32(c);
    }
    if (flags & DSS_M) {
        out->dss.has_map = true;
        out->dss.dsn_is_64 = flags & DSS_m;
        out->dss.dsn = out->dss.dsn_is_64 ? mps_take_be64(c) : mps_take_be32(c);
        out->dss.ssn = mps_take_be32(c);
        out->dss.data_bytes = mps_take_be16(c);
        out->dss.has_checksum = mps_cursor_left(c) == 2; /* agreed or not: the connection knows */
        if (out->dss.has_checksum)
            out->dss.checksum = mps_take_be16(c);
    }
}
