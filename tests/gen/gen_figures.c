/* gen_figures.c - writes the captures that figures are hard to draw of: one capture per shape.
 *
 * usage: gen_figures SHAPE FILE [SCALE] */
#include "../support/build_packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#define START_NS  INT64_C(1700000000000000000)
#define US_NS     INT64_C(1000)
#define MS_NS     INT64_C(1000000)
#define S_NS      INT64_C(1000000000)
#define FLOWS_MAX 40
#define SNAPLEN   128

typedef struct {
    PbNet *net;
    PbConn *conn;
    PbFlow *flows[FLOWS_MAX];
    int n_flows;
} Lab;

static void open_initial(Lab *lab, const char *path, bool ipv6, int64_t step_ns)
{
    lab->net = pb_net_open(path, PB_RAW, SNAPLEN, START_NS);
    lab->net->step_ns = step_ns;
    lab->conn = pb_conn(lab->net, 1, 0x1111222233334444, 0x5555666677778888);
    lab->flows[0] =
        ipv6 ? pb_flow(lab->conn, PB_CLIENT, "2001:db8:1111:2222:3333:4444:5555:6600", 40000,
                       "2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa", 44300)
             : pb_flow(lab->conn, PB_CLIENT, "192.168.100.100", 40000, "203.0.113.254", 44300);
    lab->n_flows = 1;
    pb_open(lab->flows[0]);
}

static void join(Lab *lab, bool ipv6)
{
    const int i = lab->n_flows++;
    char address[64];

    (void)snprintf(address, sizeof address,
                   ipv6 ? "2001:db8:1111:2222:3333:4444:5555:66%02x" : "192.168.100.%d",
                   ipv6 ? (unsigned)i : (unsigned)(100 + i));
    lab->flows[i] =
        pb_flow(lab->conn, PB_CLIENT, address, (uint16_t)(40000 + i),
                ipv6 ? "2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa" : "203.0.113.254", 44300);
    pb_open(lab->flows[i]);
}

/* @rounds in which each subflow sends, subflow i more of it the lower i is; after a pause, which
 * is longer the higher i is, each is acknowledged.  Now and then data is sent again elsewhere. */
static void transfer(Lab *lab, PbSide from, int rounds, int64_t rtt_ns)
{
    PbNet *net = lab->net;

    for (int round = 0; round < rounds; round++) {
        PbSpan last = {0};

        net->step_ns = rtt_ns / 20 / lab->n_flows;
        for (int i = 0; i < lab->n_flows; i++) {
            if ((round + i) % (i + 2) > 2)
                continue;
            last = pb_send_cut(lab->flows[i], from, (uint32_t)(1400 * (3 + round % 7)),
                               (uint32_t)(3 + round % 7), PB_MAP_ALL);
        }
        if (round % 11 == 7 && last.flow)
            pb_transmit(pb_part(last, 0, 1400));
        if (round % 9 == 5 && lab->n_flows > 1 && last.flow)
            (void)pb_reinject(last, lab->flows[last.flow == lab->flows[0] ? 1 : 0]);
        pb_wait(net, rtt_ns / 2);
        net->step_ns = rtt_ns / 4 / lab->n_flows;
        for (int i = 0; i < lab->n_flows; i++)
            pb_ack(lab->flows[i], pb_peer(from));
    }
    net->step_ns = MIN(MS_NS, rtt_ns / 10);
}

static void signals(Lab *lab, bool ipv6)
{
    PbFlow *first = lab->flows[0], *last = lab->flows[lab->n_flows - 1];

    pb_add_addr(first, PB_SERVER, 9, ipv6 ? "2001:db8::99" : "203.0.113.99", 0);
    pb_add_addr_echo(first, PB_CLIENT, 9, ipv6 ? "2001:db8::99" : "203.0.113.99", 0);
    pb_prio(last, PB_CLIENT, true);
    pb_remove_addr(first, PB_SERVER, 9);
}

static void subflows(const char *path, int n, bool ipv6)
{
    Lab lab = {0};

    open_initial(&lab, path, ipv6, MS_NS);
    transfer(&lab, PB_CLIENT, 5, 20 * MS_NS);
    for (int i = 1; i < n; i++)
        join(&lab, ipv6);
    transfer(&lab, PB_CLIENT, 40, 20 * MS_NS);
    signals(&lab, ipv6);
    pb_wait(lab.net, 700 * MS_NS);
    transfer(&lab, PB_CLIENT, 60, 20 * MS_NS);
    if (n == 2)
        pb_fastclose(lab.flows[0], PB_CLIENT, true);
    else
        pb_close(lab.conn);
    pb_net_close(lab.net);
}

/* All over within a millisecond. */
static void millisecond(const char *path)
{
    Lab lab = {0};

    open_initial(&lab, path, false, 10 * US_NS);
    join(&lab, false);
    transfer(&lab, PB_CLIENT, 8, 100 * US_NS);
    lab.net->step_ns = 10 * US_NS;
    pb_close(lab.conn);
    pb_net_close(lab.net);
}

/* Ten hours, both directions, long pauses. */
static void hours(const char *path)
{
    Lab lab = {0};

    open_initial(&lab, path, false, MS_NS);
    join(&lab, false);
    for (int i = 0; i < 60; i++) {
        transfer(&lab, i % 3 ? PB_SERVER : PB_CLIENT, 20, 150 * MS_NS);
        pb_wait(lab.net, 600 * S_NS - 20 * 120 * MS_NS);
    }
    pb_close(lab.conn);
    pb_net_close(lab.net);
}

static void no_data(const char *path)
{
    Lab lab = {0};

    open_initial(&lab, path, false, MS_NS);
    join(&lab, false);
    pb_close(lab.conn);
    pb_net_close(lab.net);
}

/* Requests and answers of a fallen-back connection: no MPTCP option from the server. */
static void fallback(const char *path)
{
    Lab lab = {0};

    lab.net = pb_net_open(path, PB_RAW, SNAPLEN, START_NS);
    lab.conn = pb_conn(lab.net, 1, 0x1111222233334444, 0x5555666677778888);
    lab.flows[0] = pb_flow(lab.conn, PB_CLIENT, "192.168.100.100", 40000, "203.0.113.254", 80);
    lab.flows[0]->stripped = true;
    lab.n_flows = 1;
    pb_open(lab.flows[0]);
    lab.conn->fallen_back = true;
    for (int i = 0; i < 12; i++) {
        transfer(&lab, PB_CLIENT, 1, 30 * MS_NS);
        pb_wait(lab.net, (20 + 17 * i) * MS_NS);
        transfer(&lab, PB_SERVER, 6, 30 * MS_NS);
        pb_wait(lab.net, 300 * MS_NS);
    }
    pb_fin_exchange(lab.flows[0], PB_CLIENT);
    pb_net_close(lab.net);
}

/* @segments of data on two subflows, every thousandth reinjected. */
static void many(const char *path, int segments)
{
    Lab lab = {0};
    PbNet *net;

    open_initial(&lab, path, false, MS_NS);
    join(&lab, false);
    net = lab.net;
    net->step_ns = 20 * US_NS;
    for (int i = 0; i < segments; i += 10) {
        const PbSpan span =
            pb_send_cut(lab.flows[i / 10 % 3 == 0], PB_CLIENT, 14000, 10, PB_MAP_ALL);

        if (i % 1000 == 990)
            (void)pb_reinject(pb_own_map(pb_part(span, 0, 1400)), lab.flows[i / 10 % 3 != 0]);
        if (i % 100 == 90) {
            pb_wait(net, 5 * MS_NS);
            pb_ack(lab.flows[0], PB_SERVER);
            pb_ack(lab.flows[1], PB_SERVER);
        }
    }
    pb_close(lab.conn);
    pb_net_close(net);
}

int main(int argc, char **argv)
{
    const char *shape = argc > 2 ? argv[1] : "";
    const char *path = argc > 2 ? argv[2] : "";
    const int scale = argc > 3 ? atoi(argv[3]) : 2;

    if (scale < 1 || (strcmp(shape, "many") != 0 && scale > FLOWS_MAX))
        return 2;
    if (strcmp(shape, "subflows") == 0)
        subflows(path, scale, false);
    else if (strcmp(shape, "ipv6") == 0)
        subflows(path, scale, true);
    else if (strcmp(shape, "millisecond") == 0)
        millisecond(path);
    else if (strcmp(shape, "hours") == 0)
        hours(path);
    else if (strcmp(shape, "no-data") == 0)
        no_data(path);
    else if (strcmp(shape, "fallback") == 0)
        fallback(path);
    else if (strcmp(shape, "many") == 0)
        many(path, scale);
    else
        return 2;
    return 0;
}
