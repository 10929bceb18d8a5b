/* gen_tunnel.c - writes one and the same connection as if it had been captured in each of many
 * encapsulations: NAME.pcap, and tunnels.txt with the words an analyzer has for the client's. */
#include "../support/build_packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#define ENDS       "10.9.0.1", "10.9.0.2"
#define ENDS6      "fd00::1", "fd00::2"
#define ENDS4_TEXT " 10.9.0.1 -> 10.9.0.2"
#define ENDS6_TEXT " fd00::1 -> fd00::2"

static const struct {
    const char *name;
    PbLink link;
    PbTunnel tunnels[3];
    unsigned n;
    const char *text; /* "": none */
} cases[] = {
    {"bare", PB_RAW, {{0}}, 0, ""},
    {"ethernet", PB_ETHERNET, {{0}}, 0, ""},
    {"qinq", PB_ETHERNET, {{PB_VLAN, 5, NULL, NULL}, {PB_VLAN, 6, NULL, NULL}}, 2, ""},
    {"80211", PB_80211, {{0}}, 0, ""},
    {"radiotap", PB_RADIOTAP, {{0}}, 0, ""},
    {"pppoe", PB_ETHERNET, {{PB_PPPOE, 17, NULL, NULL}}, 1, "pppoe 17"},
    {"mpls", PB_ETHERNET, {{PB_MPLS, 1000, NULL, NULL}}, 1, "mpls 1000"},
    {"mpls-ethernet", PB_ETHERNET, {{PB_MPLS_ETHERNET, 1001, NULL, NULL}}, 1, "mpls 1001"},
    {"gre", PB_ETHERNET, {{PB_GRE, 0, ENDS}}, 1, "gre" ENDS4_TEXT},
    {"gre-key", PB_RAW, {{PB_GRE, 7, ENDS6}}, 1, "gre 7" ENDS6_TEXT},
    {"gre-ethernet", PB_RAW, {{PB_GRE_ETHERNET, 8, ENDS}}, 1, "gre 8" ENDS4_TEXT},
    {"pptp", PB_ETHERNET, {{PB_PPTP, 9, ENDS}}, 1, "gre 9" ENDS4_TEXT},
    {"ipip", PB_ETHERNET, {{PB_IP, 0, ENDS}}, 1, "ipip" ENDS4_TEXT},
    {"4in6", PB_ETHERNET, {{PB_IP, 0, ENDS6}}, 1, "ipip" ENDS6_TEXT},
    {"vxlan", PB_ETHERNET, {{PB_VXLAN, 42, ENDS}}, 1, "vxlan 42" ENDS4_TEXT},
    {"vxlan6", PB_ETHERNET, {{PB_VXLAN, 42, ENDS6}}, 1, "vxlan 42" ENDS6_TEXT},
    {"geneve", PB_ETHERNET, {{PB_GENEVE, 43, ENDS}}, 1, "geneve 43" ENDS4_TEXT},
    {"gtpu", PB_ETHERNET, {{PB_GTPU, 4711, ENDS}}, 1, "gtpu 4711" ENDS4_TEXT},
    {"erspan-1", PB_ETHERNET, {{PB_ERSPAN_1, 0, ENDS}}, 1, "gre" ENDS4_TEXT},
    {"erspan-2", PB_ETHERNET, {{PB_ERSPAN_2, 3, ENDS}}, 1, "gre" ENDS4_TEXT ", erspan 3"},
    {"erspan-3", PB_ETHERNET, {{PB_ERSPAN_3, 3, ENDS}}, 1, "gre" ENDS4_TEXT ", erspan 3"},
    {"three",
     PB_ETHERNET,
     {{PB_MPLS, 20, NULL, NULL}, {PB_VXLAN, 42, ENDS}, {PB_GTPU, 4711, ENDS6}},
     3,
     "mpls 20, vxlan 42" ENDS4_TEXT ", gtpu 4711" ENDS6_TEXT},
};

static PbFlow *flow(PbConn *conn, const char *client, uint16_t port, const PbTunnel *tunnels,
                    unsigned n)
{
    PbFlow *self = pb_flow(conn, PB_CLIENT, client, port, "192.0.2.10", 80);

    self->tunnels = tunnels;
    self->n_tunnels = n;
    return self;
}

static void write_case(const char *directory, size_t i)
{
    g_autofree char *name = g_strconcat(cases[i].name, ".pcap", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    PbNet *net = pb_net_open(path, cases[i].link, 0, INT64_C(1700000000000000000));
    PbConn *conn = pb_conn(net, 1, UINT64_C(0xc11e47c11e47c11e), UINT64_C(0x5e44e45e44e45e44));
    PbFlow *wifi = flow(conn, "198.51.100.1", 40000, cases[i].tunnels, cases[i].n);
    PbFlow *cell = flow(conn, "203.0.113.1", 40001, cases[i].tunnels, cases[i].n);

    pb_open(wifi);

    const PbSpan lost = pb_send_cut(wifi, PB_CLIENT, 5000, 4, PB_MAP_ALL);

    pb_ack(wifi, PB_SERVER);
    pb_open(cell);
    pb_reinject(lost, cell);
    pb_send_cut(cell, PB_SERVER, 7000, 5, PB_MAP_FIRST);
    pb_ack(cell, PB_CLIENT);
    pb_close(conn);
    pb_net_close(net);
}

int main(int argc, char **argv)
{
    g_autoptr(GString) words = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    if (argc != 2) {
        fputs("usage: gen_tunnel DIRECTORY\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        write_case(argv[1], i);
        g_string_append_printf(words, "%s|%s\n", cases[i].name, cases[i].text);
    }

    g_autofree char *path = g_build_filename(argv[1], "tunnels.txt", NULL);

    if (!g_file_set_contents(path, words->str, -1, &error))
        g_error("%s", error->message);
    return 0;
}
