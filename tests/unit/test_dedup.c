/* test_dedup.c - what is a capture duplicate: each clause of the definition is a row. */
#include <glib.h>

#include "model/dedup.h"

#define US 1000
#define S  (INT64_C(1000) * 1000 * 1000)

typedef struct {
    const char *name;
    MpsSegment second; /* fields that differ from the first */
    int64_t after_ns;
    bool other_print;
    bool duplicate;
} Case;

/* The first has place 1, print 7, and what the second has otherwise. */
static const Case cases[] = {
    {"elsewhere at once", {.place = 2, .payload_bytes = 10}, 0, false, true},
    {"elsewhere within a second", {.place = 2, .payload_bytes = 10}, 1 * S, false, true},
    {"elsewhere later", {.place = 2, .payload_bytes = 10}, 1 * S + 1, false, false},
    {"elsewhere, a pure ACK", {.place = 2, .flags = MPS_TCP_ACK}, 500 * US, false, true},
    {"here within 100 us", {.place = 1, .payload_bytes = 10}, 100 * US, false, true},
    {"here later", {.place = 1, .payload_bytes = 10}, 100 * US + 1, false, false},
    {"here, a pure ACK", {.place = 1, .flags = MPS_TCP_ACK}, 1 * US, false, false},
    {"here, a pure ACK with an IP ID",
     {.place = 1, .flags = MPS_TCP_ACK, .ip_id = 5},
     1 * US,
     false,
     true},
    {"here, a SYN", {.place = 1, .flags = MPS_TCP_SYN}, 1 * US, false, true},
    {"here, a FIN", {.place = 1, .flags = MPS_TCP_FIN | MPS_TCP_ACK}, 1 * US, false, true},
    {"here, a RST", {.place = 1, .flags = MPS_TCP_RST}, 1 * US, false, false},
    {"here, a RST that acknowledges",
     {.place = 1, .flags = MPS_TCP_RST | MPS_TCP_ACK},
     1 * US,
     false,
     false},
    {"here, a RST with an IP ID",
     {.place = 1, .flags = MPS_TCP_RST, .ip_id = 5},
     1 * US,
     false,
     true},
    {"elsewhere, a RST", {.place = 2, .flags = MPS_TCP_RST}, 500 * US, false, true},
    {"another packet", {.place = 2, .payload_bytes = 10}, 1 * US, true, false},
};

static void test_case(gconstpointer user)
{
    const Case *c = user;
    MpsDedup *dedup = mps_dedup_new();
    MpsSegment first = c->second, second = c->second;

    first.place = 1;
    first.print = second.print = 7;
    first.ts_ns = 5 * S;
    second.ts_ns = first.ts_ns + c->after_ns;
    second.print += c->other_print;
    g_assert_false(mps_dedup_seen(dedup, &first));
    g_assert_cmpint(mps_dedup_seen(dedup, &second), ==, c->duplicate);
    mps_dedup_free(dedup);
}

/* Three interfaces, and a real retransmission afterwards. */
static void test_many_places(void)
{
    MpsDedup *dedup = mps_dedup_new();
    MpsSegment segment = {.place = 1, .print = 7, .payload_bytes = 10, .ts_ns = 5 * S};

    g_assert_false(mps_dedup_seen(dedup, &segment));
    for (segment.place = 2; segment.place < 5; segment.place++)
        g_assert_true(mps_dedup_seen(dedup, &segment));
    segment.place = 1;
    segment.ts_ns += 300 * 1000 * US; /* a network duplicate: at the first place again */
    g_assert_false(mps_dedup_seen(dedup, &segment));
    segment.place = 2;
    g_assert_true(mps_dedup_seen(dedup, &segment)); /* and its copy there */
    mps_dedup_free(dedup);
}

/* A copy is found behind 65535 other packets, not behind one more; more than four with its set make
 * it forgotten at once. */
static void test_memory(void)
{
    static const struct {
        uint64_t n_others, stride;
        bool duplicate;
    } runs[] = {{65535, 1 << 14, true}, {65536, 1 << 14, false}, {3, 0, true}, {4, 0, false}};

    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
        MpsDedup *dedup = mps_dedup_new();
        const MpsSegment first = {.place = 1, .print = 7, .payload_bytes = 10, .ts_ns = 5 * S};
        MpsSegment other = first, copy = first;

        copy.place = 2;
        g_assert_false(mps_dedup_seen(dedup, &first));
        for (uint64_t n = 1; n <= runs[i].n_others; n++) {
            other.print = runs[i].stride ? 8 + n * runs[i].stride : 7 + (n << 50);
            g_assert_false(mps_dedup_seen(dedup, &other));
        }
        g_assert_cmpint(mps_dedup_seen(dedup, &copy), ==, runs[i].duplicate);
        mps_dedup_free(dedup);
    }
}

static void test_first_packet_of_time(void)
{
    MpsDedup *dedup = mps_dedup_new();
    MpsSegment segment = {0}; /* time 0, print 0: like an empty entry of the table */

    g_assert_false(mps_dedup_seen(dedup, &segment));
    mps_dedup_free(dedup);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/dedup/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/dedup/many places", test_many_places);
    g_test_add_func("/dedup/memory", test_memory);
    g_test_add_func("/dedup/first packet of time", test_first_packet_of_time);
    return g_test_run();
}
