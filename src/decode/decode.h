/* decode.h - one captured packet to one TCP segment.  Pure: no state, no allocation, no I/O; total
 * on hostile bytes.  Lengths come from the IP header and the wire, never from what was captured.
 *
 * Link types: links.def.  Tunnels: tunnels.def.  MPTCP subtypes: mptcp_subtypes.def.
 * Sources: RFC 791, RFC 8200, RFC 9293, RFC 8684, RFC 6824, and the LINKTYPE_ list of tcpdump.org.
 */
#ifndef MPS_DECODE_DECODE_H
#define MPS_DECODE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mptcpscope/packet.h>
#include <mptcpscope/segment.h>

/* Decodes @packet.  *out is filled with MPS_DECODED_TCP; with MPS_DECODED_FRAGMENT are addresses,
 * fragment, payload, tunnels, time, packet and place; otherwise only the damage.  tunnel[] beyond
 * n_tunnels, mptcp[] beyond n_mptcp, opaque[] beyond n_opaque and sack[] beyond n_sack are never
 * touched.  No option has a name yet.
 *
 *   wire         taken as captured_bytes where a file says less
 *   IPv4 length  0 (TSO) means the wire length; more than the wire has means the wire length
 *   IPv6 length  0 (jumbogram, BIG TCP) means the wire length
 *   tunnels      followed inwards, MPS_TUNNELS_MAX deep; addresses and lengths are the innermost's
 *   fragments    the first one is TCP with the payload it carries itself, and without its FIN,
 * which stands behind the last; of a fragmented tunnel packet only the first is read, and the inner
 * IP length tells the payload wscale       as sent; RFC 7323 section 2.3 lets a user clamp it to 14
 *   repeated or ill-sized MSS, window scale, SACK, time stamps: the last well-sized one counts */
MpsDecoded mps_decode_packet(const MpsPacket *packet, MpsSegment *out);

/* The same, and verifies the header checksum of every IPv4 header and that of TCP: a wrong one, or
 * one that cannot be verified, is damage.  What a sending host leaves to its network card (the
 * sum of the pseudo header alone, or zero) is not wrong. */
MpsDecoded mps_decode_verified(const MpsPacket *packet, MpsSegment *out);

/* Decodes a packet that mps_decode_packet() called MPS_DECODED_ICMP.  Returns true if it is an
 * error message that quotes the begin of a TCP segment. */
bool mps_decode_icmp_error(const MpsPacket *packet, MpsIcmpError *out);

/* Decodes one option of kind 30; @option points at the kind, @captured_bytes (at least 1) may be
 * less than the length byte says (MPS_OPT_TRUNCATED) or more (the rest is not looked at). Unless
 * the status is OK only subtype, status, length, byte2 and byte3 are set, the rest is zero. An
 * option that ends, or is cut, before its subtype counts as MPS_MP_EXPERIMENTAL. */
MpsOptionStatus mps_mptcp_decode(const uint8_t *option, size_t captured_bytes, MpsMptcpOption *out);

/* Name in RFC 8684, "unassigned" for a value without one.  Static. */
const char *mps_mptcp_subtype_name(uint8_t subtype);

#endif
