/* test_option_count.c - options that no decoder knows: counted, told once, with their values. */
#include "bench_rows.h"

#include "util/option_names.h"

#define C MPS_CLIENT
#define S MPS_SERVER

/* A packet of @from with the option @bytes, kind and length included, by @names. */
static void send_option(Rows *rows, int path, MpsSide from, const MpsOptionNames *names,
                        const uint8_t *bytes, uint8_t n_bytes)
{
    MpsSegment segment = bench_segment(rows->bench, path, from, MPS_TCP_ACK, 1, 1, 0);
    MpsOpaqueOption *option = &segment.opaque[0];

    segment.n_opaque = 1;
    *option = (MpsOpaqueOption){
        .kind = bytes[0],
        .subtype = bytes[0] == MPS_KIND_MPTCP ? bytes[2] >> 4 : 0,
        .length = n_bytes,
        .n_bytes = (uint8_t)(n_bytes - 2),
    };
    memcpy(option->bytes, bytes + 2, option->n_bytes);
    mps_option_names_apply(names, &segment);
    bench_feed(rows->bench, segment);
}

#define SEND(rows, path, from, names, ...)                                                         \
    send_option(rows, path, from, names, (const uint8_t[]){__VA_ARGS__},                           \
                sizeof((const uint8_t[]){__VA_ARGS__}))

/* A row for each option, host and subflow; an event for the first of each. */
static void test_rows(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);
    g_autoptr(MpsOptionNames) names = mps_option_names_new();

    g_assert_true(mps_option_names_add(names, "mptcp:0xf:0x0001=Rate,u16:kbit/s", NULL));
    bench_open(rows.bench);
    bench_join(rows.bench, 1, C);
    SEND(&rows, 0, C, names, 30, 7, 0xf0, 0, 1, 5, 0xdc);
    SEND(&rows, 0, C, names, 30, 7, 0xf0, 0, 1, 5, 0xdc);
    SEND(&rows, 0, C, names, 30, 7, 0xf0, 0, 1, 0, 1);
    SEND(&rows, 1, C, names, 30, 7, 0xf0, 0, 1, 0, 2);
    SEND(&rows, 1, S, names, 30, 7, 0xf0, 0, 2, 0, 2);
    SEND(&rows, 1, S, names, 77, 2);
    SEND(&rows, 1, S, names, 28, 4, 0, 1); /* User Timeout */
    rows_finish(&rows);
    rows_assert(&rows,
                "SELECT s.ordinal, sent_by, o.kind, subtype, id, name, count, first_value,"
                " last_value FROM option_count o JOIN subflow s USING (subflow_id)"
                " ORDER BY ordinal, sent_by, o.kind",
                "0|client|30|15|0x0001|Rate|3|1500 kbit/s|1 kbit/s\n"
                "1|client|30|15|0x0001|Rate|1|2 kbit/s|2 kbit/s\n"
                "1|server|30|15|0x0002||1|0xf000020002|0xf000020002\n"
                "1|server|77||||1||");
    rows_assert(&rows, "SELECT detail FROM event WHERE kind = 'unknown_option' ORDER BY ts_ns",
                "{\"kind\":30,\"subtype\":15,\"id\":\"0x0001\",\"length\":7,\"name\":\"Rate\","
                "\"value\":\"1500 kbit/s\"}\n"
                "{\"kind\":30,\"subtype\":15,\"id\":\"0x0001\",\"length\":7,\"name\":\"Rate\","
                "\"value\":\"2 kbit/s\"}\n"
                "{\"kind\":30,\"subtype\":15,\"id\":\"0x0002\",\"length\":7,"
                "\"value\":\"0xf000020002\"}\n"
                "{\"kind\":77,\"length\":2}");
    rows_assert(&rows, "SELECT sentence FROM v_diagnosis WHERE kind = 'option' ORDER BY ts_ns",
                "The client sent Rate (MPTCP option subtype 0xf, id 0x0001), 4 times; at first"
                " 1500 kbit/s\n"
                "The server sent unknown MPTCP option subtype 0xf, id 0x0002, 1 time\n"
                "The server sent unknown TCP option kind 77, 1 time");
    rows_free(&rows);
}

/* What looks like an id changes with each packet: 16 are told apart, those with a name always. */
static void test_flood(void)
{
    Rows rows = rows_new(1, 0x11, 0x22);
    g_autoptr(MpsOptionNames) names = mps_option_names_new();

    g_assert_true(mps_option_names_add(names, "tcp:253:0x0163=Last", NULL));
    bench_open(rows.bench);
    for (uint8_t i = 0; i < 100; i++)
        SEND(&rows, 0, C, names, 253, 4, 1, i);
    rows_finish(&rows);
    rows_assert(&rows, "SELECT count(*), sum(count) FROM option_count", "18|100");
    rows_assert(&rows, "SELECT count, name FROM option_count WHERE id IS NULL", "83|");
    rows_assert(&rows, "SELECT count, id FROM option_count WHERE name = 'Last'", "1|0x0163");
    rows_assert(&rows, "SELECT count(*) FROM event WHERE kind = 'unknown_option'", "18");
    rows_free(&rows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/option count/rows", test_rows);
    g_test_add_func("/option count/flood", test_flood);
    return g_test_run();
}
