/* test_model_damage.c - the model on captures that lack something: one direction, large stretches,
 * the right order, the answer. */
#include "bench.h"

#define C MPS_CLIENT
#define S MPS_SERVER

static const MpsLedger *ledger(const Bench *bench, guint subflow, MpsDirection direction)
{
    return &bench_result(bench, 0)->subflows[subflow].side[direction].ledger;
}

static void plain_payload(Bench *bench, uint32_t seq, uint32_t bytes)
{
    bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK, seq, 1, bytes));
}

/* A join that came to nothing does not make the initial subflow less alone. */
static void test_fallback_after_refused_join(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    bench_ack(bench, 0, S, 1, 1001, 1000);
    bench_join_syn(bench, 1, C, bench->token[S]);
    bench_feed(bench, bench_segment(bench, 1, S, MPS_TCP_RST | MPS_TCP_ACK, 0, 1, 0));
    plain_payload(bench, 1001, 500);
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_ACK, 1, 1501, 0));
    plain_payload(bench, 1501, 500);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpint(closed->connection.fallback, ==, MPS_FALLBACK_NO_DSS);
    g_assert_cmpuint(closed->connection.side[C].data_bytes, ==, 2000);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->unmapped_bytes, ==, 0);
    g_assert_cmpint(closed->subflows[1].result, ==, MPS_RESULT_REFUSED);
    bench_free(bench);
}

/* With a second subflow that lives, payload without a mapping is just that. */
static void test_no_fallback_beside_a_join(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_join(bench, 1, C);
    plain_payload(bench, 1, 500);
    bench_feed(bench, bench_segment(bench, 0, S, MPS_TCP_ACK, 1, 501, 0));
    bench_finish(bench);
    g_assert_cmpint(bench_result(bench, 0)->connection.fallback, ==, 0);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->unmapped_bytes, ==, 500);
    bench_free(bench);
}

/* Acknowledgements alone carry the reference on, past 2^31 and 2^32. */
static void test_missing_beyond_a_window(void)
{
    const uint64_t step = 1u << 29, n = 10;
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    for (uint64_t i = 0; i <= n; i++)
        bench_feed(bench,
                   bench_segment(bench, 0, S, MPS_TCP_ACK, 1, (uint32_t)(1001 + i * step), 0));
    bench_finish(bench);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->missing_bytes, ==, n * step);
    bench_free(bench);
}

/* One segment far off is not of the stream; two that agree are. */
static void test_stray_payload(void)
{
    const uint32_t far = 1610612736; /* 1.5 GiB */
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    plain_payload(bench, far, 700);
    bench_send(bench, 0, C, 1001, 1000, 1000);
    bench_finish(bench);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->unique_bytes, ==, 2000);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->hole_filled_bytes, ==, 0);
    bench_free(bench);

    bench = bench_new(1, 0x11, 0x22);
    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    plain_payload(bench, far, 700);
    plain_payload(bench, far + 700, 700);
    bench_finish(bench);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->unique_bytes, ==, 1700);
    bench_free(bench);
}

/* Only what the server sends was captured: its data proves that both subflows were established. */
static void test_server_side_only(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_synack(bench);
    bench_send(bench, 0, S, 1, 1000, 0);
    bench_send(bench, 0, S, 1001, 1000, 1000);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpint(closed->subflows[0].result, ==, MPS_RESULT_ESTABLISHED);
    g_assert_cmpuint(closed->connection.subflows_established, ==, 1);
    g_assert_cmpuint(closed->connection.side[S].data_bytes, ==, 2000);
    g_assert_cmpint(closed->connection.handshake, ==, MPS_HANDSHAKE_PARTIAL);
    bench_free(bench);
}

/* Only what the client sends was captured: data on a join proves it, as nothing can contradict. */
static void test_client_side_only(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_syn(bench);
    bench_third(bench);
    bench_join_syn(bench, 1, C, bench->token[S]);
    bench_join_third(bench, 1, C);
    bench_send(bench, 1, C, 1, 1000, 0);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpuint(closed->n_subflows, ==, 2);
    g_assert_cmpint(closed->subflows[1].result, ==, MPS_RESULT_ESTABLISHED);
    g_assert_cmpint(closed->subflows[1].hmac, ==, MPS_HMAC_UNCHECKED);
    g_assert_cmpuint(closed->connection.subflows_established, ==, 2);
    bench_free(bench);
}

/* The SYN/ACK is not captured, the third ACK has no option: MPTCP was given up, all bytes are data.
 */
static void test_plain_without_synack(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_syn(bench);
    bench_feed(bench, bench_segment(bench, 0, C, MPS_TCP_ACK, 1, 1, 0));
    plain_payload(bench, 1, 1000);
    plain_payload(bench, 1001, 1000);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpint(closed->connection.protocol, ==, MPS_PROTOCOL_TCP);
    g_assert_cmpint(closed->connection.fallback, ==, MPS_FALLBACK_NO_ACK);
    g_assert_cmpuint(closed->connection.side[C].data_bytes, ==, 2000);
    bench_free(bench);
}

/* A third ACK answered by a RST is refused, though the opener may have sent data meanwhile. */
static void test_refused_after_data(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_join_syn(bench, 1, C, bench->token[S]);
    bench_join_synack(bench, 1, C);
    bench_join_third(bench, 1, C);
    bench_send(bench, 1, C, 1, 1000, 0);
    bench_feed(bench, bench_segment(bench, 1, S, MPS_TCP_RST | MPS_TCP_ACK, 1, 1, 0));
    bench_finish(bench);
    g_assert_cmpint(bench_result(bench, 0)->subflows[1].result, ==, MPS_RESULT_REFUSED);
    g_assert_cmpuint(bench_result(bench, 0)->connection.subflows_established, ==, 1);
    bench_free(bench);
}

/* Stamps of two interfaces: the SYN of the join stands before the handshake that tells its token.
 */
static void test_join_stamped_early(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_join_syn(bench, 1, C, bench->token[S]);
    bench_open(bench);
    bench_join_synack(bench, 1, C);
    bench_join_third(bench, 1, C);
    bench_feed(bench, bench_segment(bench, 1, S, MPS_TCP_ACK, 1, 1, 0));
    bench_finish(bench);

    const BenchClosed *closed = &g_array_index(bench->closed, BenchClosed, bench->closed->len - 1);

    g_assert_cmpuint(closed->connection.id, ==, 1);
    g_assert_cmpuint(closed->connection.subflows_established, ==, 2);
    g_assert_cmpint(closed->subflows[1].hmac, ==, MPS_HMAC_VALID);
    g_assert_cmpuint(closed->subflows[1].ordinal, ==, 1);
    bench_free(bench);
}

/* Two subflows whose handshakes the capture lacks: one connection, by the data sequence numbers,
 * also when ports suggest that the hosts' roles differ and when 4-byte numbers come first. */
static void test_midstream_match(void)
{
    for (int variant = 0; variant < 3; variant++) {
        Bench *bench = bench_new(1, 0x11, 0x22);
        MpsSegment ack = bench_segment(bench, 1, S, MPS_TCP_ACK, 1, 1001, 0);

        bench->port[1] = variant == 1 ? 79 : bench->port[1];
        if (variant == 2) {
            bench->dsn_is_64 = false;
            bench_data_ack(bench, &ack, S, 1000);
            bench_feed(bench, ack);
            bench->dsn_is_64 = true;
        }
        bench_send(bench, 0, C, 1, 1000, 0);
        bench_send(bench, 0, C, 1001, 1000, 2000);
        bench_send(bench, 1, C, 1001, 1000, 1000);
        bench_send(bench, 1, C, 2001, 1000, 2000); /* reinjected */
        bench_finish(bench);
        g_assert_cmpuint(bench->closed->len, >=, 1);

        const BenchClosed *closed =
            &g_array_index(bench->closed, BenchClosed, bench->closed->len - 1);

        g_assert_cmpuint(closed->n_subflows, ==, 2);
        g_assert_cmpuint(closed->connection.id, ==, 1);
        g_assert_cmpuint(closed->connection.side[C].data_bytes, ==, 3000);
        g_assert_cmpuint(closed->subflows[1].side[C].ledger.reinjected_bytes, ==, 1000);
        g_assert_cmpint(closed->subflows[1].result, ==, MPS_RESULT_ESTABLISHED);
        bench_free(bench);
    }
}

/* Of a join's handshake only the third ACK was captured: no token, but numbers that fit. */
static void test_join_without_token(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    bench_join_third(bench, 1, C);
    bench_send(bench, 1, C, 1, 1000, 1000);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpuint(bench->closed->len, ==, 2); /* the group that it left, and the connection */
    g_assert_cmpuint(bench_result(bench, 1)->n_subflows, ==, 2);
    g_assert_cmpuint(bench_result(bench, 1)->connection.side[C].data_bytes, ==, 2000);
    g_assert_cmpint(bench_result(bench, 1)->subflows[1].kind, ==, MPS_KIND_JOIN);
    g_assert_cmpint(bench_result(bench, 1)->subflows[1].result, ==, MPS_RESULT_ESTABLISHED);
    g_assert_cmpuint(closed->n_subflows, ==, 0);
    bench_free(bench);
}

/* Numbers that are not close are another connection. */
static void test_midstream_no_match(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_send(bench, 0, C, 1, 1000, 0);
    bench_send(bench, 1, C, 1, 1000, INT64_C(1) << 30);
    bench_finish(bench);
    g_assert_cmpuint(bench->closed->len, ==, 2);
    bench_free(bench);
}

enum { NEAR = 1 << 26 };
#define NONE INT64_MIN

/* What a flow without handshake says first; C sent 1000 bytes before, and S 500. */
typedef struct {
    const char *name;
    int64_t acked;    /* by S before */
    int64_t dsn, ack; /* data offsets in the first segment of C, or NONE */
    guint n;          /* connections that come out */
} Closeness;

static const Closeness closenesses[] = {
    {"far above", 0, 1000 + NEAR, NONE, 2},
    {"just near above", 0, 1000 + NEAR - 1, NONE, 1},
    {"just near below", 0, 1000 - NEAR + 1, NONE, 1},
    {"far below", 0, 1000 - NEAR, NONE, 2},
    {"far above what was acknowledged", 3000, 3000 + NEAR, NONE, 2},
    {"just near what was acknowledged", 3000, 3000 + NEAR - 1, NONE, 1},
    {"acknowledgement far above", 0, NONE, 500 + NEAR, 2},
    {"acknowledgement just near above", 0, NONE, 500 + NEAR - 1, 1},
    {"acknowledgement just near below", 0, NONE, 500 - NEAR + 1, 1},
    {"acknowledgement far below", 0, NONE, 500 - NEAR, 2},
    {"both near", 0, 1000, 500, 1},
    {"data near, acknowledgement far", 0, 1000, 500 + NEAR, 2},
    {"data far, acknowledgement near", 0, 1000 + NEAR, 500, 2},
    {"neither", 0, NONE, NONE, 2},
};

static guint n_connections(const Bench *bench)
{
    guint n = 0;

    for (guint i = 0; i < bench->closed->len; i++)
        n += bench_result(bench, i)->n_subflows > 0;
    return n;
}

/* Data sequence numbers are near up to a bound, in both directions that the segment tells of. */
static void test_midstream_near(gconstpointer data)
{
    const Closeness *at = data;
    Bench *bench = bench_new(1, 0x11, 0x22);
    MpsSegment segment = bench_segment(bench, 1, C, MPS_TCP_ACK, 1, 1, 10);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    bench_send(bench, 0, S, 1, 500, 0);
    if (at->acked > 0)
        bench_ack(bench, 0, S, 501, 1001, at->acked);
    if (at->dsn != NONE)
        bench_map(bench, &segment, C, at->dsn, 1, 10, false);
    if (at->ack != NONE)
        bench_data_ack(bench, &segment, C, at->ack);
    if (segment.n_mptcp == 0)
        bench_option(&segment, MPS_DSS);
    bench_feed(bench, segment);
    bench_finish(bench);
    g_assert_cmpuint(n_connections(bench), ==, at->n);
    bench_free(bench);
}

/* Four bytes of a number do not tell, on either side; nor does anything where a token does. */
static void test_midstream_short_numbers(void)
{
    for (int variant = 0; variant < 5; variant++) {
        static const guint connections[] = {1, 2, 2, 2, 2};
        Bench *bench = bench_new(1, 0x11, 0x22);
        MpsSegment ack = bench_segment(bench, 1, C, MPS_TCP_ACK, 1, 1, 10);

        bench->idsn[C] = bench->idsn[S] = 1000; /* alike in four and in eight bytes */
        bench->dsn_is_64 = variant != 1;
        bench_send(bench, 0, C, 1, 100, 0);
        bench_send(bench, 0, C, 101, 100, 100);
        bench_send(bench, 0, S, 1, 100, 0);
        bench->dsn_is_64 = variant == 0 || variant == 1 || variant == 4;
        if (variant == 4)
            bench_join_syn(bench, 1, C, 0xdead);
        if (variant == 3) {
            bench_data_ack(bench, &ack, C, 100);
            bench_feed(bench, ack);
        } else {
            bench_send(bench, 1, C, 1, 100, 200);
        }
        bench_finish(bench);
        g_assert_cmpuint(n_connections(bench), ==, connections[variant]);
        bench_free(bench);
    }
}

/* The connection is looked for among so many others that were active since. */
static guint found_behind(guint n_others)
{
    Bench *bench = bench_new(1, 0x11, 0x22);
    const uint64_t idsn = bench->idsn[C];
    const uint16_t port = bench->port[0];
    guint n = 0;

    bench->step_ns = 1000;
    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    for (guint i = 0; i < n_others; i++) {
        bench->port[0] = (uint16_t)(20000 + i);
        for (int side = 0; side < 2; side++) {
            bench->key[side] = 1000 + 2 * i + (guint)side;
            mps_key_hash(1, bench->key[side], &bench->token[side], &bench->idsn[side]);
        }
        bench_open(bench);
    }
    bench->port[0] = port;
    bench->idsn[C] = idsn;
    bench_send(bench, 1, C, 1, 1000, 1000);
    bench_finish(bench);
    for (guint i = 0; i < bench->closed->len; i++)
        n += bench_result(bench, i)->n_subflows == 2;
    bench_free(bench);
    return n;
}

static void test_midstream_many(void)
{
    g_assert_cmpuint(found_behind(255), ==, 1);
    g_assert_cmpuint(found_behind(256), ==, 0);
}

/* The only mapping of a flow without handshake ends in a DATA_FIN, and nothing tells which part of
 * it the payload is: no place in the data sequence is made up. */
static void test_midstream_data_fin(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);
    MpsSegment segment = bench_segment(bench, 0, C, MPS_TCP_ACK, 501, 1, 400);

    bench_map(bench, &segment, C, 0, 1, 1000, true);
    bench_feed(bench, segment);
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpuint(closed->connection.side[C].data_bytes, ==, 0);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->unmapped_bytes, ==, 400);
    g_assert_true(closed->connection.side[C].data_fin_ns != MPS_NO_TIME);
    bench_free(bench);
}

/* Segments of long mappings, begun in the middle of one and with the first segment of the next not
 * captured: the bounds of all segments together find the place of the payload. */
static void test_midstream_bounds(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);
    MpsSegment segment;

    for (uint32_t i = 3; i < 30; i++) { /* mappings of ten segments of 100 bytes */
        segment = bench_segment(bench, 0, C, MPS_TCP_ACK, 1 + 100 * i, 1, 100);
        bench_map(bench, &segment, C, 5000 + 1000 * (i / 10), 1 + 1000 * (i / 10), 1000, false);
        if (i != 10)
            bench_feed(bench, segment);
    }
    bench_finish(bench);

    const BenchClosed *closed = bench_result(bench, 0);

    g_assert_cmpuint(closed->connection.side[C].data_bytes, ==, 2600);
    g_assert_cmpuint(ledger(bench, 0, MPS_C2S)->unmapped_bytes, ==, 0);
    for (guint i = 0; i < bench->events->len; i++) {
        const MpsEvent *event = &g_array_index(bench->events, MpsEvent, i);

        /* Offset 0 is the first DSN seen: that of the first mapping. */
        if (event->kind == MPS_EV_DATA && event->packet > 0)
            g_assert_cmpint(event->data.offset % 100, ==, 0);
        if (event->kind == MPS_EV_DATA && event->packet == 1)
            g_assert_cmpint(event->data.offset, ==, 300);
    }
    bench_free(bench);
}

/* Hours of silence end a connection; what comes then is not ignored. */
static void test_after_silence(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    bench->now_ns += INT64_C(3) * 3600 * 1000 * 1000 * 1000;
    bench_send(bench, 0, C, 1001, 1000, 1000);
    bench_finish(bench);
    g_assert_cmpuint(bench->closed->len, ==, 2);
    g_assert_cmpint(bench_result(bench, 0)->connection.close, ==, MPS_CLOSE_IDLE);
    g_assert_cmpuint(bench_result(bench, 1)->connection.side[C].data_bytes, ==, 1000);
    g_assert_cmpint(bench_result(bench, 1)->connection.handshake, ==, MPS_HANDSHAKE_NONE);
    bench_free(bench);
}

/* Data sequence numbers that run backwards, subflow numbers that do, and nobody who acknowledges:
 * bounded work for each packet (a quadratic one would take minutes here), and the ledger balances
 * though first senders are forgotten. */
static void test_backwards(void)
{
    const uint32_t n = 200 * 1000, bytes = 10;
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench->step_ns = 1000;
    bench_open(bench);
    bench_join(bench, 1, C);
    for (uint32_t i = 0; i < n; i++)
        bench_send(bench, 0, C, 1 + i * bytes, bytes, (int64_t)(n - i) * bytes);
    for (uint32_t i = 0; i < n; i++)
        bench_send(bench, 1, C, 1 + (n - i) * bytes, bytes, (int64_t)(2 * n + i) * bytes);
    bench_finish(bench);

    const MpsLedger *first = ledger(bench, 0, MPS_C2S), *second = ledger(bench, 1, MPS_C2S);

    g_assert_cmpuint(first->unique_bytes, ==, n * bytes);
    g_assert_cmpuint(first->unique_bytes + second->unique_bytes - first->unmapped_bytes -
                         second->unmapped_bytes - first->remapped_bytes - second->remapped_bytes,
                     ==,
                     bench_result(bench, 0)->connection.side[C].data_bytes +
                         first->reinjected_bytes + second->reinjected_bytes -
                         first->orphaned_bytes - second->orphaned_bytes);
    bench_free(bench);
}

/* Every second piece of a long transfer is reinjected: what a subflow showed again is known piece
 * by piece as far back as anybody could still wait for it, not for hours. */
static void test_copies_for_hours(void)
{
    const uint32_t n = 66 * 1000, bytes = 10, newest = n - 2;
    Bench *bench = bench_new(1, 0x11, 0x22);
    uint32_t seq = 1;

    bench->step_ns = 1000;
    bench_open(bench);
    bench_join(bench, 1, C);
    for (uint32_t i = 0; i < n; i++)
        bench_send(bench, 0, C, 1 + i * bytes, bytes, (int64_t)i * bytes);
    for (uint32_t i = 0; i < n; i += 2, seq += bytes)
        bench_send(bench, 1, C, seq, bytes, (int64_t)i * bytes);
    bench_send(bench, 1, C, seq, bytes, (int64_t)newest * bytes);
    bench_send(bench, 1, C, seq + bytes, bytes, 0);
    bench_finish(bench);
    g_assert_cmpuint(ledger(bench, 1, MPS_C2S)->reinjected_bytes, ==, (n / 2 + 1) * bytes);
    g_assert_cmpuint(ledger(bench, 1, MPS_C2S)->remapped_bytes, ==, bytes);
    g_assert_cmpuint(bench_result(bench, 0)->connection.side[C].data_bytes, ==, n * bytes);
    bench_free(bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/damage/fallback after a refused join", test_fallback_after_refused_join);
    g_test_add_func("/damage/no fallback beside a join", test_no_fallback_beside_a_join);
    g_test_add_func("/damage/missing beyond a window", test_missing_beyond_a_window);
    g_test_add_func("/damage/stray payload", test_stray_payload);
    g_test_add_func("/damage/server side only", test_server_side_only);
    g_test_add_func("/damage/client side only", test_client_side_only);
    g_test_add_func("/damage/plain without SYN-ACK", test_plain_without_synack);
    g_test_add_func("/damage/refused after data", test_refused_after_data);
    g_test_add_func("/damage/join stamped early", test_join_stamped_early);
    g_test_add_func("/damage/midstream match", test_midstream_match);
    for (size_t i = 0; i < G_N_ELEMENTS(closenesses); i++) {
        g_autofree char *path = g_strconcat("/damage/midstream/", closenesses[i].name, NULL);

        g_test_add_data_func(path, &closenesses[i], test_midstream_near);
    }
    g_test_add_func("/damage/midstream, short numbers", test_midstream_short_numbers);
    g_test_add_func("/damage/midstream, many others", test_midstream_many);
    g_test_add_func("/damage/midstream data fin", test_midstream_data_fin);
    g_test_add_func("/damage/midstream bounds", test_midstream_bounds);
    g_test_add_func("/damage/join without token", test_join_without_token);
    g_test_add_func("/damage/midstream no match", test_midstream_no_match);
    g_test_add_func("/damage/after silence", test_after_silence);
    g_test_add_func("/damage/backwards", test_backwards);
    g_test_add_func("/damage/copies for hours", test_copies_for_hours);
    return g_test_run();
}
