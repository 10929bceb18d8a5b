/* packet_views.h - what people see of packets.  Unlike other views these do not read the database:
 * they are told of one packet after the other. */
#ifndef MPS_VIEWS_PACKET_VIEWS_H
#define MPS_VIEWS_PACKET_VIEWS_H

#include <stdio.h>

#include <mptcpscope/told.h>

#include "views/views.h" /* MPS_ALL_CONNECTIONS */

/* --- view_dump.c: one line per packet. */
typedef struct {
    FILE *out;
    int64_t connection_id; /* or MPS_ALL_CONNECTIONS */
    bool all;              /* also TCP that has nothing to do with MPTCP */
    bool json;             /* one object per line */
    bool name_captures;    /* packets are named CAPTURE:NUMBER */
    bool any;              /* result: something was printed */
    /* private, zeroed */
    bool started;
    int64_t origin_ns; /* first packet of the trace */
    GString *line;
} MpsDump;

/* Takes the next packet, prints it if it is wanted.  False if @out is broken. */
bool mps_dump_packet(MpsDump *self, const MpsTold *told);
void mps_dump_clear(MpsDump *self);

/* --- ladder.c: the signalling of one connection, gathered packet by packet, drawn at the end. */
typedef struct _MpsLadder MpsLadder;

MpsLadder *mps_ladder_new(uint64_t connection_id, bool name_captures);
void mps_ladder_packet(MpsLadder *self, const MpsTold *told);
/* Whether there was such a connection. */
bool mps_ladder_found(const MpsLadder *self);
/* ladder_text.c, ladder_svg.c.  Call mps_ladder_finish() once before. */
void mps_ladder_finish(MpsLadder *self);
void mps_ladder_text(const MpsLadder *self, FILE *out);
void mps_ladder_svg(const MpsLadder *self, FILE *out);
void mps_ladder_free(MpsLadder *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsLadder, mps_ladder_free)

#endif
