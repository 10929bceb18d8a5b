/* test_format.c - numbers and names as people read them. */
#include <glib.h>

#include <mptcpscope/row.h>

#include "util/format.h"

static void bytes(void)
{
    g_assert_cmpstr(mps_format_bytes(0).text, ==, "0 B");
    g_assert_cmpstr(mps_format_bytes(999).text, ==, "999 B");
    g_assert_cmpstr(mps_format_bytes(1000).text, ==, "1.00 kB");
    g_assert_cmpstr(mps_format_bytes(9994).text, ==, "9.99 kB");
    g_assert_cmpstr(mps_format_bytes(9995).text, ==, "10.0 kB");
    g_assert_cmpstr(mps_format_bytes(99950).text, ==, "100 kB");
    g_assert_cmpstr(mps_format_bytes(999499).text, ==, "999 kB");
    g_assert_cmpstr(mps_format_bytes(999500).text, ==, "1.00 MB");
    g_assert_cmpstr(mps_format_bytes(9588821).text, ==, "9.59 MB");
    g_assert_cmpstr(mps_format_bytes(INT64_MAX).text, ==, "9.22 EB");
    g_assert_cmpstr(mps_format_bytes(-1448).text, ==, "-1.45 kB");
}

static void durations(void)
{
    g_assert_cmpstr(mps_format_duration(0).text, ==, "0 s");
    g_assert_cmpstr(mps_format_duration(999).text, ==, "999 ns");
    g_assert_cmpstr(mps_format_duration(281000).text, ==, "281 µs");
    g_assert_cmpstr(mps_format_duration(62700000).text, ==, "62.7 ms");
    g_assert_cmpstr(mps_format_duration(-62700000).text, ==, "-62.7 ms");
    g_assert_cmpstr(mps_format_duration(999600000).text, ==, "1.00 s");
    g_assert_cmpstr(mps_format_duration(59900000000).text, ==, "59.9 s");
    g_assert_cmpstr(mps_format_duration(59960000000).text, ==, "1 min 00 s");
    g_assert_cmpstr(mps_format_duration(125000000000).text, ==, "2 min 05 s");
    g_assert_cmpstr(mps_format_duration(3599900000000).text, ==, "1 h 00 min");
    g_assert_cmpstr(mps_format_duration(86400000000000).text, ==, "1 d 00 h");
    g_assert_cmpstr(mps_format_duration(INT64_MAX).text, ==, "106752 d 00 h");
}

static void times(void)
{
    g_assert_cmpstr(mps_format_time(0).text, ==, "1970-01-01 00:00:00.000000 UTC");
    g_assert_cmpstr(mps_format_time(-1000).text, ==, "1969-12-31 23:59:59.999999 UTC");
    g_assert_cmpstr(mps_format_time(1765447872123456789).text, ==,
                    "2025-12-11 10:11:12.123456 UTC");
    g_assert_cmpstr(mps_format_time(INT64_MAX).text, ==, "2262-04-11 23:47:16.854775 UTC");
    g_assert_cmpstr(mps_format_offset(3760279400).text, ==, "+3.760279 s");
    g_assert_cmpstr(mps_format_offset(-1500).text, ==, "-0.000002 s");
    g_assert_cmpstr(mps_format_offset(INT64_MIN).text, ==, "-9223372036.854776 s");
}

static void others(void)
{
    g_assert_cmpstr(mps_format_rate(0).text, ==, "0 bit/s");
    g_assert_cmpstr(mps_format_rate(25.6e6).text, ==, "25.6 Mbit/s");
    g_assert_cmpstr(mps_format_rate(3e15).text, ==, "3000 Tbit/s");
    g_assert_cmpstr(mps_format_percent(0).text, ==, "0.0 %");
    g_assert_cmpstr(mps_format_percent(0.0001).text, ==, "<0.1 %");
    g_assert_cmpstr(mps_format_percent(0.5559).text, ==, "55.6 %");
    g_assert_cmpstr(mps_format_token(0xa8c8e8c).text, ==, "0x0a8c8e8c");
    g_assert_cmpstr(mps_format_count(1, "packet").text, ==, "1 packet");
    g_assert_cmpstr(mps_format_count(0, "packet").text, ==, "0 packets");
    g_assert_cmpstr(mps_format_endpoint("192.0.2.1", 443).text, ==, "192.0.2.1:443");
    g_assert_cmpstr(mps_format_endpoint("2001:db8::1", 443).text, ==, "[2001:db8::1]:443");

    /* What another program may have written: 62 bytes and a character of two, the last byte of
     * which has no room. */
    g_autofree char *filling = g_strnfill(62, 'a');
    g_autofree char *address = g_strconcat(filling, "\u00e9", NULL);

    g_assert_cmpstr(mps_format_endpoint(address, 443).text, ==, filling);
    g_assert_cmpuint(mps_format_width("a\u00e9"), ==, 2);
    g_assert_cmpuint(mps_format_width("a\xc3"), ==, 2);
    g_assert_cmpuint(mps_format_width("\xf0\x9f"), ==, 2);
}

static void printable(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"two paths.pcap", "two paths.pcap"},
        {"größe→.pcap", "größe→.pcap"},
        {"\033[31m\n", "\\x1b[31m\\x0a"},
        {"latin \xe9", "latin \\xe9"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"}, /* CSI as one C1 character */
        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = mps_format_printable(cases[i].text);

        g_assert_cmpstr(text, ==, cases[i].expected);
    }
    g_assert_cmpuint(mps_format_width("281 µs"), ==, 6);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/format/bytes", bytes);
    g_test_add_func("/format/durations", durations);
    g_test_add_func("/format/times", times);
    g_test_add_func("/format/others", others);
    g_test_add_func("/format/printable", printable);
    return g_test_run();
}
