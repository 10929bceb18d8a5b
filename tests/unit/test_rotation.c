/* test_rotation.c - files of one capture: gaps, overlaps, and files that are no rotation. */
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "pipeline/rotation.h"

static char *directory;

/* A pcap file with a packet each @step_s from @first_s to @last_s. */
static char *save(const char *name, uint32_t first_s, uint32_t last_s, uint32_t step_s)
{
    static const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    char *path = g_build_filename(directory, name, NULL);

    g_byte_array_append(bytes, (const uint8_t *)header, sizeof header);
    for (uint32_t s = first_s; s <= last_s; s += step_s) {
        const uint32_t record[5] = {s, 0, 4, 4, 0};

        g_byte_array_append(bytes, (const uint8_t *)record, sizeof record);
    }
    g_assert_true(g_file_set_contents(path, (const char *)bytes->data, bytes->len, NULL));
    return path;
}

static char *reported;

static void keep(const char *text)
{
    g_autofree char *before = reported;

    reported = g_strconcat(before ? before : "", text, NULL);
}

static const struct {
    const char *names[2];
    uint32_t times_s[2][3]; /* first, last, step */
    int64_t gap_s;          /* of the second; -1000: none */
    const char *report;     /* part of it, or NULL */
} cases[] = {
    {{"a1.pcap", "a2.pcap"}, {{100, 200, 10}, {201, 300, 10}}, 1, NULL},
    {{"b.pcap", "b.pcap1"}, {{100, 200, 10}, {209, 300, 10}}, 9, NULL}, /* as long as pauses */
    {{"c.pcap", "c.pcap12"}, {{100, 200, 10}, {215, 300, 10}}, 15, "a file may be missing"},
    {{"d-20.pcap", "d-21.pcap"}, {{100, 200, 10}, {180, 300, 10}}, -20, "before the end of"},
    {{"eth0.pcap", "eth1.pcap"}, {{100, 200, 10}, {105, 205, 10}}, -1000, NULL},
    {{"up.pcap", "down.pcap"}, {{100, 200, 10}, {900, 990, 10}}, -1000, NULL},
};

static void pairs(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint32_t *one_s = cases[i].times_s[0], *two_s = cases[i].times_s[1];
        g_autofree char *one = save(cases[i].names[0], one_s[0], one_s[1], one_s[2]);
        g_autofree char *two = save(cases[i].names[1], two_s[0], two_s[1], two_s[2]);
        g_autoptr(MpsTrace) trace = mps_trace_open((const char *[]){one, two, NULL}, -1, NULL);
        const int64_t gap_s = cases[i].gap_s;
        int64_t gaps_ns[2];
        MpsPacket packet;

        while (mps_trace_next(trace, &packet) == MPS_READ_PACKET)
            continue;
        mps_rotation_find(trace, gaps_ns);
        g_assert_cmpint(gaps_ns[0], ==, INT64_MIN);
        g_assert_cmpint(gaps_ns[1], ==, gap_s == -1000 ? INT64_MIN : gap_s * 1000000000);

        GPrintFunc before = g_set_printerr_handler(keep);

        mps_rotation_report(trace, gaps_ns);
        g_set_printerr_handler(before);
        if (cases[i].report)
            g_assert_nonnull(strstr(reported, cases[i].report));
        else
            g_assert_null(reported);
        g_clear_pointer(&reported, g_free);
        g_remove(one);
        g_remove(two);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("mptcpscope-XXXXXX", NULL);
    g_test_add_func("/rotation/pairs", pairs);

    const int result = g_test_run();

    g_rmdir(directory);
    g_free(directory);
    return result;
}
