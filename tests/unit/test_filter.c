/* test_filter.c - packet filters, per link type. */
#include <glib.h>

#include "capture/filter.h"

/* IPv4, TCP, 10.0.0.1:1000 > 10.0.0.2:80. */
static const uint8_t ip[40] = {0x45, 0, 0,  40, 0,    0, 0,    0,    64, 6,  0, 0, 10, 0,
                               0,    1, 10, 0,  0,    2, 0x03, 0xe8, 0,  80, 0, 0, 0,  0,
                               0,    0, 0,  0,  0x50, 2, 0,    0,    0,  0,  0, 0};

static bool passes(const char *expression, int link_type, uint32_t captured_bytes)
{
    g_autoptr(MpsFilter) filter = mps_filter_new(expression);
    const MpsPacket packet = {.link_type = link_type,
                              .wire_bytes = sizeof ip,
                              .captured_bytes = captured_bytes,
                              .bytes = ip};
    g_autoptr(GError) error = NULL;
    bool passed = false;

    g_assert_true(mps_filter_packet(filter, &packet, &passed, &error));
    g_assert_no_error(error);
    return passed;
}

static void matches(void)
{
    g_assert_true(passes("tcp port 80", 101, sizeof ip)); /* LINKTYPE_RAW */
    g_assert_true(passes("tcp port 80", 12, sizeof ip));  /* DLT_RAW */
    g_assert_true(passes("host 10.0.0.2 and tcp[tcpflags] & tcp-syn != 0", 228, sizeof ip));
    g_assert_false(passes("tcp port 81", 101, sizeof ip));
    g_assert_false(passes("tcp port 80", 1, sizeof ip)); /* as Ethernet it is nothing */
    g_assert_false(passes("tcp port 80", 101, 20));      /* cut before the ports */
    g_assert_false(passes("tcp port 80", 101, 0));
}

static void refuses(void)
{
    g_autoptr(MpsFilter) wrong = mps_filter_new("tcp port");
    g_autoptr(MpsFilter) senseless = mps_filter_new("ether host 02:00:00:00:00:01");
    g_autoptr(GError) error = NULL;

    g_assert_false(mps_filter_prepare(wrong, 1, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_true(mps_filter_prepare(senseless, 1, &error));
    g_assert_false(mps_filter_prepare(senseless, 101, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/filter/matches", matches);
    g_test_add_func("/filter/refuses", refuses);
    return g_test_run();
}
