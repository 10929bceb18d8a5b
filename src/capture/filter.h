/* filter.h - a packet filter in the words of pcap-filter(7), for any link types. */
#ifndef MPS_CAPTURE_FILTER_H
#define MPS_CAPTURE_FILTER_H

#include <stdbool.h>

#include <mptcpscope/error.h>
#include <mptcpscope/packet.h>

typedef struct _MpsFilter MpsFilter;

MpsFilter *mps_filter_new(const char *expression);

/* Compiles the expression for @link_type, unless that was done before.  False and MPS_ERROR_USAGE
 * if it is wrong, or makes no sense for that link type. */
bool mps_filter_prepare(MpsFilter *self, int link_type, GError **error);

/* Whether @packet passes; *passed is set if the result is true.  False and MPS_ERROR_USAGE as
 * above. */
bool mps_filter_packet(MpsFilter *self, const MpsPacket *packet, bool *passed, GError **error);

void mps_filter_free(MpsFilter *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsFilter, mps_filter_free)

#endif
