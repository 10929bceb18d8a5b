/* packets.h - the other consumer of captures: each packet with what the model made of it, for the
 * views of packets.  Nothing is stored. */
#ifndef MPS_PIPELINE_PACKETS_H
#define MPS_PIPELINE_PACKETS_H

#include <mptcpscope/error.h>
#include <mptcpscope/told.h>

#include "util/limits.h"
#include "util/option_names.h"

typedef struct {
    const char *const *paths; /* as mps_trace_open() takes them, one trace in time order */
    const char *filter;       /* as pcap-filter(7), or NULL; the model does not see the rest */
    const char *show;         /* the same; the model sees the rest, which is marked as not passed */
    bool strict;              /* a file that is cut or unreadable ends the run */
    const MpsOptionNames *option_names; /* or NULL */
    bool verify_checksums;              /* as in MpsAnalysis */
    MpsLimits limits;
    bool progress; /* progress bar on stderr */
} MpsPacketRun;

/* Takes a packet; false ends the run (the output is broken; nobody wants more). */
typedef bool (*MpsPacketFunc)(void *user, const MpsTold *told);

/* Reads the captures front to back and calls @take for each packet, also for those that the filter
 * stops or that are not TCP.  Returns false and MPS_ERROR_OPEN, _FORMAT, _READ, _INTERRUPTED,
 * or _USAGE for a filter; *damaged says that some input was cut or unreadable, which was said on
 * stderr. */
bool mps_pipeline_packets(const MpsPacketRun *run, MpsPacketFunc take, void *user, bool *damaged,
                          GError **error);

#endif
