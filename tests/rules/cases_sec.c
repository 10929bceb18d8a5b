/* cases_sec.c - SEC: tokens, initial data sequence numbers, HMACs and nonces. */
#include <string.h>

#include "cases.h"

/* The client's join names its own token. */
static void own_token(Bed *bed, bool bad)
{
    bed_start(bed);
    if (bad)
        bed->second->token = bed->conn->token[PB_CLIENT];
    bed_fault(bed);
    pb_syn(bed->second);
    if (bad)
        pb_rst(bed->second, PB_SERVER, 1);
}

/* A token of no connection, from @address; the server may say so. */
static void unknown_token(Bed *bed, bool bad, const char *address, bool refused)
{
    bed_start(bed);
    pb_open(bed->second);
    bed->third->at[PB_CLIENT] = pb_endpoint(address, 40002);
    bed->third->address_id[PB_CLIENT] = strcmp(address, "10.1.2.1") == 0 ? 1 : 2;
    bed->third->token ^= bad ? 0x5555 : 0;
    bed_fault(bed);
    pb_syn(bed->third);
    if (bad && refused) {
        bed->third->received[PB_SERVER] = 1;
        bed->third->next_ssn[PB_SERVER] = 0;
        pb_rst(bed->third, PB_SERVER, 1);
    }
}

static void refused_token(Bed *bed, bool bad)
{
    unknown_token(bed, bad, "10.1.2.1", true);
}

static void unanswered_token(Bed *bed, bool bad)
{
    unknown_token(bed, bad, "10.1.2.1", false);
}

/* One that began before the capture, on other addresses, may be of these hosts. */
static void doubtful_token(Bed *bed, bool bad)
{
    PbConn *conn = pb_conn(bed->net, 1, 0x1234567812345678, 0x8765432187654321);
    PbFlow *flow = pb_flow(conn, PB_CLIENT, "10.8.1.1", 41000, "10.9.1.1", 80);

    bed->net->hidden = true;
    pb_open(flow);
    pb_send_cut(flow, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    bed->net->hidden = false;
    pb_ack(flow, PB_SERVER);
    pb_send(flow, PB_CLIENT, 100);
    unanswered_token(bed, bad);
    bed->fault_packet = 0;
}

/* The same, where no more is seen of that connection than another join. */
static void accepted_token(Bed *bed, bool bad)
{
    PbConn *conn = pb_conn(bed->net, 1, 0x1234567812345678, 0x8765432187654321);

    (void)pb_flow(conn, PB_CLIENT, "10.8.1.1", 41000, "10.9.1.1", 80);
    pb_open(pb_flow(conn, PB_CLIENT, "10.8.2.1", 41001, "10.9.1.1", 80));
    unanswered_token(bed, bad);
    bed->fault_packet = 0;
}

/* The client's other connections may have begun before the capture. */
static void stranger_token(Bed *bed, bool bad)
{
    unknown_token(bed, bad, "10.1.3.1", true);
}

/* First data with a DSS, as after an ADD_ADDR. */
static void first_map(Bed *bed, int64_t skip)
{
    PbSpan span;

    pb_open(bed->first);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.map_offset += (uint64_t)skip;
    bed_fault(bed);
    pb_transmit(span);
}

static void sec_02_low(Bed *bed, bool bad)
{
    first_map(bed, bad ? -1 : 0);
}

static void sec_02_high(Bed *bed, bool bad)
{
    first_map(bed, bad ? 1 : 0);
    pb_send(bed->first, PB_CLIENT, 100);
}

/* All data sequence numbers, and their acknowledgements, but not the checksums. */
static void sec_02_changed(Bed *bed, bool bad)
{
    static const uint8_t payload[100];
    PbSpan span;

    pb_open(bed->first);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    bed_fault(bed);
    for (int i = 0; i < 3; i++) {
        span = pb_plan(bed->first, PB_CLIENT, 100);
        span.payload = payload;
        span.offset += bad ? 1 : 0;
        span.dsn_added = bad ? 1 : 0;
        span.map_offset += span.dsn_added;
        pb_transmit(span);
        pb_ack_at(bed->first, PB_SERVER, span.ssn + 100, span.map_offset + 100);
    }
}

static void sec_03(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    bed->second->forged_hmac[PB_SERVER] = bad;
    bed_fault(bed);
    pb_synack(bed->second);
    bed->second->received[PB_CLIENT] = 1;
    if (bad)
        pb_rst(bed->second, PB_CLIENT, 1);
}

/* A join of the server: the hosts' parts change, their keys do not. */
static void sec_03_server(Bed *bed, bool bad)
{
    PbFlow *join = pb_flow(bed->conn, PB_SERVER, "10.1.1.1", 40000, "10.2.2.1", 80);

    bed_start(bed);
    pb_syn(join);
    join->forged_hmac[PB_CLIENT] = bad;
    bed_fault(bed);
    pb_synack(join);
    join->received[PB_SERVER] = 1;
    if (bad)
        pb_rst(join, PB_SERVER, 1);
}

static void sec_04(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed->second->forged_hmac[PB_CLIENT] = bad;
    bed_fault(bed);
    pb_third_ack(bed->second);
    if (bad)
        pb_rst(bed->second, PB_SERVER, 1);
    else
        pb_ack(bed->second, PB_SERVER);
}

static void swap_keys(PbConn *conn)
{
    const uint64_t key = conn->key[PB_CLIENT];

    conn->key[PB_CLIENT] = conn->key[PB_SERVER];
    conn->key[PB_SERVER] = key;
}

/* No router can have made it. */
static void sec_04_swapped(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    if (bad)
        swap_keys(bed->conn);
    bed_fault(bed);
    pb_third_ack(bed->second);
    if (bad) {
        swap_keys(bed->conn);
        pb_rst(bed->second, PB_SERVER, 1);
    } else {
        pb_ack(bed->second, PB_SERVER);
    }
}

static void sec_05(Bed *bed, bool bad)
{
    const MpsAddress address = pb_address("10.2.2.1");
    const PbSide key = bad ? PB_CLIENT : PB_SERVER;
    PbOptions options = {0};
    uint8_t hmac[8];

    bed_start(bed);
    pb_add_addr_hmac(bed->conn->key[key], bed->conn->key[pb_peer(key)], 1, address, 7777, hmac);
    pb_opt_add_addr(&options, 1, false, 1, address, 7777, hmac);
    bed_fault(bed);
    bed_option(bed->first, PB_SERVER, &options);
    if (!bad)
        pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 7777);
}

/* The same. */
static void sec_05_leftmost(Bed *bed, bool bad)
{
    static const uint8_t message[] = {1, 10, 2, 2, 1, 7777 >> 8, 7777 & 0xff};
    uint8_t digest[PB_DIGEST_MAX];
    PbOptions options = {0};

    bed_start(bed);
    pb_hmac(1, bed->conn->key[PB_SERVER], bed->conn->key[PB_CLIENT], message, sizeof message,
            digest);
    pb_opt_add_addr(&options, 1, false, 1, pb_address("10.2.2.1"), 7777, digest + (bad ? 0 : 24));
    bed_fault(bed);
    bed_option(bed->first, PB_SERVER, &options);
    if (!bad)
        pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 7777);
}

static void sec_06(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_CLIENT, 1, bad ? UINT64_MAX : 0);
}

static void sec_07(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    if (bad)
        bed->third->nonce[PB_CLIENT] = bed->second->nonce[PB_CLIENT];
    bed_fault(bed);
    pb_open(bed->third);
}

/* A SYN that is repeated keeps its nonce. */
static void sec_07_repeated(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_wait(bed->net, INT64_C(1000000000));
    bed_fault(bed);
    bed->second->isn[PB_CLIENT] += bad;
    pb_open(bed->second);
}

/* Seven joins from anywhere with tokens from anywhere. */
static void sec_08(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    for (uint32_t i = 0; i < (bad ? 7 : 1); i++) {
        g_autofree char *address = g_strdup_printf("10.9.0.%u", i + 1);
        PbFlow *join = pb_flow(bed->conn, PB_CLIENT, address, 40003, "10.2.2.1", 80);

        join->token = 0x12345678 + i;
        if (i == 5)
            bed_fault(bed);
        pb_syn(join);
    }
}

/* Joins of a connection that began before the capture succeed. */
static void sec_08_completed(Bed *bed, bool bad)
{
    PbConn *old = pb_conn(bed->net, 1, 1111, 2222);
    PbFlow *first = pb_flow(old, PB_CLIENT, "10.8.0.1", 40000, "10.2.2.1", 80);

    bed->net->hidden = true;
    pb_open(first);
    bed->net->hidden = false;
    bed_start(bed);
    pb_open(bed->second);
    for (uint32_t i = 0; i < 7; i++) {
        g_autofree char *address = g_strdup_printf("10.8.1.%u", i + 1);
        PbFlow *join = pb_flow(old, PB_CLIENT, address, 40003, "10.2.2.1", 80);

        if (i == 5)
            bed_fault(bed);
        if (bad)
            pb_syn(join);
        else
            pb_open(join);
    }
}

const RuleCase cases_sec[] = {
    {.rule = "SEC-01",
     .run = own_token,
     .verdict = "violation",
     .suspect = "sender client",
     .also = "JOIN-05 JOIN-18"},
    {.rule = "SEC-01", .run = refused_token, .verdict = "violation", .suspect = "sender client"},
    {.rule = "SEC-01", .run = stranger_token, .verdict = "warning", .suspect = "sender client"},
    {.rule = "SEC-01", .run = unanswered_token, .verdict = "warning", .suspect = "sender client"},
    {.rule = "SEC-01", .run = doubtful_token, .verdict = "pass"},
    {.rule = "SEC-01", .run = accepted_token, .verdict = "pass"},
    {.rule = "SEC-02", .run = sec_02_low, .verdict = "violation", .also = "DSS-11"},
    {.rule = "SEC-02", .run = sec_02_high, .verdict = "violation", .also = "DSS-11 DSS-13"},
    {.rule = "SEC-02",
     .run = sec_02_changed,
     .verdict = "violation",
     .suspect = "path -",
     .checksums = true},
    {.rule = "SEC-03", .run = sec_03, .verdict = "violation", .suspect = "path -"},
    {.rule = "SEC-03",
     .run = sec_03,
     .verdict = "violation",
     .vantage = "server",
     .suspect = "sender server"},
    {.rule = "SEC-03",
     .run = sec_03,
     .verdict = "violation",
     .vantage = "client",
     .suspect = "path -"},
    {.rule = "SEC-03", .run = sec_03, .verdict = "violation", .version = V0, .also = "OPT-09"},
    {.rule = "SEC-03",
     .run = sec_03_server,
     .verdict = "violation",
     .vantage = "client",
     .suspect = "sender client"},
    {.rule = "SEC-04", .run = sec_04, .verdict = "violation", .suspect = "path -"},
    {.rule = "SEC-04",
     .run = sec_04,
     .verdict = "violation",
     .vantage = "client",
     .suspect = "sender client"},
    {.rule = "SEC-04", .run = sec_04_swapped, .verdict = "violation", .suspect = "sender client"},
    {.rule = "SEC-05",
     .run = sec_05,
     .verdict = "violation",
     .suspect = "path -",
     .also = "ADDR-11"},
    {.rule = "SEC-05",
     .run = sec_05,
     .verdict = "violation",
     .vantage = "server",
     .suspect = "sender server",
     .also = "ADDR-11"},
    {.rule = "SEC-05",
     .run = sec_05_leftmost,
     .verdict = "violation",
     .suspect = "sender server",
     .also = "ADDR-11"},
    {.rule = "SEC-06", .run = sec_06, .verdict = "violation", .suspect = "sender client"},
    {.rule = "SEC-07", .run = sec_07, .verdict = "warning"},
    {.rule = "SEC-07", .run = sec_07_repeated, .verdict = "warning"},
    {.rule = "SEC-08", .run = sec_08, .verdict = "warning", .suspect = "sender client"},
    {.rule = "SEC-08", .run = sec_08_completed, .verdict = "warning"},
    {0},
};
