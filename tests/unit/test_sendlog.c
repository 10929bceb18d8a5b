/* test_sendlog.c - RTT samples by tcptrace's rule: each clause is a row. */
#include <glib.h>

#include "model/sendlog.h"

enum { MOST = 8 };

typedef struct {
    char what; /* 's' sends [a, b), 'a' acknowledges a; 0: no more */
    int64_t ts_ns;
    uint64_t a, b;
    int64_t rtt_ns; /* of an acknowledgement; 0: no sample */
} Step;

typedef struct {
    const char *name;
    Step steps[MOST];
} Case;

static const Case cases[] = {
    {"a segment and its ACK", {{'s', 10, 1, 5, 0}, {'a', 30, 5, 0, 20}}},
    {"ACK of nothing", {{'a', 30, 5, 0, 0}}},
    {"ACK of two segments samples the second",
     {{'s', 10, 1, 5, 0}, {'s', 12, 5, 9, 0}, {'a', 30, 9, 0, 18}}},
    {"each its own ACK",
     {{'s', 10, 1, 5, 0}, {'s', 12, 5, 9, 0}, {'a', 30, 5, 0, 20}, {'a', 33, 9, 0, 21}}},
    {"only the first ACK", {{'s', 10, 1, 5, 0}, {'a', 30, 5, 0, 20}, {'a', 40, 5, 0, 0}}},
    {"ACK inside a segment is its first ACK",
     {{'s', 10, 1, 9, 0}, {'a', 30, 5, 0, 0}, {'a', 40, 9, 0, 0}}},
    {"ACK beyond all", {{'s', 10, 1, 5, 0}, {'a', 30, 7, 0, 0}}},
    {"ACK below all", {{'s', 10, 5, 9, 0}, {'a', 30, 5, 0, 0}, {'a', 31, 9, 0, 21}}},
    {"retransmitted", {{'s', 10, 1, 5, 0}, {'s', 20, 1, 5, 0}, {'a', 30, 5, 0, 0}}},
    {"retransmitted in part", {{'s', 10, 1, 5, 0}, {'s', 20, 3, 5, 0}, {'a', 30, 5, 0, 0}}},
    {"retransmission over several segments",
     {{'s', 10, 1, 5, 0},
      {'s', 11, 5, 9, 0},
      {'s', 12, 9, 12, 0},
      {'s', 20, 3, 10, 0},
      {'a', 30, 5, 0, 0},
      {'a', 31, 9, 0, 0},
      {'a', 32, 12, 0, 0}}},
    {"retransmission that goes on into new data",
     {{'s', 10, 1, 5, 0}, {'s', 20, 1, 9, 0}, {'a', 30, 5, 0, 0}, {'a', 31, 9, 0, 11}}},
    {"an earlier segment resent after it",
     {{'s', 10, 1, 5, 0}, {'s', 12, 5, 9, 0}, {'s', 20, 1, 5, 0}, {'a', 30, 9, 0, 0}}},
    {"an earlier segment resent before it",
     {{'s', 10, 1, 5, 0}, {'s', 11, 1, 5, 0}, {'s', 12, 5, 9, 0}, {'a', 30, 9, 0, 18}}},
    {"an acknowledged segment resent after it",
     {{'s', 10, 1, 5, 0},
      {'a', 15, 5, 0, 5},
      {'s', 16, 5, 9, 0},
      {'s', 20, 1, 5, 0},
      {'a', 30, 9, 0, 0}}},
    {"a later segment resent does not matter",
     {{'s', 10, 1, 5, 0},
      {'s', 12, 5, 9, 0},
      {'s', 20, 5, 9, 0},
      {'a', 30, 5, 0, 20},
      {'a', 31, 9, 0, 0}}},
    {"a hole filled later: sent after the one above",
     {{'s', 10, 1, 5, 0},
      {'s', 12, 9, 12, 0},
      {'s', 20, 5, 9, 0},
      {'a', 30, 9, 0, 10},
      {'a', 31, 12, 0, 0}}},
    {"a hole below the ACK, filled after it",
     {{'s', 10, 5, 9, 0},
      {'a', 15, 9, 0, 5},
      {'s', 16, 9, 12, 0},
      {'s', 20, 1, 5, 0},
      {'a', 30, 12, 0, 0}}},
    {"empty segment", {{'s', 10, 5, 5, 0}, {'a', 30, 5, 0, 0}}},
    {"far above 2^32",
     {{'s', 10, UINT64_C(1) << 40, (UINT64_C(1) << 40) + 4, 0},
      {'a', 30, (UINT64_C(1) << 40) + 4, 0, 20}}},
};

static void add(MpsSendLog *log, uint64_t begin, uint64_t end, int64_t ts_ns, uint64_t packet)
{
    const MpsSent sending = {.first_ns = ts_ns,
                             .order = packet,
                             .packet = packet,
                             .capture_id = 1,
                             .latest = {.ts_ns = ts_ns, .ip_id = (uint16_t)packet}};

    mps_sendlog_add(log, begin, end, &sending);
}

static void test_case(gconstpointer user)
{
    const Case *c = user;
    MpsSendLog log;

    mps_sendlog_init(&log);

    for (int i = 0; i < MOST && c->steps[i].what; i++) {
        const Step *step = &c->steps[i];
        int64_t rtt_ns = 0;

        if (step->what == 's') {
            add(&log, step->a, step->b, step->ts_ns, (uint64_t)i + 1);
            continue;
        }
        g_assert_cmpint(mps_sendlog_ack(&log, step->a, step->ts_ns, &rtt_ns), ==,
                        step->rtt_ns != 0);
        g_assert_cmpint(rtt_ns, ==, step->rtt_ns);
    }
    mps_sendlog_clear(&log);
}

static void test_find(void)
{
    MpsSendLog log;

    mps_sendlog_init(&log);
    g_assert_null(mps_sendlog_find(&log, 1));
    add(&log, 1, 5, 10, 7);
    add(&log, 9, 12, 20, 8);
    add(&log, 1, 3, 30, 9);
    g_assert_cmpint(mps_sendlog_find(&log, 1)->first_ns, ==, 10);
    g_assert_cmpint(mps_sendlog_find(&log, 4)->last_ns, ==, 30);
    g_assert_cmpuint(mps_sendlog_find(&log, 4)->packet, ==, 7);
    g_assert_cmpuint(mps_sendlog_find(&log, 11)->packet, ==, 8);
    g_assert_null(mps_sendlog_find(&log, 5)); /* the hole */
    g_assert_null(mps_sendlog_find(&log, 12));
    mps_sendlog_clear(&log);
}

/* The latest sending is that of each byte, though tcptrace renews the first segment's time only. */
static void test_latest(void)
{
    MpsSendLog log;

    mps_sendlog_init(&log);
    add(&log, 1, 5, 10, 7);
    add(&log, 5, 9, 11, 8);
    add(&log, 9, 12, 12, 9);
    add(&log, 1, 9, 20, 10);
    g_assert_cmpint(mps_sendlog_find(&log, 1)->latest.ts_ns, ==, 20);
    g_assert_cmpint(mps_sendlog_find(&log, 5)->latest.ts_ns, ==, 20);
    g_assert_cmpuint(mps_sendlog_find(&log, 5)->latest.ip_id, ==, 10);
    g_assert_cmpint(mps_sendlog_find(&log, 5)->last_ns, ==, 11);
    g_assert_cmpint(mps_sendlog_find(&log, 9)->latest.ts_ns, ==, 12);
    mps_sendlog_clear(&log);
}

/* Acknowledged segments do not pile up, and forgetting them changes no sample. */
static void test_bounded(void)
{
    MpsSendLog log;
    int64_t rtt_ns;
    guint n_samples = 0;
    size_t most = 0;

    mps_sendlog_init(&log);
    for (uint64_t i = 0; i < 100000; i++) {
        add(&log, 10 * i, 10 * i + 10, (int64_t)i * 10, i);
        n_samples += mps_sendlog_ack(&log, 10 * i + 10, (int64_t)i * 10 + 5, &rtt_ns);
        most = MAX(most, log.room.n_items);
    }
    g_assert_cmpuint(n_samples, ==, 100000);
    g_assert_cmpuint(most, <, 10000);
    mps_sendlog_clear(&log);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sendlog/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/sendlog/find", test_find);
    g_test_add_func("/sendlog/latest", test_latest);
    g_test_add_func("/sendlog/bounded", test_bounded);
    return g_test_run();
}
