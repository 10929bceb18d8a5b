/* gen_flood.c - writes captures of hostile traffic, as large as asked for: what somebody sends who
 * wants an analyzer's memory or time.  Output depends on the arguments alone. */
#include "../support/build_packet.h"

#include <stdio.h>
#include <string.h>

#include <glib.h>

#define START_NS INT64_C(1700000000000000000)
#define STEP_NS  INT64_C(10000)

/* Floods of SYNs hold so many honest connections, evenly spread. */
enum { HONEST = 10 };

typedef struct {
    PbNet *net;
    uint32_t n;
    uint64_t random;
} Flood;

/* splitmix64: every input gives an unrelated output */
static uint64_t draw(Flood *flood)
{
    uint64_t x = flood->random += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static PbConn *connection(Flood *flood)
{
    const uint64_t client_key = draw(flood);

    return pb_conn(flood->net, 1, client_key, draw(flood));
}

/* The @i-th flow of @conn: up to 60 000 ports of up to 60 000 clients. */
static PbFlow *flow(PbConn *conn, uint32_t i)
{
    const uint32_t host = i / 60000;
    g_autofree char *client = g_strdup_printf("10.1.%u.%u", host >> 8 & 255, host & 255);

    return pb_flow(conn, PB_CLIENT, client, (uint16_t)(1024 + i % 60000), "192.0.2.10", 443);
}

/* A packet from a random address, of no connection. */
static void put_forged(Flood *flood, uint8_t flags, const PbOptions *options,
                       uint32_t payload_bytes)
{
    const uint64_t who = draw(flood), what = draw(flood);
    PbPacket packet = {
        .ts_ns = flood->net->now_ns,
        .src = {.address = {.family = 4}, .port = (uint16_t)(1024 + (who >> 32) % 60000)},
        .dst = pb_endpoint("192.0.2.10", 443),
        .seq = (uint32_t)what,
        .flags = flags,
        .window = 64240,
        .ttl = 64,
        .ip_id = (uint16_t)(what >> 32),
        .options = *options,
        .payload_bytes = payload_bytes,
    };

    memcpy(packet.src.address.bytes, &who, 4);
    packet.src.address.bytes[0] = (uint8_t)(11 + who % 80);
    pb_capture_write(flood->net->capture, &packet);
    pb_wait(flood->net, flood->net->step_ns);
}

static void forged_capable(Flood *flood)
{
    PbOptions o = {.n = 0};

    pb_opt_capable(&o, 1, PB_CAPABLE_H, 0, NULL, -1, -1);
    put_forged(flood, MPS_TCP_SYN, &o, 0);
}

static void forged_join(Flood *flood)
{
    PbOptions o = {.n = 0};
    const uint64_t numbers = draw(flood);

    pb_opt_join_syn(&o, false, 1, (uint32_t)numbers, (uint32_t)(numbers >> 32));
    put_forged(flood, MPS_TCP_SYN, &o, 0);
}

/* Data of a connection whose begin is not there: each begins one. */
static void forged_data(Flood *flood)
{
    const PbDss dss = {
        .has_map = true, .dsn_bytes = 8, .dsn = draw(flood), .ssn = 1, .data_bytes = 100};
    PbOptions o = {.n = 0};

    pb_opt_dss(&o, &dss);
    put_forged(flood, MPS_TCP_ACK, &o, 100);
}

static void honest_connection(Flood *flood, uint32_t i)
{
    PbConn *conn = connection(flood);
    PbFlow *initial = flow(conn, 2 * i), *joined = flow(conn, 2 * i + 1);

    pb_open(initial);
    pb_send(initial, PB_CLIENT, 1000);
    pb_ack(initial, PB_SERVER);
    pb_open(joined);
    pb_send(joined, PB_SERVER, 1000);
    pb_ack(joined, PB_CLIENT);
    pb_close(conn);
}

static void among_honest(Flood *flood, void (*forge)(Flood *flood))
{
    for (uint32_t i = 0; i < flood->n; i++) {
        if (i % (flood->n / HONEST + 1) == 0)
            honest_connection(flood, i / (flood->n / HONEST + 1));
        forge(flood);
    }
}

static void syns(Flood *flood)
{
    among_honest(flood, forged_capable);
}

static void joins(Flood *flood)
{
    among_honest(flood, forged_join);
}

static void data(Flood *flood)
{
    among_honest(flood, forged_data);
}

/* Connections that stay open and have one key, and so one token, in common. */
static void keys(Flood *flood)
{
    for (uint32_t i = 0; i < flood->n; i++) {
        PbFlow *initial = flow(pb_conn(flood->net, 1, draw(flood), 0x1122334455667788), i);

        pb_open(initial);
        pb_send(initial, PB_CLIENT, 100);
    }
}

static PbFlow *open_one(Flood *flood)
{
    PbFlow *initial = flow(connection(flood), 0);

    pb_open(initial);
    pb_send(initial, PB_CLIENT, 100);
    pb_ack(initial, PB_SERVER);
    return initial;
}

/* Joins to the token of one connection, never answered. */
static void known_joins(Flood *flood)
{
    PbConn *conn = open_one(flood)->conn;

    for (uint32_t i = 0; i < flood->n; i++) {
        PbOptions o = {.n = 0};

        pb_opt_join_syn(&o, false, (uint8_t)i, conn->token[PB_SERVER], (uint32_t)draw(flood));
        put_forged(flood, MPS_TCP_SYN, &o, 0);
    }
    pb_close(conn);
}

/* All of them established, each with data. */
static void subflows(Flood *flood)
{
    PbConn *conn = open_one(flood)->conn;

    for (uint32_t i = 1; i < flood->n; i++) {
        PbFlow *joined = flow(conn, i);

        pb_open(joined);
        pb_send(joined, PB_CLIENT, 100);
        pb_ack(joined, PB_SERVER);
    }
    pb_close(conn);
}

static void addresses(Flood *flood)
{
    PbFlow *initial = open_one(flood);

    for (uint32_t i = 0; i < flood->n; i++) {
        g_autofree char *address =
            g_strdup_printf("10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);

        pb_add_addr(initial, PB_SERVER, (uint8_t)(1 + i % 255), address, 0);
    }
    pb_close(initial->conn);
}

/* A mapping for every byte; of each stretch, the even ones before the odd ones. */
static void bytes(Flood *flood)
{
    PbFlow *initial = open_one(flood);

    for (uint32_t left = flood->n; left > 0;) {
        const uint32_t stretch = MIN(left, 50000);
        const PbSpan span = pb_plan(initial, PB_CLIENT, stretch);

        for (uint32_t first = 0; first < 2; first++)
            for (uint32_t i = first; i < stretch; i += 2)
                pb_transmit(pb_own_map(pb_part(span, i, 1)));
        pb_ack(initial, PB_SERVER);
        left -= stretch;
    }
    pb_close(initial->conn);
}

/* Data sequence numbers anywhere in 64 bits. */
static void jumps(Flood *flood)
{
    PbFlow *initial = open_one(flood);

    for (uint32_t i = 0; i < flood->n; i++) {
        PbSpan span = pb_own_map(pb_plan(initial, PB_CLIENT, 100));

        span.map_offset = i % 2 ? draw(flood) : UINT64_C(1) << 63;
        pb_transmit(span);
    }
    pb_ack(initial, PB_SERVER);
}

static const struct {
    const char *name;
    void (*write)(Flood *flood);
} modes[] = {
    {"syns", syns},         {"joins", joins},         {"data", data}, {"known-joins", known_joins},
    {"subflows", subflows}, {"addresses", addresses}, {"keys", keys}, {"bytes", bytes},
    {"jumps", jumps},
};

int main(int argc, char **argv)
{
    if (argc == 4) {
        Flood flood = {.n = (uint32_t)g_ascii_strtoull(argv[2], NULL, 10)};

        for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
            if (strcmp(argv[1], modes[i].name) != 0 || flood.n == 0)
                continue;
            flood.net = pb_net_open(argv[3], PB_RAW, 128, START_NS);
            flood.net->step_ns = STEP_NS;
            modes[i].write(&flood);
            pb_net_close(flood.net);
            return 0;
        }
    }
    fputs(
        "usage: gen_flood syns|joins|data|known-joins|subflows|addresses|keys|bytes|jumps N FILE\n",
        stderr);
    return 2;
}
