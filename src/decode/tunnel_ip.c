/* tunnel_ip.c - an IP packet right behind an IP header: IP-in-IP (RFC 2003), IPv6 in IPv4 (RFC
 * 4213), either in IPv6 (RFC 2473).  The version of the inner header is believed. */
#include "decode/layers.h"

uint16_t mps_tunnel_ip(MpsLayer *layer, MpsTunnel *out G_GNUC_UNUSED)
{
    return mps_link_raw(layer);
}
