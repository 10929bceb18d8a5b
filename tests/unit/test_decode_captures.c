/* test_decode_captures.c - real captures, as far as they are there: MPS_SHARED or
 * ../shared/captures. The numbers of TCP packets and of options are those of tshark 4.0. */
#include <glib.h>

#include "capture/trace.h"
#include "decode/decode.h"

typedef struct {
    const char *name;
    unsigned n_tcp;
    unsigned n_options[16]; /* by subtype, malformed ones included */
    unsigned n_malformed;
    uint64_t payload_bytes;
} Case;

static const Case cases[] = {
    {"browser-v0.pcapng", 63, {6, 18, 35, 8}, 0, 7262},
    {"key-change-v0.pcap", 3, {3, 0, 1}, 0, 0},
    {"ns3-iperf-v0.pcap", 2554, {3, 9, 2543, 2}, 0, 2359320},
    {"tcpdump-mptcp-aa-echo.pcap", 2, {0, 0, 2, 2}, 0, 0},
    {"tcpdump-mptcp-aa-v1.pcap", 22, {4, 0, 18, 1}, 0, 128},
    {"tcpdump-mptcp-dss-oobr.pcap", 1, {0, 0, 1}, 1, 0},
    {"tcpdump-mptcp-fclose.pcap", 9, {3, 0, 5, 0, 0, 0, 0, 1}, 0, 2},
    {"tcpdump-mptcp-tcprst.pcap", 2, {0, 0, 0, 0, 0, 0, 0, 0, 2}, 0, 0},
    {"tcpdump-mptcp-v0.pcap", 264, {3, 3, 258, 1, 1}, 0, 13682},
    {"tcpdump-mptcp-v1.pcap", 20, {4, 0, 16}, 0, 20536},
    {"two-path-upload-v1.pcap", 5382, {6, 6, 5364, 4}, 0, 9651117},
};

static void test_case(gconstpointer data)
{
    const Case *row = data;
    const char *shared = g_getenv("MPS_SHARED");
    g_autofree char *path =
        g_build_filename(shared ? shared : "../shared/captures", row->name, NULL);
    unsigned n_tcp = 0, n_options[16] = {0}, n_malformed = 0;
    uint64_t payload_bytes = 0;
    MpsSegment segment;
    MpsPacket packet;

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_test_skip("capture is not there");
        return;
    }

    g_autoptr(MpsTrace) trace = mps_trace_open((const char *[]){path, NULL}, -1, NULL);

    g_assert_nonnull(trace);
    while (mps_trace_next(trace, &packet) == MPS_READ_PACKET) {
        if (mps_decode_packet(&packet, &segment) != MPS_DECODED_TCP)
            continue;
        n_tcp++;
        payload_bytes += segment.payload_bytes;
        g_assert_cmpint(segment.options_cut || segment.options_malformed, ==, row->n_malformed > 0);
        for (unsigned i = 0; i < segment.n_mptcp; i++) {
            n_options[segment.mptcp[i].subtype]++;
            n_malformed += segment.mptcp[i].status == MPS_OPT_MALFORMED;
        }
    }
    g_assert_cmpuint(n_tcp, ==, row->n_tcp);
    g_assert_cmpuint(n_malformed, ==, row->n_malformed);
    g_assert_cmpuint(payload_bytes, ==, row->payload_bytes);
    for (unsigned i = 0; i < 16; i++)
        g_assert_cmpuint(n_options[i], ==, row->n_options[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/decode/captures/%s", cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
