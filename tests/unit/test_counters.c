/* test_counters.c - counters of cases in which the wire and the kernel's words differ. */
#include <stdlib.h>

#include "bench_rows.h"

#include "views/views.h"

#define C MPS_CLIENT
#define S MPS_SERVER

/* Asserts that @line, "name client server", is among the counters of @rows, and frees these. */
static void counted(Rows *rows, const char *line)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    size_t n_bytes;
    FILE *out = open_memstream(&text, &n_bytes);
    g_autoptr(GRegex) spaces = g_regex_new(" +", 0, 0, NULL);

    rows_finish(rows);
    g_assert_true(mps_view_counters(rows->db, out, &error));
    g_assert_no_error(error);
    fclose(out);

    g_autofree char *narrow = g_regex_replace_literal(spaces, text, -1, 0, " ", 0, NULL);

    g_assert_nonnull(strstr(narrow, line));
    free(text);
    rows_free(rows);
}

/* The client left MPTCP by itself: no SYN/ACK made it fall back. */
static void test_plain_syn(void)
{
    for (int retried = 0; retried < 2; retried++) {
        Rows rows = rows_new(1, 0x11, 0x22);

        bench_syn(rows.bench);
        if (retried)
            bench_feed(rows.bench, bench_segment(rows.bench, 0, C, MPS_TCP_SYN, 0, 0, 0));
        bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_SYN | MPS_TCP_ACK, 0, 1, 0));
        bench_feed(rows.bench, bench_segment(rows.bench, 0, C, MPS_TCP_ACK, 1, 1, 0));
        counted(&rows, retried ? "FallbackSYNACK 0 0 exact" : "FallbackSYNACK 1 0 exact");
    }
}

/* The RST of a port without listener has no reason; the one of MPTCP has. */
static void test_no_listener(void)
{
    for (int reasoned = 0; reasoned < 2; reasoned++) {
        Rows rows = rows_new(1, 0x11, 0x22);
        MpsSegment rst;

        bench_open(rows.bench);
        bench_join_syn(rows.bench, 1, C, rows.bench->token[S]);
        rst = bench_segment(rows.bench, 1, S, MPS_TCP_RST | MPS_TCP_ACK, 0, 1, 0);
        if (reasoned)
            bench_option(&rst, MPS_MP_TCPRST)->tcprst.reason = 3;
        bench_feed(rows.bench, rst);
        counted(&rows, reasoned ? "MPJoinSynRx 0 1 exact" : "MPJoinSynRx 0 0 exact");
    }
}

/* A socket that is not yet established does not look at MP_FASTCLOSE. */
static void test_fastclose_half_open(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_open(rows.bench);
    bench_join_syn(rows.bench, 1, C, rows.bench->token[S]);
    bench_join_synack(rows.bench, 1, C);
    for (int path = 0; path < 2; path++) {
        MpsSegment rst = bench_segment(rows.bench, path, C, MPS_TCP_RST | MPS_TCP_ACK, 1, 1, 0);

        bench_option(&rst, MPS_MP_FASTCLOSE)->fastclose.receiver_key = 0x22;
        bench_feed(rows.bench, rst);
    }
    counted(&rows, "MPFastcloseRx 0 1 exact");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/counters/SYN without the option", test_plain_syn);
    g_test_add_func("/counters/no listener", test_no_listener);
    g_test_add_func("/counters/fastclose on a half-open join", test_fastclose_half_open);
    return g_test_run();
}
