/* gen_v0.c - writes the captures no kernel at hand can be made to produce: MPTCP version 0, and
 * version 1 gone wrong.  Beside each NAME.pcap stands NAME.json, the truth about it: numbers stated
 * by the author of the scenario, not measured.
 *
 * A case is one function and one line of the table at the end.  Times, keys and sequence numbers
 * are fixed, so that the output never changes by itself. */
#include "../support/build_packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

/* What an analyzer has to find.  Strings left NULL are not stated (JSON null). */
typedef struct {
    int64_t data, reinjected, remapped, orphaned, unmapped, retransmitted, hole_filled, missing;
} TruthDirection;

typedef struct {
    const char *kind, *opened_by, *result, *hmac;
    struct {
        int64_t payload, unique, data;
    } bytes[2];
} TruthSubflow;

typedef struct {
    int version; /* negative: the capture does not tell */
    const char *handshake, *close, *closed_by, *fallback;
    TruthDirection direction[2];
    TruthSubflow subflows[2];
} TruthConnection;

typedef struct {
    int64_t duplicate_packets;
    TruthConnection connections[2];
    TruthSubflow unattached; /* a join of no known connection */
} Truth;

/* Initializers of the usual. */
#define FULL_HANDSHAKE .handshake = "full"
#define DATA_FIN_CLOSE .close = "data_fin", .closed_by = "client"
#define INITIAL        .kind = "initial", .opened_by = "client", .result = "established"
#define JOIN(outcome, hmac_state)                                                                  \
    .kind = "join", .opened_by = "client", .result = (outcome), .hmac = (hmac_state)
#define JOINED JOIN("established", "valid")

#define C PB_CLIENT
#define S PB_SERVER

#define SERVER     "192.0.2.10"
#define CLIENT     "198.51.100.1"
#define CLIENT_TWO "203.0.113.1"

static PbConn *make_conn(PbNet *net, int version)
{
    return pb_conn(net, version, UINT64_C(0xc11e47c11e47c11e), UINT64_C(0x5e44e45e44e45e44));
}

static PbFlow *first_path(PbConn *conn)
{
    return pb_flow(conn, C, CLIENT, 40000, SERVER, 80);
}

static PbFlow *second_path(PbConn *conn)
{
    return pb_flow(conn, C, CLIENT_TWO, 40001, SERVER, 80);
}

/* Handshake and a request of 100 bytes, which in version 1 travels in MP_CAPABLE. */
static void begin(PbFlow *flow)
{
    pb_open(flow);
    pb_send_cut(flow, C, 100, 1, flow->conn->version == 0 ? PB_MAP_ALL : PB_MAP_CAPABLE);
    pb_ack(flow, S);
}

static void finish(PbConn *conn, PbFlow *second)
{
    pb_close(conn);
    pb_fin_exchange(second, C);
}

static void v0_two_subflow_upload(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 0);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    pb_open(cell);
    for (int i = 0; i < 10; i++) {
        pb_send(wifi, C, 1400);
        pb_send(cell, C, 1400);
        pb_send(wifi, C, 1400);
        pb_ack(wifi, S);
        pb_ack(cell, S);
    }
    pb_send(wifi, S, 500);
    pb_ack(wifi, C);
    finish(conn, cell);
    truth->connections[0] = (TruthConnection){
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 42100}, {.data = 500}},
        .subflows = {{INITIAL, .bytes = {{28100, 28100, 28100}, {500, 500, 500}}},
                     {JOINED, .bytes = {{14000, 14000, 14000}}}},
    };
}

static void v0_gso(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 0);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);
    PbSpan burst = {0};

    begin(wifi);
    pb_open(cell);
    net->step_ns = 100000;
    for (int i = 0; i < 5; i++) {
        PbFlow *flow = i % 2 ? cell : wifi;

        burst = pb_send_cut(flow, C, 8 * 1428, 8, PB_MAP_FIRST);
        if (i < 4)
            pb_ack(flow, S);
    }

    /* from the middle of the third to the middle of the seventh packet of the last burst */
    PbSpan again = pb_plan_again(pb_part(burst, 3000, 5000), cell);

    again.segments = 4;
    again.style = PB_MAP_FIRST;
    pb_transmit(again);
    pb_ack(cell, S);
    pb_ack(wifi, S);
    finish(conn, cell);
    truth->connections[0] = (TruthConnection){
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 57220, .reinjected = 5000}},
        .subflows = {{INITIAL, .bytes = {{34372, 34372, 34372}}},
                     {JOINED, .bytes = {{27848, 27848, 22848}}}},
    };
}

static void v0_dsn_wrap(PbNet *net, Truth *truth)
{
    /* found by search: the low halves of the IDSNs are some kilobytes below 2^32 */
    PbConn *conn = pb_conn(net, 0, UINT64_C(0x5eed000000010cab), UINT64_C(0x5eed0000000b52bf));
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    g_assert((uint32_t)conn->idsn[C] > UINT32_MAX - 16000);
    g_assert((uint32_t)conn->idsn[S] > UINT32_MAX - 16000);
    begin(wifi);
    pb_open(cell);
    for (int i = 0; i < 10; i++) {
        for (PbSide from = PB_CLIENT; from <= PB_SERVER; from++) {
            pb_send(wifi, from, 1400);
            pb_send(cell, from, 1400);
            pb_ack(wifi, pb_peer(from));
            pb_ack(cell, pb_peer(from));
        }
    }
    finish(conn, cell);
    truth->connections[0] = (TruthConnection){
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 28100}, {.data = 28000}},
        .subflows = {{INITIAL, .bytes = {{14100, 14100, 14100}, {14000, 14000, 14000}}},
                     {JOINED, .bytes = {{14000, 14000, 14000}, {14000, 14000, 14000}}}},
    };
}

static void v0_reinjection(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 0);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    pb_open(cell);

    const PbSpan first = pb_send_cut(wifi, C, 4000, 4, PB_MAP_ALL);
    const PbSpan late = pb_plan(wifi, C, 1000);

    pb_send(wifi, C, 1000);
    pb_ack_at(wifi, S, late.ssn, late.offset);
    pb_transmit(late);                      /* fills the hole */
    pb_transmit(pb_part(first, 500, 1000)); /* other boundaries than the first copy */
    pb_ack(wifi, S);
    pb_send_cut(cell, C, 2000, 2, PB_MAP_ALL);
    pb_transmit(pb_reinject(pb_part(first, 500, 1800), cell)); /* and retransmitted there */
    pb_ack(cell, S);
    (void)pb_plan(wifi, C, 1000); /* acknowledged, but never captured */
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    finish(conn, cell);
    truth->connections[0] = (TruthConnection){
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 9100,
                       .reinjected = 1800,
                       .retransmitted = 2800,
                       .hole_filled = 1000,
                       .missing = 1000}},
        .subflows = {{INITIAL, .bytes = {{8100, 7100, 7100}}},
                     {JOINED, .bytes = {{5600, 3800, 2000}}}},
    };
}

static void bad_hmac_synack(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    cell->forged_hmac[S] = true;
    pb_syn(cell);
    pb_synack(cell);
    cell->received[C] = 1;
    pb_rst(cell, C, 1);
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 1100}},
        .subflows = {{INITIAL, .bytes = {{1100, 1100, 1100}}}, {JOIN("bad_hmac", "invalid")}},
    };
}

static void bad_hmac_ack(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    cell->forged_hmac[C] = true;
    pb_syn(cell);
    pb_synack(cell);
    pb_third_ack(cell);
    pb_rst(cell, S, 1);
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 1100}},
        .subflows = {{INITIAL, .bytes = {{1100, 1100, 1100}}}, {JOIN("bad_hmac", "invalid")}},
    };
}

static void unknown_token_refused(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    cell->token = ~cell->token;
    cell->isn[S] = UINT32_MAX; /* a RST out of LISTEN has sequence number 0 */
    pb_syn(cell);
    cell->received[S] = 1;
    pb_rst(cell, S, 1);
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 1100}},
        .subflows = {{INITIAL, .bytes = {{1100, 1100, 1100}}}},
    };
    truth->unattached = (TruthSubflow){JOIN("unknown_token", "unchecked")};
}

/* The initial subflow runs on an interface that is not captured. */
static void unknown_token_data(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    net->hidden = true;
    begin(wifi);
    net->hidden = false;
    pb_open(cell);
    pb_send_cut(cell, C, 3000, 3, PB_MAP_ALL);
    pb_ack(cell, S);
    pb_send(cell, S, 500);
    pb_ack(cell, C);
    pb_data_fin(cell, C);
    pb_ack(cell, S);
    pb_data_fin(cell, S);
    pb_ack(cell, C);
    pb_fin_exchange(cell, C);
    truth->connections[0] = (TruthConnection){
        .version = -1,
        .handshake = "none",
        DATA_FIN_CLOSE,
        .direction = {{.data = 3000}, {.data = 500}},
        .subflows = {{JOIN("established", "unchecked"),
                      .bytes = {{3000, 3000, 3000}, {500, 500, 500}}}},
    };
}

static void server_join(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);
    PbFlow *second = pb_flow(conn, S, CLIENT, 40001, "192.0.2.20", 50000);

    begin(wifi);
    pb_open(second);
    pb_send_cut(second, S, 3000, 3, PB_MAP_ALL);
    pb_ack(second, C);
    pb_send(second, C, 500);
    pb_ack(second, S);
    finish(conn, second);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 600}, {.data = 3000}},
        .subflows = {{INITIAL, .bytes = {{100, 100, 100}}},
                     {.kind = "join",
                      .opened_by = "server",
                      .result = "established",
                      .hmac = "valid",
                      .bytes = {{500, 500, 500}, {3000, 3000, 3000}}}},
    };
}

static void join_stripped(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    pb_syn(cell);
    cell->stripped = true;
    pb_synack(cell);
    cell->received[C] = 1;
    pb_rst(cell, C, -1);
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 1100}},
        .subflows = {{INITIAL, .bytes = {{1100, 1100, 1100}}}, {JOIN("stripped", "unchecked")}},
    };
}

static void seq_wrap(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);
    PbSpan across = {0};

    wifi->isn[C] = UINT32_MAX - 4095;
    wifi->isn[S] = UINT32_MAX - 255;
    begin(wifi);
    for (int i = 0; i < 10; i++) {
        const PbSpan sent = pb_send(wifi, C, 1000);

        if (i == 3)
            across = sent; /* SSN 3101 to 4100: the sequence number wraps at 4096 */
        if (i == 8)
            pb_transmit(across);
        pb_ack(wifi, S);
    }
    pb_send_cut(wifi, S, 5000, 5, PB_MAP_ALL);
    pb_ack(wifi, C);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 10100, .retransmitted = 1000}, {.data = 5000}},
        .subflows = {{INITIAL, .bytes = {{11100, 10100, 10100}, {5000, 5000, 5000}}}},
    };
}

static void infinite_mapping(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_send_infinite(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_send_cut(wifi, C, 2000, 2, PB_MAP_NONE);
    pb_ack(wifi, S);
    pb_send(wifi, S, 500);
    pb_ack(wifi, C);
    pb_fin_exchange(wifi, C);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        .close = "fin",
        .closed_by = "client",
        .fallback = "infinite_mapping",
        .direction = {{.data = 4100}, {.data = 500}},
        .subflows = {{INITIAL, .bytes = {{4100, 4100, 4100}, {500, 500, 500}}}},
    };
}

static void mp_fail(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    conn->checksum = true;
    begin(wifi);

    PbSpan changed = pb_plan(wifi, C, 1000);

    changed.wrong_checksum = true;
    pb_transmit(changed);
    wifi->received[S] = wifi->next_ssn[C]; /* the data is kept: the only subflow is contiguous */
    pb_mp_fail(wifi, S, changed.offset);
    pb_mp_fail(wifi, C, 0);
    pb_send_infinite(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_fin_exchange(wifi, C);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        .close = "fin",
        .closed_by = "client",
        .fallback = "mp_fail",
        .direction = {{.data = 3100}},
        .subflows = {{INITIAL, .bytes = {{3100, 3100, 3100}}}},
    };
}

static void late_mapping(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);
    pb_send_cut(wifi, C, 3000, 3, PB_MAP_LAST);
    pb_ack(wifi, S);

    PbSpan bare = pb_send_cut(wifi, C, 2000, 2, PB_MAP_NONE);

    bare.style = PB_MAP_ALL;
    pb_transmit(pb_part(bare, 1000, 1000)); /* its retransmission brings the mapping */
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 5100, .retransmitted = 1000}},
        .subflows = {{INITIAL, .bytes = {{6100, 5100, 5100}}}},
    };
}

static void unmapped_data(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);
    pb_send(wifi, C, 1000);
    pb_send_cut(wifi, C, 500, 1, PB_MAP_NONE);
    conn->next_offset[C] -= 500; /* these bytes have no place in the data sequence */
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 2100, .unmapped = 500}},
        .subflows = {{INITIAL, .bytes = {{2600, 2600, 2100}}}},
    };
}

static void growing_mapping(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);

    const PbSpan whole = pb_plan(wifi, C, 3000);

    for (uint32_t i = 0; i < 3; i++) {
        PbSpan part = pb_part(whole, i * 1000, 1000);

        part.map_bytes = (uint16_t)((i + 1) * 1000);
        pb_transmit(part);
    }
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 3100}},
        .subflows = {{INITIAL, .bytes = {{3100, 3100, 3100}}}},
    };
}

static void contradictory_mapping(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);

    PbSpan sent = pb_send(wifi, C, 1000);

    sent.map_offset += 5000;
    pb_transmit(sent); /* the same bytes, mapped elsewhere */
    pb_send(wifi, C, 1000);
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 2100, .retransmitted = 1000}},
        .subflows = {{INITIAL, .bytes = {{3100, 2100, 2100}}}},
    };
}

static void overlapping_mapping(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);
    pb_send(wifi, C, 1000); /* data offsets 100 to 1099 */

    PbSpan ahead = pb_plan(wifi, C, 1000);

    ahead.offset = 6100;
    ahead.map_ssn -= 500; /* begins inside the mapping before, which was announced first and wins */
    ahead.map_offset = 5600;
    ahead.map_bytes = 1500;
    pb_transmit(ahead); /* 6100 to 7099 */
    conn->next_offset[C] = 1100;
    for (int i = 0; i < 5; i++)
        pb_send(wifi, C, 1000); /* 1100 to 6099 */
    conn->next_offset[C] = 7100;
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 7100}},
        .subflows = {{INITIAL, .bytes = {{7100, 7100, 7100}}}},
    };
}

static void capture_duplicate(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    net->twice = true;
    begin(wifi);
    pb_open(cell);

    const PbSpan sent = pb_send_cut(wifi, C, 4000, 4, PB_MAP_ALL);

    pb_ack(wifi, S);
    pb_send_cut(cell, C, 2000, 2, PB_MAP_ALL);
    pb_ack(cell, S);
    pb_transmit(pb_part(sent, 1000, 1000)); /* a retransmission remains one */
    pb_ack(wifi, S);
    finish(conn, cell);
    truth->duplicate_packets = 31;
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 6100, .retransmitted = 1000}},
        .subflows = {{INITIAL, .bytes = {{5100, 4100, 4100}}},
                     {JOINED, .bytes = {{2000, 2000, 2000}}}},
    };
}

static void midstream(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    net->hidden = true;
    begin(wifi);
    pb_send_cut(wifi, C, 3000, 3, PB_MAP_ALL);
    pb_ack(wifi, S);
    net->hidden = false;
    for (int i = 0; i < 3; i++) {
        pb_send(wifi, C, 1000);
        pb_ack(wifi, S);
    }
    for (int i = 0; i < 2; i++) {
        pb_send(wifi, S, 500);
        pb_ack(wifi, C);
    }
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = -1,
        .handshake = "none",
        DATA_FIN_CLOSE,
        .direction = {{.data = 3000}, {.data = 1000}},
        .subflows = {{.result = "established", .bytes = {{3000, 3000, 3000}, {1000, 1000, 1000}}}},
    };
}

static void hole_reinjected(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    pb_open(cell);

    const PbSpan whole = pb_plan(wifi, C, 3000);

    pb_transmit(pb_part(whole, 0, 1000));
    pb_transmit(pb_part(whole, 2000, 1000)); /* the middle was skipped, and is mapped */
    pb_ack_at(wifi, S, whole.ssn + 1000, whole.offset + 1000);
    pb_reinject(pb_part(whole, 1000, 1000), cell);
    pb_ack(cell, S);
    finish(conn, cell);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 3100, .reinjected = 1000, .orphaned = 1000, .missing = 1000}},
        .subflows = {{INITIAL, .bytes = {{2100, 2100, 3100}}},
                     {JOINED, .bytes = {{1000, 1000, 0}}}},
    };
}

static void hole_late_mapping(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    pb_open(cell);
    pb_send(wifi, C, 1000);

    const PbSpan pair = pb_plan(wifi, C, 2000);
    PbSpan second = pb_part(pair, 1000, 1000);

    second.style = PB_MAP_NONE; /* the mapping was on the first half, which was not captured */
    pb_transmit(second);
    pb_ack_at(wifi, S, pair.ssn, pair.offset);
    pb_reinject(pb_part(pair, 0, 1000), cell);
    pb_ack_at(cell, S, cell->next_ssn[C], pair.offset + 1000);
    second.style = PB_MAP_ALL;
    pb_transmit(second);
    pb_ack(wifi, S);
    finish(conn, cell);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 3100,
                       .reinjected = 1000,
                       .orphaned = 1000,
                       .retransmitted = 1000,
                       .missing = 1000}},
        .subflows = {{INITIAL, .bytes = {{3100, 2100, 3100}}},
                     {JOINED, .bytes = {{1000, 1000, 0}}}},
    };
}

static void hole_late_copy(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn), *cell = second_path(conn);

    begin(wifi);
    pb_open(cell);
    pb_send(wifi, C, 1000);

    const PbSpan skipped = pb_plan(wifi, C, 1000);

    pb_send(wifi, C, 1000);
    pb_ack_at(wifi, S, skipped.ssn, skipped.offset);
    pb_reinject(skipped, cell); /* nothing captured says yet that these bytes were sent before */
    pb_ack(cell, S);
    pb_transmit(skipped);
    pb_ack(wifi, S);
    finish(conn, cell);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 3100, .reinjected = 1000, .hole_filled = 1000}},
        .subflows = {{INITIAL, .bytes = {{3100, 3100, 3100}}},
                     {JOINED, .bytes = {{1000, 1000, 0}}}},
    };
}

static void remap(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);

    const PbSpan sent = pb_send(wifi, C, 1000);

    pb_ack_at(wifi, S, wifi->next_ssn[C], sent.offset); /* received, not yet data-acknowledged */
    pb_transmit(pb_reinject(sent, wifi));               /* and retransmitted */
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 1100, .remapped = 1000, .retransmitted = 1000}},
        .subflows = {{INITIAL, .bytes = {{3100, 2100, 1100}}}},
    };
}

static void remap_skipped(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);

    const PbSpan whole = pb_plan(wifi, C, 3000);

    pb_transmit(pb_part(whole, 0, 1000));
    pb_transmit(pb_part(whole, 2000, 1000));
    pb_ack_at(wifi, S, whole.ssn + 1000, whole.offset + 1000);
    pb_reinject(pb_part(whole, 1000, 1000), wifi);
    pb_ack(wifi, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 3100, .remapped = 1000, .orphaned = 1000, .missing = 1000}},
        .subflows = {{INITIAL, .bytes = {{3100, 3100, 3100}}}},
    };
}

static void tfo_syn_data(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    pb_syn_with_data(wifi, 300);
    pb_synack(wifi);
    pb_third_ack(wifi);
    pb_send_cut(wifi, C, 1000, 1, PB_MAP_CAPABLE);
    pb_ack(wifi, S);
    pb_send(wifi, C, 700);
    pb_ack(wifi, S);
    pb_send(wifi, S, 400);
    pb_ack(wifi, C);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 2000}, {.data = 400}},
        .subflows = {{INITIAL, .bytes = {{2000, 2000, 2000}, {400, 400, 400}}}},
    };
}

static void data_fin_payload(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);
    pb_send(wifi, C, 1000);
    pb_send_last(wifi, C, 500);
    pb_ack(wifi, S);
    pb_send(wifi, S, 600); /* the other direction is still open */
    pb_ack(wifi, C);
    pb_send_last(wifi, S, 300);
    pb_ack(wifi, C);
    pb_fin_exchange(wifi, C);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 1600}, {.data = 900}},
        .subflows = {{INITIAL, .bytes = {{1600, 1600, 1600}, {900, 900, 900}}}},
    };
}

static void fastclose_data(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *wifi = first_path(conn);

    begin(wifi);
    pb_send_cut(wifi, S, 2000, 2, PB_MAP_ALL);
    pb_ack(wifi, C);
    pb_fastclose(wifi, C, false);
    pb_send_cut(wifi, S, 2000, 2, PB_MAP_ALL); /* was in flight */
    pb_rst(wifi, S, -1);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        .close = "fastclose",
        .closed_by = "client",
        .direction = {{.data = 100}, {.data = 4000}},
        .subflows = {{INITIAL, .bytes = {{100, 100, 100}, {4000, 4000, 4000}}}},
    };
}

static void port_reuse(PbNet *net, Truth *truth)
{
    PbConn *one = make_conn(net, 1);
    PbConn *two = pb_conn(net, 1, UINT64_C(0x2222222222222222), UINT64_C(0x3333333333333333));
    PbFlow *old = first_path(one), *new = first_path(two);

    begin(old);
    pb_send(old, C, 1000);
    pb_ack(old, S);
    pb_close(one);
    pb_wait(net, INT64_C(2000000000));
    begin(new);
    pb_send_cut(new, C, 2000, 2, PB_MAP_ALL);
    pb_ack(new, S);
    pb_send(new, S, 1000);
    pb_ack(new, C);
    pb_close(two);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 1100}},
        .subflows = {{INITIAL, .bytes = {{1100, 1100, 1100}}}},
    };
    truth->connections[1] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 2100}, {.data = 1000}},
        .subflows = {{INITIAL, .bytes = {{2100, 2100, 2100}, {1000, 1000, 1000}}}},
    };
}

static void addresses_ipv6(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *first = pb_flow(conn, C, "2001:db8:1::1", 40000, "2001:db8:2::1", 443);
    PbFlow *second = pb_flow(conn, C, "2001:db8:1::1", 40001, "2001:db8:3::1", 443);

    conn->timestamps = false; /* an IPv6 ADD_ADDR of 28 bytes needs the room */
    second->address_id[C] = 0;
    second->address_id[S] = 5;
    second->backup = true;
    begin(first);
    pb_add_addr(first, S, 5, "2001:db8:3::1", 0);
    pb_add_addr_echo(first, C, 5, "2001:db8:3::1", 0);
    pb_open(second);
    pb_send_cut(first, C, 2000, 2, PB_MAP_ALL);
    pb_ack(first, S);
    pb_prio(second, C, false); /* no longer a backup */
    pb_send(second, C, 1000);
    pb_ack(second, S);
    pb_remove_addr(first, S, 5);
    pb_fin_exchange(second, S);
    pb_close(conn);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 3100}},
        .subflows = {{INITIAL, .bytes = {{2100, 2100, 2100}}},
                     {JOINED, .bytes = {{1000, 1000, 1000}}}},
    };
}

/* An option on a packet without payload. */
#define RAW(flow, from, ...)                                                                       \
    pb_raw(flow, from, MPS_TCP_ACK, (const uint8_t[]){__VA_ARGS__},                                \
           sizeof((const uint8_t[]){__VA_ARGS__}))

static void unknown_options(PbNet *net, Truth *truth)
{
    PbConn *conn = make_conn(net, 1);
    PbFlow *first = first_path(conn), *second = second_path(conn);

    begin(first);
    pb_open(second);
    RAW(first, S, 30, 7, 0xf0, 0x00, 0x01, 0x05, 0xdc); /* experimental, id 1: 1500 */
    pb_send_cut(first, C, 2000, 2, PB_MAP_ALL);
    pb_ack(first, S);
    RAW(first, S, 30, 7, 0xf0, 0x00, 0x01, 0x05, 0xdc);       /* again */
    RAW(first, S, 30, 7, 0xf0, 0x00, 0x01, 0x0b, 0xb8);       /* now 3000 */
    RAW(second, C, 30, 8, 0xf0, 0x00, 0x02, 0x00, 0x07, 0x2); /* id 2, a byte too many for u16 */
    RAW(second, S, 30, 4, 0xa0, 0x2a);                        /* unassigned subtype */
    RAW(second, C, 253, 6, 0xf9, 0x89, 0x00, 0x14);           /* RFC 6994, id 0xf989 */
    RAW(second, C, 28, 4, 0x80, 0x1e);                        /* User Timeout: known, not told */
    RAW(second, C, 77, 2, 1, 1);                              /* no such kind, without a value */
    pb_send(second, C, 1000);
    pb_ack(second, S);
    finish(conn, second);
    truth->connections[0] = (TruthConnection){
        .version = 1,
        FULL_HANDSHAKE,
        DATA_FIN_CLOSE,
        .direction = {{.data = 3100}},
        .subflows = {{INITIAL, .bytes = {{2100, 2100, 2100}}},
                     {JOINED, .bytes = {{1000, 1000, 1000}}}},
    };
}

/* ---- the table and the writing of the truth ---- */

typedef struct {
    const char *name, *shows;
    void (*run)(PbNet *net, Truth *truth);
    PbLink link;
    uint32_t snaplen_bytes; /* 0: whole packets, so that checksums can be verified */
} Case;

static const Case cases[] = {
    {"v0-two-subflow-upload", "v0: upload over two subflows, every packet mapped",
     v0_two_subflow_upload, PB_RAW, 128},
    {"v0-gso", "v0: mapping of 8 packets on the first of them only; reinjection across boundaries",
     v0_gso, PB_ETHERNET, 128},
    {"v0-dsn-wrap", "v0: the 32-bit DSN wraps in mid-transfer, both directions", v0_dsn_wrap,
     PB_RAW, 128},
    {"v0-reinjection", "v0: reinjection, retransmissions, a hole filled late, a hole never filled",
     v0_reinjection, PB_RAW, 128},
    {"bad-hmac-synack", "join: wrong HMAC in the SYN/ACK", bad_hmac_synack, PB_RAW, 128},
    {"bad-hmac-ack", "join: wrong HMAC in the third ACK", bad_hmac_ack, PB_RAW, 128},
    {"unknown-token-refused", "join: token of no connection, answered by RST",
     unknown_token_refused, PB_RAW, 128},
    {"unknown-token-data", "join: token of no captured connection, and data", unknown_token_data,
     PB_RAW, 128},
    {"server-join", "join: opened by the server", server_join, PB_RAW, 128},
    {"join-stripped", "join: the SYN/ACK has lost its MP_JOIN", join_stripped, PB_RAW, 128},
    {"seq-wrap", "TCP sequence numbers wrap at 2^32, with a retransmission across", seq_wrap,
     PB_RAW, 128},
    {"infinite-mapping", "fallback: infinite mapping, then plain TCP", infinite_mapping, PB_RAW,
     128},
    {"mp-fail", "fallback: wrong DSS checksum, MP_FAIL both ways, infinite mapping", mp_fail,
     PB_RAW, 0},
    {"late-mapping", "mappings that come after their data", late_mapping, PB_RAW, 128},
    {"unmapped-data", "payload that no mapping ever covers", unmapped_data, PB_RAW, 128},
    {"growing-mapping", "a mapping that grows from packet to packet", growing_mapping, PB_RAW, 128},
    {"contradictory-mapping", "a retransmission that maps its bytes elsewhere: the first wins",
     contradictory_mapping, PB_RAW, 128},
    {"overlapping-mapping", "a mapping that begins inside the one before and contradicts it",
     overlapping_mapping, PB_RAW, 128},
    {"capture-duplicate", "every packet captured twice, with another TTL", capture_duplicate,
     PB_ETHERNET, 128},
    {"midstream", "the capture starts after the handshake", midstream, PB_RAW, 128},
    {"hole-reinjected", "bytes skipped on one subflow, captured on the other only", hole_reinjected,
     PB_RAW, 128},
    {"hole-late-mapping", "the same, the mapping of the skipped bytes seen only afterwards",
     hole_late_mapping, PB_RAW, 128},
    {"hole-late-copy", "the same, then the skipped bytes themselves", hole_late_copy, PB_RAW, 128},
    {"remap", "data mapped again on the same subflow", remap, PB_RAW, 128},
    {"remap-skipped", "skipped data mapped again on the same subflow", remap_skipped, PB_RAW, 128},
    {"tfo-syn-data", "TCP Fast Open: payload in the SYN, outside the SSNs", tfo_syn_data, PB_RAW,
     128},
    {"data-fin-payload", "DATA_FIN on packets with payload", data_fin_payload, PB_RAW, 0},
    {"fastclose-data", "MP_FASTCLOSE on an ACK, data in flight after it", fastclose_data, PB_RAW,
     128},
    {"port-reuse", "two connections on one four-tuple, two seconds apart", port_reuse, PB_RAW, 128},
    {"addresses-ipv6", "IPv6: ADD_ADDR, echo, backup join, MP_PRIO, REMOVE_ADDR", addresses_ipv6,
     PB_ETHERNET, 0},
    {"unknown-options",
     "options nobody knows: experimental and unassigned MPTCP subtypes, TCP kinds 77 and 253",
     unknown_options, PB_RAW, 128},
};

static const char *const direction_names[] = {"c2s", "s2c"};

static void put_string(FILE *out, const char *key, const char *value)
{
    if (value)
        fprintf(out, " \"%s\": \"%s\",", key, value);
    else
        fprintf(out, " \"%s\": null,", key);
}

static void put_subflow(FILE *out, const TruthSubflow *subflow)
{
    fputs("{", out);
    put_string(out, "kind", subflow->kind);
    put_string(out, "opened_by", subflow->opened_by);
    put_string(out, "result", subflow->result);
    put_string(out, "hmac", subflow->hmac);
    for (int i = 0; i < 2; i++)
        fprintf(out,
                "%s\n         \"%s\": {\"payload_bytes\": %" G_GINT64_FORMAT
                ", \"unique_bytes\": %" G_GINT64_FORMAT ", \"data_bytes\": %" G_GINT64_FORMAT "}",
                i ? "," : "", direction_names[i], subflow->bytes[i].payload,
                subflow->bytes[i].unique, subflow->bytes[i].data);
    fputs("}", out);
}

static void put_connection(FILE *out, const TruthConnection *connection)
{
    fputs("    {\n      ", out);
    if (connection->version >= 0)
        fprintf(out, "\"version\": %d,", connection->version);
    else
        fputs("\"version\": null,", out);
    put_string(out, "handshake", connection->handshake);
    put_string(out, "close", connection->close);
    put_string(out, "closed_by", connection->closed_by);
    put_string(out, "fallback", connection->fallback);
    for (int i = 0; i < 2; i++) {
        const TruthDirection *t = &connection->direction[i];

        fprintf(out,
                "\n      \"%s\": {\"data_bytes\": %" G_GINT64_FORMAT
                ", \"reinjected_bytes\": %" G_GINT64_FORMAT
                ", \"remapped_bytes\": %" G_GINT64_FORMAT ", \"orphaned_bytes\": %" G_GINT64_FORMAT
                ",\n        \"unmapped_bytes\": %" G_GINT64_FORMAT
                ", \"retransmitted_bytes\": %" G_GINT64_FORMAT
                ", \"hole_filled_bytes\": %" G_GINT64_FORMAT
                ", \"missing_bytes\": %" G_GINT64_FORMAT "},",
                direction_names[i], t->data, t->reinjected, t->remapped, t->orphaned, t->unmapped,
                t->retransmitted, t->hole_filled, t->missing);
    }
    fputs("\n      \"subflows\": [\n        ", out);
    for (size_t i = 0; i < G_N_ELEMENTS(connection->subflows); i++) {
        if (!connection->subflows[i].result)
            break;
        fputs(i ? ",\n        " : "", out);
        put_subflow(out, &connection->subflows[i]);
    }
    fputs("\n      ]\n    }", out);
}

static void put_truth(FILE *out, const Case *c, const Truth *truth, uint64_t packets)
{
    fprintf(out, "{\n  \"case\": \"%s\",\n  \"shows\": \"%s\",\n", c->name, c->shows);
    fprintf(out,
            "  \"packets\": %" G_GUINT64_FORMAT ",\n  \"duplicate_packets\": %" G_GINT64_FORMAT
            ",\n  \"connections\": [\n",
            packets, truth->duplicate_packets);
    for (size_t i = 0; i < G_N_ELEMENTS(truth->connections); i++) {
        if (!truth->connections[i].handshake)
            break;
        fputs(i ? ",\n" : "", out);
        put_connection(out, &truth->connections[i]);
    }
    fputs("\n  ],\n  \"unattached_subflows\": [", out);
    if (truth->unattached.result)
        put_subflow(out, &truth->unattached);
    fputs("]\n}\n", out);
}

/* A slip in a stated number rarely survives this: conservation, and the payload really written. */
static void check_truth(const Case *c, const Truth *truth, const PbNet *net)
{
    int64_t captured[2] = {0};

    for (size_t i = 0; i < G_N_ELEMENTS(truth->connections); i++) {
        const TruthConnection *connection = &truth->connections[i];
        int64_t surplus = 0;

        for (int d = 0; d < 2; d++) {
            const TruthDirection *t = &connection->direction[d];
            int64_t unique = 0, data = 0, payload = 0;

            for (size_t s = 0; s < G_N_ELEMENTS(connection->subflows); s++) {
                payload += connection->subflows[s].bytes[d].payload;
                unique += connection->subflows[s].bytes[d].unique;
                data += connection->subflows[s].bytes[d].data;
            }
            captured[d] += payload;
            if (unique - t->unmapped - t->remapped != t->data + t->reinjected - t->orphaned ||
                payload != unique + t->retransmitted || data != t->data)
                surplus++;
        }
        if (surplus != 0)
            g_error("%s: the stated numbers contradict each other", c->name);
    }
    if (net->twice && 2 * (uint64_t)truth->duplicate_packets != pb_capture_packets(net->capture))
        g_error("%s: duplicate packets are %" G_GUINT64_FORMAT, c->name,
                pb_capture_packets(net->capture) / 2);
    for (int d = 0; d < 2; d++)
        if (captured[d] != (int64_t)net->captured_payload_bytes[d])
            g_error("%s: %s payload is %" G_GUINT64_FORMAT " bytes, stated are %" G_GINT64_FORMAT,
                    c->name, direction_names[d], net->captured_payload_bytes[d], captured[d]);
}

static void write_case(const char *directory, const Case *c, int64_t start_ns)
{
    g_autofree char *pcap_name = g_strconcat(c->name, ".pcap", NULL);
    g_autofree char *json_name = g_strconcat(c->name, ".json", NULL);
    g_autofree char *pcap_path = g_build_filename(directory, pcap_name, NULL);
    g_autofree char *json_path = g_build_filename(directory, json_name, NULL);
    PbNet *net = pb_net_open(pcap_path, c->link, c->snaplen_bytes, start_ns);
    Truth truth = {0};

    c->run(net, &truth);
    check_truth(c, &truth, net);

    FILE *json = fopen(json_path, "w");

    if (!json)
        g_error("%s: %s", json_path, g_strerror(errno));
    put_truth(json, c, &truth, pb_capture_packets(net->capture));
    if (fclose(json) != 0)
        g_error("%s: %s", json_path, g_strerror(errno));
    pb_net_close(net);
}

static void write_manifest(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "MANIFEST", NULL);
    FILE *out = fopen(path, "w");

    if (!out)
        g_error("%s: %s", path, g_strerror(errno));
    fputs("# Written by `make generate`: origin and licence of all files are this repository's.\n"
          "# NAME.json holds the numbers an analyzer has to find in NAME.pcap.\n"
          "# file | what it shows\n",
          out);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        fprintf(out, "%s.pcap | %s\n", cases[i].name, cases[i].shows);
    if (fclose(out) != 0)
        g_error("%s: %s", path, g_strerror(errno));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: gen_v0 DIRECTORY\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        write_case(argv[1], &cases[i], INT64_C(1700000000000000000) + (int64_t)i * 1000000000);
    write_manifest(argv[1]);
    return 0;
}
