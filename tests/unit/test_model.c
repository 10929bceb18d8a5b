/* test_model.c - the model, segment by segment: number spaces that wrap, mappings that come late,
 * who sent first, odd begins, ends and time-outs.  test_ledger.c does the same at random. */
#include "bench.h"

#define C         MPS_CLIENT
#define S         MPS_SERVER
#define SECOND_NS (INT64_C(1000) * 1000 * 1000)

/* What has to be in the ledgers of two subflows, c2s. */
typedef struct {
    uint64_t unique, retransmitted, hole_filled, data, reinjected, remapped, orphaned, unmapped;
} Expected;

static void assert_ledger(const BenchClosed *closed, guint index, MpsDirection direction,
                          Expected shall)
{
    const MpsLedger *is = &closed->subflows[index].side[direction].ledger;

    g_assert_cmpuint(is->unique_bytes, ==, shall.unique);
    g_assert_cmpuint(is->retransmitted_bytes, ==, shall.retransmitted);
    g_assert_cmpuint(is->payload_bytes, ==, shall.unique + shall.retransmitted);
    g_assert_cmpuint(is->hole_filled_bytes, ==, shall.hole_filled);
    g_assert_cmpuint(is->data_bytes, ==, shall.data);
    g_assert_cmpuint(is->reinjected_bytes, ==, shall.reinjected);
    g_assert_cmpuint(is->remapped_bytes, ==, shall.remapped);
    g_assert_cmpuint(is->orphaned_bytes, ==, shall.orphaned);
    g_assert_cmpuint(is->unmapped_bytes, ==, shall.unmapped);
}

/* Two open subflows of a version 1 connection. */
static Bench *two_paths(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_join(bench, 1, C);
    return bench;
}

/* ---- numbers that wrap ---- */

static void test_tcp_wrap(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench->isn[0][C] = UINT32_MAX - 1500;
    bench->isn[0][S] = UINT32_MAX - 10;
    bench_open(bench);
    for (uint32_t i = 0; i < 5; i++)
        bench_send(bench, 0, C, 1 + 1000 * i, 1000, 1000 * i);
    bench_send(bench, 0, C, 1001, 1000, 1000); /* across the wrap, again */
    bench_ack(bench, 0, S, 1, 5001, 5000);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    assert_ledger(closed, 0, MPS_C2S, (Expected){5000, .retransmitted = 1000, .data = 5000});
    g_assert_cmpuint(closed->subflows[0].side[C].ledger.missing_bytes, ==, 0);
    g_assert_cmpuint(closed->connection.side[C].data_acked_bytes, ==, 5000);
    bench_free(bench);
}

static void test_short_dsn_wrap(void)
{
    /* found by search: the low half of the client's IDSN is less than 16000 below 2^32 */
    Bench *bench = bench_new(0, UINT64_C(0x5eed000000010cab), UINT64_C(0x5eed0000000b52bf));

    g_assert_cmpuint((uint32_t)bench->idsn[C], >, UINT32_MAX - 16000);
    bench->dsn_is_64 = false;
    bench_open(bench);
    bench_join(bench, 1, C);
    for (uint32_t i = 0; i < 40; i++)
        bench_send(bench, (int)(i % 2), C, 1 + 1000 * (i / 2), 1000, 1000 * i);
    bench_send(bench, 1, C, 20001, 1000, 0); /* from before the wrap, on the other path */
    bench_ack(bench, 0, S, 1, 20001, 40000);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    assert_ledger(closed, 0, MPS_C2S, (Expected){20000, .data = 20000});
    assert_ledger(closed, 1, MPS_C2S, (Expected){21000, .data = 20000, .reinjected = 1000});
    g_assert_cmpuint(closed->connection.side[C].data_bytes, ==, 40000);
    g_assert_cmpuint(closed->connection.side[C].data_acked_bytes, ==, 40000);
    bench_free(bench);
}

/* Of a connection that began before the capture, whose DSNs run over 2^64. */
static void test_long_dsn_wrap(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench->idsn[C] = UINT64_MAX - 1500; /* nobody tells the model */
    for (uint32_t i = 0; i < 5; i++) {
        bench_send(bench, 0, C, 70001 + 1000 * i, 1000, 1000 * i);
        bench_ack(bench, 0, S, 1, 71001 + 1000 * i, 1000 * i + 1000);
    }
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    assert_ledger(closed, 0, MPS_C2S, (Expected){5000, .data = 5000});
    g_assert_cmpint(closed->connection.handshake, ==, MPS_HANDSHAKE_NONE);
    g_assert_cmpuint(closed->connection.side[C].data_acked_bytes, ==, 5000);
    bench_free(bench);
}

/* ---- who sent first, and what the others did ---- */

typedef struct {
    const char *name;
    struct {
        char what; /* s: payload with its mapping, b: bare payload, m: mapping alone, 0: no more */
        int path;
        uint32_t seq;
        uint16_t bytes;
        int64_t offset;
    } steps[8];
    Expected path[2];
} Sending;

static const Sending sendings[] = {
    {"new data",
     {{'s', 0, 1, 100, 0}, {'s', 1, 1, 50, 100}},
     {{100, .data = 100}, {50, .data = 50}}},
    {"retransmission",
     {{'s', 0, 1, 100, 0}, {'s', 0, 1, 100, 0}},
     {{100, .retransmitted = 100, .data = 100}}},
    {"late mapping", {{'b', 0, 1, 100, 0}, {'m', 0, 1, 100, 0}}, {{100, .data = 100}}},
    {"mapping that never comes",
     {{'s', 0, 1, 100, 0}, {'b', 0, 101, 40, 0}},
     {{140, .data = 100, .unmapped = 40}}},
    {"mapping of a part",
     {{'b', 0, 1, 100, 0}, {'m', 0, 31, 20, 30}},
     {{100, .data = 20, .unmapped = 80}}},
    {"reinjection",
     {{'s', 0, 1, 100, 0}, {'s', 1, 1, 100, 0}},
     {{100, .data = 100}, {100, .reinjected = 100}}},
    {"reinjection with other boundaries",
     {{'s', 0, 1, 100, 0}, {'s', 1, 1, 80, 60}},
     {{100, .data = 100}, {80, .data = 40, .reinjected = 40}}},
    {"reinjected once, then retransmitted",
     {{'s', 0, 1, 100, 0}, {'s', 1, 1, 100, 0}, {'s', 1, 1, 100, 0}},
     {{100, .data = 100}, {100, .retransmitted = 100, .reinjected = 100}}},
    {"reinjected at most once per subflow",
     {{'s', 0, 1, 100, 0}, {'s', 1, 1, 100, 0}, {'s', 1, 101, 100, 0}},
     {{100, .data = 100}, {200, .reinjected = 100, .remapped = 100}}},
    {"remapped on the same subflow",
     {{'s', 0, 1, 100, 0}, {'s', 0, 101, 100, 0}},
     {{200, .data = 100, .remapped = 100}}},
    {"skipped, mapped, reinjected: orphaned",
     {{'m', 0, 1, 300, 0}, {'b', 0, 201, 100, 0}, {'s', 1, 1, 200, 0}},
     {{100, .data = 300, .orphaned = 200}, {200, .reinjected = 200}}},
    {"skipped, reinjected, then shown itself",
     {{'m', 0, 1, 300, 0}, {'b', 0, 201, 100, 0}, {'s', 1, 1, 200, 0}, {'b', 0, 1, 200, 0}},
     {{300, .hole_filled = 200, .data = 300}, {200, .reinjected = 200}}},
    {"skipped, the mapping of the hole only later: still sent before",
     {{'b', 0, 201, 100, 0}, {'s', 1, 1, 200, 0}, {'m', 0, 1, 300, 0}},
     {{100, .data = 300, .orphaned = 200}, {200, .reinjected = 200}}},
    {"skipped, then remapped on the same subflow",
     {{'m', 0, 1, 300, 0}, {'b', 0, 201, 100, 0}, {'s', 0, 301, 200, 0}},
     {{300, .data = 300, .remapped = 200, .orphaned = 200}}},
    {"a mapping seen late displaces the first sender",
     {{'b', 0, 1, 100, 0}, {'s', 1, 1, 100, 0}, {'m', 0, 1, 100, 0}},
     {{100, .data = 100}, {100, .reinjected = 100}}},
    {"a mapping seen late, but sent later",
     {{'s', 1, 1, 100, 0}, {'b', 0, 1, 100, 0}, {'m', 0, 1, 100, 0}},
     {{100, .reinjected = 100}, {100, .data = 100}}},
    {"a reinjection turns out to be a remapping once the first sending is known",
     {{'b', 0, 1, 100, 0}, {'s', 1, 1, 100, 0}, {'s', 0, 101, 100, 0}, {'m', 0, 1, 100, 0}},
     {{200, .data = 100, .remapped = 100}, {100, .reinjected = 100}}},
    {"displaced in part only",
     {{'b', 0, 1, 50, 0}, {'s', 1, 1, 100, 0}, {'b', 0, 51, 50, 0}, {'m', 0, 1, 100, 0}},
     {{100, .data = 50, .reinjected = 50}, {100, .data = 50, .reinjected = 50}}},
    {"contradictory mapping: the first announced wins",
     {{'s', 0, 1, 100, 0}, {'m', 0, 1, 100, 5000}, {'s', 1, 1, 100, 5000}},
     {{100, .data = 100}, {100, .data = 100}}},
};

static void test_sending(gconstpointer user)
{
    const Sending *c = user;
    Bench *bench = two_paths();
    uint64_t data_bytes = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(c->steps) && c->steps[i].what; i++) {
        const int path = c->steps[i].path;

        if (c->steps[i].what == 's')
            bench_send(bench, path, C, c->steps[i].seq, c->steps[i].bytes, c->steps[i].offset);
        else if (c->steps[i].what == 'b')
            bench_send_bare(bench, path, C, c->steps[i].seq, c->steps[i].bytes);
        else
            bench_announce(bench, path, C, c->steps[i].seq, c->steps[i].bytes, c->steps[i].offset);
    }
    bench_finish(bench);
    for (guint path = 0; path < 2; path++) {
        assert_ledger(bench_result(bench, 0), path, MPS_C2S, c->path[path]);
        data_bytes += c->path[path].data;
    }
    g_assert_cmpuint(bench_result(bench, 0)->connection.side[C].data_bytes, ==, data_bytes);
    g_assert_cmpuint(bench->union_bytes[MPS_C2S], ==, data_bytes);
    bench_free(bench);
}

/* ---- DATA_FIN ---- */

static void data_fin(bool with_payload)
{
    Bench *bench = two_paths();
    MpsSegment last = bench_segment(bench, 0, C, MPS_TCP_ACK, 101, 1, with_payload ? 50 : 0);

    bench_send(bench, 0, C, 1, 100, 0);
    bench_map(bench, &last, C, 100, with_payload ? 101 : 0, with_payload ? 50 : 0, true);
    bench_feed(bench, last);
    bench_ack(bench, 0, S, 1, with_payload ? 151 : 101, with_payload ? 151 : 101);
    bench_finish(bench);

    const MpsConnectionSide *side = &bench_result(bench, 0)->connection.side[C];

    g_assert_cmpuint(side->data_bytes, ==, with_payload ? 150 : 100);
    g_assert_cmpuint(side->data_acked_bytes, ==, with_payload ? 150 : 100); /* without the octet */
    g_assert_true(side->data_fin_ns != MPS_NO_TIME);
    g_assert_cmpuint(bench_signals(bench, MPS_SIGNAL_DATA_FIN), ==, 1);
    bench_free(bench);
}

static void test_data_fin_alone(void)
{
    data_fin(false);
}

static void test_data_fin_with_payload(void)
{
    data_fin(true);
}

/* ---- begins ---- */

static void test_stray_reset(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);
    MpsSegment stray = bench_segment(bench, 0, S, MPS_TCP_RST | MPS_TCP_ACK, 0, 70000, 0);

    bench_syn(bench);
    bench_feed(bench, stray); /* acknowledges something else than the SYN */
    bench_synack(bench);
    bench_third(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    bench_finish(bench);
    g_assert_cmpint(bench_result(bench, 0)->subflows[0].result, ==, MPS_RESULT_ESTABLISHED);
    g_assert_cmpint(bench_result(bench, 0)->subflows[0].close, ==, MPS_CLOSE_CAPTURE_END);
    g_assert_cmpuint(bench_signals(bench, MPS_SIGNAL_RESET), ==, 0);
    bench_free(bench);
}

static void test_refused(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_syn(bench);
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_RST | MPS_TCP_ACK, 0, 1, 0));
    bench_finish(bench);
    g_assert_cmpint(bench_result(bench, 0)->subflows[0].result, ==, MPS_RESULT_REFUSED);
    g_assert_cmpint(bench_result(bench, 0)->connection.protocol, ==, MPS_PROTOCOL_TCP);
    bench_free(bench);
}

static void test_syn_again(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_syn(bench);
    bench_syn(bench);
    bench_synack(bench);
    bench_third(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    bench_finish(bench);
    g_assert_cmpuint(bench->closed->len, ==, 1);
    g_assert_cmpuint(bench_result(bench, 0)->n_subflows, ==, 1);
    g_assert_cmpint(bench_result(bench, 0)->subflows[0].syn_to_synack_ns, ==, MPS_NO_TIME);
    bench_free(bench);
}

static void test_port_reuse(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    bench->isn[0][C] += 500000; /* another SYN on the same ports */
    bench->key[C] = 0x33;
    mps_key_hash(1, bench->key[C], &bench->token[C], &bench->idsn[C]);
    bench_open(bench);
    bench_send(bench, 0, C, 1, 70, 0);
    bench_finish(bench);
    g_assert_cmpuint(bench->closed->len, ==, 2);
    g_assert_cmpuint(bench_result(bench, 0)->connection.side[C].data_bytes, ==, 100);
    g_assert_cmpuint(bench_result(bench, 1)->connection.side[C].data_bytes, ==, 70);
    g_assert_cmphex(bench_result(bench, 1)->connection.side[C].key, ==, 0x33);
    bench_free(bench);
}

static void test_server_join(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_join(bench, 1, S);
    bench_send(bench, 1, S, 1, 100, 0);
    bench_send(bench, 1, C, 1, 60, 0);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpuint(closed->n_subflows, ==, 2);
    g_assert_cmpint(closed->subflows[1].opened_by, ==, S);
    g_assert_cmpint(closed->subflows[1].result, ==, MPS_RESULT_ESTABLISHED);
    g_assert_cmpint(closed->subflows[1].hmac, ==, MPS_HMAC_VALID);
    g_assert_cmpuint(closed->subflows[1].end[C].port, ==, 40001);
    assert_ledger(closed, 1, MPS_S2C, (Expected){100, .data = 100});
    assert_ledger(closed, 1, MPS_C2S, (Expected){60, .data = 60});
    bench_free(bench);
}

static void test_unknown_token(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_join_syn(bench, 1, C, ~bench->token[S]);
    bench_feed(bench, bench_segment(bench, 1, S, MPS_TCP_RST | MPS_TCP_ACK, 0, 1, 0));
    bench_finish(bench);
    g_assert_cmpuint(bench->closed->len, ==, 2);
    for (guint i = 0; i < 2; i++) {
        const BenchClosed *closed = bench_result(bench, i);
        const bool orphan = closed->connection.id == 0;

        g_assert_cmpint(closed->subflows[0].result, ==,
                        orphan ? MPS_RESULT_UNKNOWN_TOKEN : MPS_RESULT_ESTABLISHED);
        g_assert_cmpint(closed->subflows[0].kind, ==, orphan ? MPS_KIND_JOIN : MPS_KIND_INITIAL);
    }
    bench_free(bench);
}

static void test_from_synack(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_synack(bench);
    bench_third(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    bench_finish(bench);

    const MpsConnection *connection = &bench_result(bench, 0)->connection;

    g_assert_cmpint(connection->handshake, ==, MPS_HANDSHAKE_PARTIAL);
    g_assert_cmpuint(connection->end[C].port, ==, 40000);
    g_assert_cmphex(connection->side[C].token, ==, bench->token[C]);
    g_assert_cmphex(connection->side[S].idsn, ==, bench->idsn[S]);
    assert_ledger(bench_result(bench, 0), 0, MPS_C2S, (Expected){100, .data = 100});
    bench_free(bench);
}

static void test_from_third_ack(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_third(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    bench_join(bench, 1, C); /* the token is known from the third ACK */
    bench_send(bench, 1, C, 1, 50, 50);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpint(closed->connection.handshake, ==, MPS_HANDSHAKE_PARTIAL);
    g_assert_cmpuint(closed->n_subflows, ==, 2);
    assert_ledger(closed, 0, MPS_C2S, (Expected){100, .data = 100});
    assert_ledger(closed, 1, MPS_C2S, (Expected){50, .reinjected = 50});
    bench_free(bench);
}

/* The first copy of a join's SYN is not in the capture, its answer is; the second copy names the
 * connection. */
static void test_syn_behind_synack(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_join_synack(bench, 1, C);
    bench_join_syn(bench, 1, C, bench->token[S]);
    bench_join_third(bench, 1, C);
    bench_ack(bench, 1, S, 1, 1, 0);
    bench_finish(bench);
    g_assert_cmpuint(bench->closed->len, ==, 2); /* the second is what the join was in at first */

    for (guint i = 0; i < bench->closed->len; i++) {
        const BenchClosed *closed = bench_result(bench, i);

        g_assert_cmpuint(closed->n_subflows, ==, closed->connection.id ? 2 : 0);
        if (closed->connection.id) {
            g_assert_cmpint(closed->subflows[1].result, ==, MPS_RESULT_ESTABLISHED);
            g_assert_cmpint(closed->subflows[1].hmac, ==, MPS_HMAC_VALID);
            g_assert_cmpint(closed->subflows[1].opened_by, ==, MPS_CLIENT);
        }
    }
    bench_free(bench);
}

/* A DATA_ACK gives the data a base before the key that tells the right one: third ACK and first
 * data are not in the capture. */
static void test_key_after_data_ack(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_syn(bench);
    bench_synack(bench);
    bench_ack(bench, 0, S, 1, 101, 100);
    bench_third(bench);
    bench_send(bench, 0, C, 101, 50, 100);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    for (guint i = 0; i < bench->events->len; i++) {
        const MpsEvent *event = &g_array_index(bench->events, MpsEvent, i);

        if (event->kind == MPS_EV_DATA)
            g_assert_cmpint(event->data.offset, ==, 100);
    }
    g_assert_cmpuint(closed->connection.side[C].data_acked_bytes, ==, 100);
    assert_ledger(closed, 0, MPS_C2S, (Expected){50, .data = 50});
    bench_free(bench);
}

/* ---- time-outs: what is over or silent is closed during the run ---- */

/* A SYN of another connection, which only lets time pass. */
static void tick(Bench *bench, int64_t after_ns)
{
    MpsSegment syn = bench_segment(bench, 3, C, MPS_TCP_SYN, 0, 0, 0);

    bench->now_ns += after_ns;
    bench->port[3]++;
    bench_capable(bench, &syn, 0, C);
    bench_feed(bench, syn);
}

static void test_idle(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    tick(bench, 3600 * SECOND_NS); /* an hour is nothing to an open connection */
    g_assert_cmpuint(bench->closed->len, ==, 0);
    tick(bench, 2 * 3600 * SECOND_NS);           /* of three hours of silence nothing comes back */
    g_assert_cmpuint(bench->closed->len, ==, 2); /* the first SYN has given up, too */
    g_assert_cmpint(bench_result(bench, 1)->connection.close, ==, MPS_CLOSE_IDLE);
    bench_free(bench);
}

static void test_unanswered(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_syn(bench);
    tick(bench, 100 * SECOND_NS);
    g_assert_cmpuint(bench->closed->len, ==, 0);
    tick(bench, 200 * SECOND_NS);
    g_assert_cmpuint(bench->closed->len, >=, 1);
    g_assert_cmpint(bench_result(bench, 0)->subflows[0].result, ==, MPS_RESULT_NO_REPLY);
    bench_free(bench);
}

/* A connection of 100 bytes that closes as it should. */
static void finish_one(Bench *bench)
{
    MpsSegment fin = bench_segment(bench, 0, C, MPS_TCP_ACK | MPS_TCP_FIN, 101, 1, 0);
    MpsSegment answer = bench_segment(bench, 0, S, MPS_TCP_ACK | MPS_TCP_FIN, 1, 102, 0);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    bench_map(bench, &fin, C, 100, 0, 0, true);
    bench_feed(bench, fin);
    bench_map(bench, &answer, S, 0, 0, 0, true);
    bench_feed(bench, answer);
}

static void test_finished(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    finish_one(bench);
    g_assert_cmpuint(bench->closed->len, ==, 0); /* late packets may come */
    tick(bench, 90 * SECOND_NS);
    g_assert_cmpuint(bench->closed->len, ==, 1);
    g_assert_cmpint(bench_result(bench, 0)->connection.close, ==, MPS_CLOSE_DATA_FIN);
    g_assert_cmpint(bench_result(bench, 0)->connection.closed_by, ==, C);
    bench_free(bench);
}

/* A connection of 100 bytes that ends by RST. */
static void reset_one(Bench *bench)
{
    bench_open(bench);
    bench_send(bench, 0, C, 1, 100, 0);
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_ACK | MPS_TCP_RST, 1, 101, 0));
}

/* Thousands within a second: so many wait for late packets, and no more. */
static void test_waiting(void)
{
    static const struct {
        void (*end_one)(Bench *bench);
        guint most;
    } kinds[] = {{finish_one, 1024}, {reset_one, 4096}};

    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        Bench *bench = bench_new(1, 0x11, 0x22);

        bench->step_ns = 1000;
        for (guint i = 0; i < 5000; i++) {
            bench->port[0] = (uint16_t)(1024 + i);
            kinds[k].end_one(bench);
        }
        /* the last one until the next packet */
        g_assert_cmpuint(bench->closed->len, ==, 5000 - kinds[k].most - 1);
        bench_free(bench);
    }
}

/* Thousands of connections, one a second: only a few are remembered at any time. */
static void test_bounded(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);
    guint most_open = 0;

    for (guint i = 0; i < 5000; i++) {
        bench->port[0] = (uint16_t)(1024 + i);
        bench->now_ns += SECOND_NS;
        reset_one(bench);
        most_open = MAX(most_open, i + 1 - bench->closed->len);
    }
    g_assert_cmpuint(most_open, <, 100);
    bench_finish(bench);
    g_assert_cmpuint(bench->closed->len, ==, 5000);
    bench_free(bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(sendings); i++) {
        g_autofree char *path = g_strconcat("/model/sending/", sendings[i].name, NULL);

        g_test_add_data_func(path, &sendings[i], test_sending);
    }
    g_test_add_func("/model/wrap/TCP sequence numbers", test_tcp_wrap);
    g_test_add_func("/model/wrap/4-byte DSNs", test_short_dsn_wrap);
    g_test_add_func("/model/wrap/8-byte DSNs", test_long_dsn_wrap);
    g_test_add_func("/model/DATA_FIN/alone", test_data_fin_alone);
    g_test_add_func("/model/DATA_FIN/with payload", test_data_fin_with_payload);
    g_test_add_func("/model/begin/stray RST", test_stray_reset);
    g_test_add_func("/model/begin/refused", test_refused);
    g_test_add_func("/model/begin/SYN again", test_syn_again);
    g_test_add_func("/model/begin/port reuse", test_port_reuse);
    g_test_add_func("/model/begin/server opens a join", test_server_join);
    g_test_add_func("/model/begin/unknown token", test_unknown_token);
    g_test_add_func("/model/begin/SYN/ACK only", test_from_synack);
    g_test_add_func("/model/begin/third ACK only", test_from_third_ack);
    g_test_add_func("/model/begin/SYN behind SYN,ACK", test_syn_behind_synack);
    g_test_add_func("/model/begin/key after DATA_ACK", test_key_after_data_ack);
    g_test_add_func("/model/end/idle", test_idle);
    g_test_add_func("/model/end/unanswered", test_unanswered);
    g_test_add_func("/model/end/finished", test_finished);
    g_test_add_func("/model/end/waiting", test_waiting);
    g_test_add_func("/model/end/bounded", test_bounded);
    return g_test_run();
}
