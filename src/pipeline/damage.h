/* damage.h - what was wrong with the input: files that were cut or unreadable, and packets by kind
 * of damage. */
#ifndef MPS_PIPELINE_DAMAGE_H
#define MPS_PIPELINE_DAMAGE_H

#include <mptcpscope/damage.h>
#include <mptcpscope/error.h>
#include <mptcpscope/packet.h>
#include <mptcpscope/row.h>

#include "capture/trace.h"

/* One line on stderr for each such file of @trace, with what was @done ("analyzed") to the packets
 * before the break.  Returns whether there was any. */
bool mps_damage_report(const MpsTrace *trace, const char *done);

/* False and MPS_ERROR_READ for the first such file, if there is any. */
bool mps_damage_check(const MpsTrace *trace, GError **error);

/* Counts of one file; zeroed memory has seen nothing. */
typedef struct {
    struct {
        uint64_t packets, first_packet;
    } of[MPS_N_DAMAGES];
    bool any;
    uint64_t highest_packet;
    int64_t latest_ns;
} MpsDamages;

/* Counts packet number @packet under every kind of the MPS_DAMAGED() set @kinds. */
void mps_damages_add(MpsDamages *self, uint64_t kinds, uint64_t packet);

/* Looks at the order and the time stamp of @packet among those of its file. */
void mps_damages_order(MpsDamages *self, const MpsPacket *packet);

/* The table, and its rows of file @capture_id. */
extern const MpsTable mps_damages_table;
void mps_damages_write(const MpsDamages *self, int64_t capture_id, MpsRowSink *rows);

#endif
