/* test_diagnosis.c - what the sentences of v_diagnosis say of joins that a router refused to
 * forward (who answered where, and from where to where the join went), and of fallbacks. */
#include "bench_rows.h"

#define C MPS_CLIENT
#define S MPS_SERVER

#define SENTENCE "SELECT packet, sentence FROM v_diagnosis WHERE kind = 'join_unreachable'"
/* Of the bench's path 1, opened by the client. */
#define JOIN    "Join 1 (10.0.1.1:40001 -> 192.0.2.1:80) was not established: unreachable; "
#define REACHED "; 192.0.2.1 was reached from 10.0.0.1 (subflow 0)"
#define FURTHER "; the SYN went from a further address of the client to the first of the server"

static const MpsAddress router = {.bytes = {203, 0, 113, 9}, .family = 4};

/* An open connection whose path 1 is from network @network to server @server. */
static Rows opened(uint8_t network, uint8_t server)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    rows.bench->network[1] = network;
    rows.bench->server[1] = server;
    bench_open(rows.bench);
    return rows;
}

/* ADD_ADDR of 192.0.2.@host. */
static void announce(Rows *rows, MpsSide from, uint8_t id, uint8_t host)
{
    MpsSegment segment = bench_segment(rows->bench, 0, from, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&segment, MPS_ADD_ADDR);

    option->add_addr.version = 1;
    option->add_addr.address_id = id;
    option->add_addr.address = (MpsAddress){.bytes = {192, 0, 2, host}, .family = 4};
    bench_feed(rows->bench, segment);
}

static void removes(Rows *rows, uint8_t host)
{
    MpsSegment segment = bench_segment(rows->bench, 0, S, MPS_TCP_ACK, 1, 1, 0);
    MpsMptcpOption *option = bench_option(&segment, MPS_REMOVE_ADDR);

    option->remove_addr.n_ids = 1;
    option->remove_addr.ids[0] = host;
    bench_feed(rows->bench, segment);
}

/* The SYN of @opener on path 1, and the ICMP error of @from that quotes it. */
static void refused_join(Rows *rows, MpsSide opener, MpsAddress from, uint8_t type, uint8_t code)
{
    Bench *bench = rows->bench;
    const MpsSegment syn = bench_segment(bench, 1, opener, MPS_TCP_SYN, 0, 0, 0);
    const MpsIcmpError icmp = {.ts_ns = bench->now_ns + bench->step_ns,
                               .packet = bench->packet + 2,
                               .capture_id = 1,
                               .router = from,
                               .src = syn.src,
                               .dst = syn.dst,
                               .seq = syn.seq,
                               .type = type,
                               .code = code};

    bench_join_syn(bench, 1, opener, bench->token[opener == C ? S : C]);
    mps_model_icmp(bench->model, &icmp);
    bench->packet++;
}

/* @captures: a statement that fills that table, which is not the metrics'. */
static void done_of(Rows *rows, const char *captures, const char *expected)
{
    rows_finish(rows);
    g_assert_cmpint(sqlite3_exec(rows->db, captures, NULL, NULL, NULL), ==, SQLITE_OK);
    rows_assert(rows, SENTENCE, expected);
    rows_free(rows);
}

static void done(Rows *rows, const char *expected)
{
    done_of(rows, "INSERT INTO capture (capture_id) VALUES (1)", expected);
}

/* Errors about data of path 0, the second of them not of this stream. */
static void test_established(void)
{
    Rows rows = opened(0, 2);
    Bench *bench = rows.bench;
    const MpsSegment data = bench_segment(bench, 0, C, MPS_TCP_ACK, 1, 1, 100);
    MpsIcmpError icmp = {.router = router,
                         .capture_id = 1,
                         .src = data.src,
                         .dst = data.dst,
                         .seq = data.seq + 1000000,
                         .type = 3,
                         .code = 1};

    bench_send(bench, 0, C, 1, 100, 0);
    for (int i = 0; i < 3; i++) {
        icmp.ts_ns = bench->now_ns;
        icmp.packet = bench->packet++;
        mps_model_icmp(bench->model, &icmp);
        icmp.seq = data.seq;
    }
    rows_finish(&rows);
    rows_assert(
        &rows, "SELECT packet, sentence FROM v_diagnosis WHERE kind = 'icmp_error'",
        "5|Of what was sent on subflow 0 (10.0.0.1:40000 -> 192.0.2.1:80), router 203.0.113.9 "
        "said: host unreachable (ICMP type 3 code 1)");
    rows_free(&rows);
}

/* The testbed's first failure: own first address to the announced one. */
static void test_announced(void)
{
    Rows rows = opened(0, 2);

    announce(&rows, S, 2, 2);
    refused_join(&rows, C, router, 3, 0);
    done(&rows, "5|Join 1 (10.0.0.1:40001 -> 192.0.2.2:80) was not established: unreachable; "
                "router 203.0.113.9 answered in packet 6 with network unreachable (ICMP type 3 "
                "code 0); the SYN went from the first address of the client to the one that the "
                "server announced in packet 4");
}

/* The second one: another address than the first, to the server's first. */
static void test_further(void)
{
    Rows rows = opened(1, 1);

    announce(&rows, S, 2, 2);
    refused_join(&rows, C, router, 3, 1);
    done(&rows, "5|" JOIN "router 203.0.113.9 answered in packet 6 with host unreachable (ICMP "
                "type 3 code 1)" FURTHER REACHED);
}

/* Packets are counted in each file. */
static void test_captures(void)
{
    Rows rows = opened(0, 2);

    announce(&rows, S, 2, 2);
    refused_join(&rows, C, router, 3, 0);
    done_of(&rows, "INSERT INTO capture (capture_id) VALUES (1), (2)",
            "5|Join 1 (10.0.0.1:40001 -> 192.0.2.2:80) was not established: unreachable; router "
            "203.0.113.9 answered in packet 6 of capture 1 with network unreachable (ICMP type 3 "
            "code 0); the SYN went from the first address of the client to the one that the server "
            "announced in packet 4 of capture 1");
}

/* Neither an announcement that came later, nor one that was taken back; the last one counts. */
static void test_announced_when(void)
{
    static const char format[] =
        "%d|Join 1 (10.0.0.1:40001 -> 192.0.2.2:80) was not established: unreachable; router "
        "203.0.113.9 answered in packet %d with network unreachable (ICMP type 3 code 0); the SYN "
        "went from the first address of the client to %s";
    static const char unknown[] = "one whose announcement is not visible in this capture";
    g_autofree char *later = g_strdup_printf(format, 4, 5, unknown);
    g_autofree char *never = g_strdup_printf(format, 5, 6, unknown);
    g_autofree char *removed = g_strdup_printf(format, 6, 7, unknown);
    g_autofree char *again =
        g_strdup_printf(format, 8, 9, "the one that the server announced in packet 7");
    Rows rows = opened(0, 2);

    refused_join(&rows, C, router, 3, 0);
    announce(&rows, S, 2, 2);
    done(&rows, later);

    rows = opened(0, 2);
    announce(&rows, S, 2, 2);
    removes(&rows, 2);
    refused_join(&rows, C, router, 3, 0);
    done(&rows, removed);

    rows = opened(0, 2);
    announce(&rows, S, 2, 2);
    removes(&rows, 2);
    announce(&rows, S, 2, 2);
    announce(&rows, S, 3, 2); /* also by another id */
    refused_join(&rows, C, router, 3, 0);
    removes(&rows, 2);
    removes(&rows, 3);
    done(&rows, again);

    rows = opened(0, 2);
    announce(&rows, C, 2, 2); /* not its own */
    rows.bench->server[2] = 2;
    refused_join(&rows, C, router, 3, 0);
    bench_join_syn(rows.bench, 2, C, rows.bench->token[S]); /* does not reach it either */
    done(&rows, never);
}

/* The error need not come from a router. */
static void test_who(void)
{
    const MpsAddress client = {.bytes = {10, 0, 1, 1}, .family = 4};
    const MpsAddress server = {.bytes = {192, 0, 2, 1}, .family = 4};
    const MpsAddress other = {.bytes = {0x20, 1, 0xd, 0xb8, [15] = 9}, .family = 6};
    Rows rows = opened(1, 1);

    refused_join(&rows, C, server, 3, 3);
    done(&rows, "4|" JOIN "that host answered in packet 5 with port unreachable (ICMP type 3 code "
                "3)" FURTHER REACHED);

    rows = opened(1, 1);
    refused_join(&rows, C, client, 3, 1);
    done(&rows, "4|" JOIN "the client itself answered in packet 5 with host unreachable (ICMP type "
                "3 code 1)" FURTHER REACHED);

    rows = opened(1, 1);
    refused_join(&rows, C, other, 1, 0);
    done(&rows, "4|" JOIN "router 2001:db8::9 answered in packet 5 with no route (ICMPv6 type 1 "
                "code 0)" FURTHER REACHED);
}

/* A join of the server: its ends are the other way round. */
static void test_server_opens(void)
{
    Rows rows = opened(1, 1);

    refused_join(&rows, S, router, 3, 0);
    done(&rows, "4|" JOIN "router 203.0.113.9 answered in packet 5 with network unreachable (ICMP "
                "type 3 code 0); the SYN went from the first address of the server to one whose "
                "announcement is not visible in this capture");

    rows = opened(0, 2);
    refused_join(&rows, S, router, 3, 0);
    done(&rows, "4|Join 1 (10.0.0.1:40001 -> 192.0.2.2:80) was not established: unreachable; "
                "router 203.0.113.9 answered in packet 5 with network unreachable (ICMP type 3 "
                "code 0); the SYN went from a further address of the server to the first of the "
                "client; 10.0.0.1 was reached from 192.0.2.1 (subflow 0)");
}

/* Nothing is known of first addresses, and not yet of the connection when the router answers. */
static void test_no_initial(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    refused_join(&rows, C, router, 3, 0);
    bench_join(rows.bench, 2, C);
    bench_send(rows.bench, 2, C, 1, 100, 0);
    done(&rows,
         "|" JOIN "network unreachable, says 203.0.113.9 (ICMP type 3 code 0); 192.0.2.1 was "
         "reached from 10.0.2.1 (subflow 2)");
}

/* ---- fallbacks ---- */

#define FALLBACKS                                                                                  \
    "SELECT d.packet, c.fallback, d.sentence FROM v_diagnosis d JOIN connection c "                \
    "USING (connection_id) WHERE d.kind = 'fallback'"
#define GIVEN_UP "MPTCP was given up: "

static void fell_back(Rows *rows, const char *expected)
{
    rows_finish(rows);
    rows_assert(rows, FALLBACKS, expected);
    rows_free(rows);
}

static void plain(Rows *rows, MpsSide from, uint8_t flags, uint32_t seq, uint32_t ack,
                  uint32_t payload_bytes)
{
    bench_feed(rows->bench, bench_segment(rows->bench, 0, from, (uint8_t)(MPS_TCP_ACK | flags), seq,
                                          ack, payload_bytes));
}

/* The client itself retried without the option: the SYN/ACK could have none. */
static void test_fallback_syn(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_syn(rows.bench);
    bench_syn(rows.bench);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, C, MPS_TCP_SYN, 0, 0, 0));
    plain(&rows, S, MPS_TCP_SYN, 0, 1, 0);
    plain(&rows, C, 0, 1, 1, 0);
    fell_back(&rows,
              "3|no_mp_capable_synack|" GIVEN_UP "the SYN was sent again without MP_CAPABLE");

    rows = rows_new(1, 0x11, 0x22);
    bench_syn(rows.bench);
    plain(&rows, S, MPS_TCP_SYN, 0, 1, 0);
    plain(&rows, C, 0, 1, 1, 0);
    fell_back(&rows, "2|no_mp_capable_synack|" GIVEN_UP "the SYN/ACK has no MP_CAPABLE");
}

/* The third packet of the capture has another option: the server never saw MP_CAPABLE and its data
 * goes without DSS.  Where the server had sent a DSS, it had seen it. */
static void test_fallback_third(void)
{
    static const char lost[] = GIVEN_UP "the data of the server has no DSS any more";
    g_autofree char *in_midstream = g_strdup_printf("5|no_dss|%s", lost);
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_syn(rows.bench);
    bench_synack(rows.bench);
    bench_ack(rows.bench, 0, C, 1, 1, 0);
    plain(&rows, S, 0, 1, 1, 100);
    plain(&rows, C, 0, 1, 101, 0);
    fell_back(&rows, "3|no_mp_capable_ack|" GIVEN_UP
                     "the third packet of the handshake has no MP_CAPABLE");

    rows = rows_new(1, 0x11, 0x22);
    bench_syn(rows.bench);
    bench_synack(rows.bench);
    bench_ack(rows.bench, 0, C, 1, 1, 0);
    bench_send(rows.bench, 0, S, 1, 100, 0);
    plain(&rows, S, 0, 101, 1, 100);
    plain(&rows, C, 0, 1, 201, 0);
    fell_back(&rows, in_midstream);
}

/* Data whose DSS never came, or came no more; or only its acknowledgement has none. */
static void test_fallback_dss(void)
{
    Rows rows = opened(0, 1);

    plain(&rows, S, 0, 1, 1, 100);
    plain(&rows, C, 0, 1, 101, 0);
    fell_back(&rows, "4|no_dss|" GIVEN_UP "the data of the server has no DSS");

    rows = opened(0, 1);
    bench_send(rows.bench, 0, C, 1, 100, 0);
    bench_ack(rows.bench, 0, S, 1, 101, 100);
    plain(&rows, C, 0, 101, 1, 100);
    plain(&rows, C, 0, 201, 1, 100);
    plain(&rows, S, 0, 1, 301, 0);
    fell_back(&rows, "6|no_dss|" GIVEN_UP "the data of the client has no DSS any more");

    rows = opened(0, 1);
    bench_send(rows.bench, 0, S, 1, 100, 0);
    plain(&rows, C, 0, 1, 101, 0);
    fell_back(&rows, "5|no_dss|" GIVEN_UP "the client acknowledges data without any DSS");
}

/* ---- refusals and removals ---- */

static void test_refused(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);

    bench_syn(rows.bench);
    bench_feed(rows.bench, bench_segment(rows.bench, 0, S, MPS_TCP_RST | MPS_TCP_ACK, 0, 1, 0));
    rows_finish(&rows);
    rows_assert(&rows, "SELECT packet, sentence FROM v_diagnosis ORDER BY rank",
                "2|The first SYN was refused: the server answered it with a RST\n"
                "|The attempt to connect was reset by the server");
    rows_free(&rows);

    rows = rows_new(1, 0x11, 0x22);
    bench_syn(rows.bench);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT packet, sentence FROM v_diagnosis WHERE rank = 1",
                "|The first SYN got no usable answer");
    rows_free(&rows);
}

/* A host resets its subflow first and withdraws the address after that. */
static void test_removed_late(void)
{
    Rows rows = opened(1, 1);
    MpsSegment segment;

    bench_join(rows.bench, 1, C);
    bench_feed(rows.bench, bench_segment(rows.bench, 1, C, MPS_TCP_ACK | MPS_TCP_RST, 1, 1, 0));
    segment = bench_segment(rows.bench, 0, C, MPS_TCP_ACK, 1, 1, 0);

    MpsMptcpOption *option = bench_option(&segment, MPS_REMOVE_ADDR);

    option->remove_addr.n_ids = 1;
    option->remove_addr.ids[0] = 1;
    bench_feed(rows.bench, segment);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT sentence FROM v_diagnosis WHERE kind = 'address_removed'",
                "The client removed address id 1 (10.0.1.1): no subflow any more: it had reset "
                "subflow 1 1 ms before in packet 8");
    rows_free(&rows);
}

/* ---- the end ---- */

/* MP_FASTCLOSE after both DATA_FINs is an abort as long as one is not acknowledged. */
static void test_fastclose(void)
{
    for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
        Rows rows = opened(0, 1);
        MpsSegment rst = bench_segment(rows.bench, 0, S, MPS_TCP_RST | MPS_TCP_ACK, 1, 201, 0);

        bench_send(rows.bench, 0, C, 1, 100, 0);
        bench_ack(rows.bench, 0, S, 1, 101, 100);
        bench_send(rows.bench, 0, C, 101, 100, 100);
        for (MpsSide side = C; side <= S; side++) {
            MpsSegment fin = bench_segment(rows.bench, 0, side, MPS_TCP_ACK, 1, 1, 0);

            bench_map(rows.bench, &fin, side, side == C ? 200 : 0, 0, 0, true);
            bench_feed(rows.bench, fin);
        }
        bench_ack(rows.bench, 0, C, 201, 1, 1);
        if (acknowledged)
            bench_ack(rows.bench, 0, S, 1, 201, 201);
        bench_option(&rst, MPS_MP_FASTCLOSE)->fastclose.receiver_key = 0x11;
        bench_feed(rows.bench, rst);
        rows_finish(&rows);
        rows_assert(&rows,
                    "SELECT close, closed_by, iif(close = 'data_fin', substr(sentence, 1, 24), "
                    "sentence) FROM connection JOIN "
                    "v_diagnosis d USING (connection_id) WHERE d.kind LIKE 'close%'",
                    acknowledged ? "data_fin|client|Closed at the data level"
                                 : "fastclose|server|Aborted by MP_FASTCLOSE of the server; never "
                                   "acknowledged: 100 bytes c2s");
        rows_free(&rows);
    }
}

/* The capture ends before the DATA_FINs are acknowledged. */
static void test_fins_only(void)
{
    Rows rows = opened(0, 1);

    for (MpsSide side = C; side <= S; side++) {
        MpsSegment fin = bench_segment(rows.bench, 0, side, MPS_TCP_ACK, 1, 1, 0);

        bench_map(rows.bench, &fin, side, 0, 0, 0, true);
        bench_feed(rows.bench, fin);
    }
    rows_finish(&rows);
    rows_assert(&rows, "SELECT sentence FROM v_diagnosis WHERE kind = 'close_data_fin'",
                "Both hosts sent a DATA_FIN, not both seen to be acknowledged; first the client");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/diagnosis/unreachable/announced address", test_announced);
    g_test_add_func("/diagnosis/unreachable/further address", test_further);
    g_test_add_func("/diagnosis/unreachable/established subflow", test_established);
    g_test_add_func("/diagnosis/unreachable/several captures", test_captures);
    g_test_add_func("/diagnosis/unreachable/announced when", test_announced_when);
    g_test_add_func("/diagnosis/unreachable/who answered", test_who);
    g_test_add_func("/diagnosis/unreachable/server opens", test_server_opens);
    g_test_add_func("/diagnosis/unreachable/no initial subflow", test_no_initial);
    g_test_add_func("/diagnosis/fallback, SYN", test_fallback_syn);
    g_test_add_func("/diagnosis/fallback, third packet", test_fallback_third);
    g_test_add_func("/diagnosis/fallback, DSS", test_fallback_dss);
    g_test_add_func("/diagnosis/MP_FASTCLOSE after DATA_FINs", test_fastclose);
    g_test_add_func("/diagnosis/DATA_FINs alone", test_fins_only);
    g_test_add_func("/diagnosis/refused", test_refused);
    g_test_add_func("/diagnosis/removed late", test_removed_late);
    return g_test_run();
}
