/* test_flood.c - what is bounded in number stays so, and goes in order of age. */
#include "bench.h"

#define C MPS_CLIENT
#define S MPS_SERVER

/* As documented. */
enum { ATTEMPTS = 8192, SUBFLOWS = 16384, FINISHED = 1024 };
static const int64_t SECOND_NS = INT64_C(1000) * 1000 * 1000;

/* The SYN of client @n, without its option. */
static MpsSegment syn_of(const Bench *bench, uint32_t n)
{
    MpsSegment syn = bench_segment(bench, 0, C, MPS_TCP_SYN, 0, 0, 0);

    syn.src.address.bytes[1] = 99;
    syn.src.address.bytes[2] = (uint8_t)(n >> 8);
    syn.src.address.bytes[3] = (uint8_t)n;
    syn.src.port = (uint16_t)(1024 + (n >> 16));
    return syn;
}

static MpsSeen attempt(Bench *bench, uint32_t n)
{
    MpsSegment syn = syn_of(bench, n);

    bench_capable(bench, &syn, 0, C);
    return bench_feed(bench, syn);
}

static MpsSeen join(Bench *bench, uint32_t n, uint32_t token)
{
    MpsSegment syn = syn_of(bench, n);
    MpsMptcpOption *option = bench_option(&syn, MPS_MP_JOIN);

    option->join.form = MPS_JOIN_SYN;
    option->join.token = token;
    return bench_feed(bench, syn);
}

static guint closed_as(const Bench *bench, MpsClose close)
{
    guint n = 0;

    for (guint i = 0; i < bench->closed->len; i++)
        n += bench_result(bench, i)->connection.close == close;
    return n;
}

/* No more are followed than that; when the oldest have been silent for long, they make room. */
static void test_attempts(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);
    uint32_t n = 0;

    bench->step_ns = 1000;
    for (; n < ATTEMPTS; n++)
        g_assert_cmpint(n % 2 ? attempt(bench, n) : join(bench, n, n), ==, MPS_SEEN_TRACKED);
    g_assert_cmpint(attempt(bench, n++), ==, MPS_SEEN_CROWDED);
    g_assert_cmpint(join(bench, n, n), ==, MPS_SEEN_CROWDED);
    g_assert_cmpint(attempt(bench, 5), ==, MPS_SEEN_TRACKED); /* repeated: it is followed */
    g_assert_cmpuint(bench->closed->len, ==, 0);
    bench->now_ns += 60 * SECOND_NS;
    g_assert_cmpint(attempt(bench, n++), ==, MPS_SEEN_TRACKED);
    g_assert_cmpuint(bench->closed->len, ==, 1);
    g_assert_cmpint(bench_result(bench, 0)->connection.close, ==, MPS_CLOSE_EVICTED);
    g_assert_cmpuint(bench_result(bench, 0)->connection.side[S].token, ==, 0); /* the oldest */
    bench_free(bench);
}

/* Amid a flood, a connection that is answered is followed from the answer on. */
static void test_answered(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench->step_ns = 1000;
    for (uint32_t n = 0; n < ATTEMPTS; n++)
        attempt(bench, n);
    bench_open(bench);
    bench_send(bench, 0, C, 1, 1000, 0);
    bench_ack(bench, 0, S, 1, 1001, 1000);
    bench_finish(bench);
    for (guint i = 0; i < bench->closed->len; i++) {
        const MpsConnection *connection = &bench_result(bench, i)->connection;

        if (connection->side[C].data_bytes == 0)
            continue;
        g_assert_cmpuint(connection->side[C].data_bytes, ==, 1000);
        g_assert_cmpint(connection->handshake, ==, MPS_HANDSHAKE_PARTIAL);
        g_assert_cmpuint(connection->side[S].token, ==, bench->token[S]);
        bench_free(bench);
        return;
    }
    g_assert_not_reached();
}

static void test_subflows(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);
    uint32_t n = 0;

    bench->step_ns = 1000;
    bench_open(bench);
    for (; n < SUBFLOWS - 1; n++)
        join(bench, n, bench->token[S]);
    g_assert_cmpint(join(bench, n++, bench->token[S]), ==, MPS_SEEN_CROWDED);
    g_assert_cmpint(attempt(bench, n), ==, MPS_SEEN_TRACKED); /* of that connection alone */
    bench_free(bench);
}

/* The first connection of @bench, on path 0, ends, and another may begin there. */
static void fast_close(Bench *bench)
{
    MpsSegment reset;

    bench_open(bench);
    reset = bench_segment(bench, 0, C, MPS_TCP_RST | MPS_TCP_ACK, 1, 1, 0);
    bench_option(&reset, MPS_MP_FASTCLOSE);
    bench_feed(bench, reset);
    bench->isn[0][C] += 100000;
}

/* What is over waits for late packets, but not in any number. */
static void test_finished(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    bench->step_ns = 1000;
    for (int i = 0; i < FINISHED; i++)
        fast_close(bench);
    g_assert_cmpuint(bench->closed->len, ==, 0);
    fast_close(bench);
    fast_close(bench);
    g_assert_cmpuint(bench->closed->len, ==, 1);
    g_assert_cmpint(bench_result(bench, 0)->connection.close, ==, MPS_CLOSE_FASTCLOSE);
    bench_free(bench);
}

/* First what is over, then attempts, then what has been silent for longest. */
static void test_order(void)
{
    Bench *bench = bench_new(1, 0x11, 0x22);

    attempt(bench, 1);
    bench->port[0] = 50000;
    bench_open(bench);
    bench->port[0] = 50001;
    fast_close(bench);
    g_assert_true(mps_model_evict(bench->model));
    g_assert_cmpint(bench_result(bench, 0)->connection.close, ==, MPS_CLOSE_FASTCLOSE);
    g_assert_true(mps_model_evict(bench->model));
    g_assert_cmpint(bench_result(bench, 1)->connection.handshake, ==, MPS_HANDSHAKE_PARTIAL);
    g_assert_true(mps_model_evict(bench->model));
    g_assert_cmpint(bench_result(bench, 2)->connection.handshake, ==, MPS_HANDSHAKE_FULL);
    g_assert_cmpuint(closed_as(bench, MPS_CLOSE_EVICTED), ==, 2);
    g_assert_false(mps_model_evict(bench->model));
    bench_free(bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/flood/attempts", test_attempts);
    g_test_add_func("/flood/answered", test_answered);
    g_test_add_func("/flood/subflows of a connection", test_subflows);
    g_test_add_func("/flood/finished", test_finished);
    g_test_add_func("/flood/order of eviction", test_order);
    return g_test_run();
}
