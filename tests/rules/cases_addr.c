/* cases_addr.c - ADDR: ADD_ADDR. */
#include "cases.h"

#define SECOND_NS INT64_C(1000000000)

/* An ADD_ADDR of the server, its echo, and traffic between this one and the next. */
static void announce(Bed *bed, uint8_t id, const char *address, uint16_t port)
{
    pb_add_addr(bed->first, PB_SERVER, id, address, port);
    if (bed->conn->version == 1)
        pb_add_addr_echo(bed->first, PB_CLIENT, id, address, port);
    pb_send(bed->first, PB_CLIENT, 10);
    pb_ack(bed->first, PB_SERVER);
}

/* A join of the client to @address, of id @id, and @port. */
static void join_to(Bed *bed, uint8_t id, const char *address, uint16_t port)
{
    PbFlow *flow = pb_flow(bed->conn, PB_CLIENT, "10.1.9.1", 40009, address, port);

    flow->address_id[PB_SERVER] = id;
    pb_open(flow);
}

/* An echo that has an HMAC. */
static void addr_01(Bed *bed, bool bad)
{
    const uint8_t echo[16] = {30, 16, 0x31, 1, 10, 2, 2, 1};

    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    bed_fault(bed);
    if (bad)
        pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, echo, sizeof echo);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
}

static void addr_01_reserved(Bed *bed, bool bad)
{
    const uint8_t echo[] = {30, 8, bad ? 0x33 : 0x31, 1, 10, 2, 2, 1};

    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    bed_fault(bed);
    pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, echo, sizeof echo);
}

static void addr_02(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 7777);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 7777);
    bed_fault(bed);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", bad ? 0 : 7777);
}

/* The capture lacks the announcement. */
static void addr_02_gap(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    bed->net->hidden = bad;
    pb_add_addr(bed->first, PB_SERVER, 2, "10.2.3.1", 0);
    bed->net->hidden = false;
    pb_send(bed->first, PB_SERVER, 10);
    bed_fault(bed);
    pb_add_addr_echo(bed->first, PB_CLIENT, 2, "10.2.3.1", 0);
    pb_ack(bed->first, PB_CLIENT);
}

static void addr_03(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    if (!bad)
        pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    pb_wait(bed->net, 3 * SECOND_NS);
    pb_send(bed->first, PB_CLIENT, 10);
    pb_ack(bed->first, PB_SERVER);
}

/* A join shows that the announcement came, long before a second is over. */
static void addr_03_used(Bed *bed, bool bad)
{
    PbFlow *join = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40003, "10.2.2.1", 80);

    join->address_id[PB_CLIENT] = bed->second->address_id[PB_CLIENT];
    join->address_id[PB_SERVER] = 1;
    bed_start(bed);
    bed_fault(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    if (!bad)
        pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    pb_open(join);
    pb_wait(bed->net, SECOND_NS / 4);
    pb_send(bed->first, PB_CLIENT, 10);
    pb_ack(bed->first, PB_SERVER);
}

static void addr_04(Bed *bed, bool bad)
{
    bed_start(bed);
    for (int i = 0; i < (bad ? 12 : 3); i++) {
        if (i == 10)
            bed_fault(bed);
        pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
        pb_send(bed->first, PB_CLIENT, 10);
        pb_ack(bed->first, PB_SERVER);
    }
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
}

static void addr_05(Bed *bed, bool bad)
{
    bed_start(bed);
    announce(bed, 2, "10.2.2.1", 0);
    bed_fault(bed);
    announce(bed, 2, bad ? "10.2.3.1" : "10.2.2.1", 0);
}

/* With a REMOVE_ADDR in between the id is free. */
static void addr_05_removed(Bed *bed, bool bad)
{
    bed_start(bed);
    announce(bed, 2, "10.2.2.1", 0);
    if (!bad)
        pb_remove_addr(bed->first, PB_SERVER, 2);
    bed_fault(bed);
    announce(bed, 2, "10.2.3.1", 0);
}

/* The address of a join may be a NAT's. */
static void addr_05_join(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_send(bed->first, PB_CLIENT, 10);
    pb_ack(bed->first, PB_SERVER);
    bed_fault(bed);
    pb_add_addr(bed->first, PB_CLIENT, 1, bad ? "192.168.2.1" : "10.1.2.1", 0);
    pb_add_addr_echo(bed->first, PB_SERVER, 1, bad ? "192.168.2.1" : "10.1.2.1", 0);
}

static void addr_06(Bed *bed, bool bad)
{
    bed_start(bed);
    announce(bed, 2, "10.2.2.1", 0);
    join_to(bed, 2, "10.2.2.1", 80);
    bed_fault(bed);
    announce(bed, 2, "10.2.2.1", bad ? 0 : 8080);
}

static void addr_07(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    announce(bed, bad ? 0 : 1, "10.2.2.1", 0);
}

static void addr_08(Bed *bed, bool bad)
{
    bed_start(bed);
    announce(bed, 1, "10.2.2.1", 0);
    bed_fault(bed);
    announce(bed, 2, bad ? "10.2.2.1" : "10.2.3.1", 0);
}

/* The address of the initial subflow has id 0. */
static void addr_08_initial(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    announce(bed, 2, "10.2.1.1", bad ? 80 : 8080);
}

/* Several ports of one address may have ids of their own. */
static void addr_09(Bed *bed, bool bad)
{
    bed_start(bed);
    announce(bed, 1, "10.2.2.1", 7777);
    announce(bed, 2, "10.2.2.1", 7778);
    bed_fault(bed);
    join_to(bed, 2, "10.2.2.1", bad ? 80 : 7778);
}

static void addr_10(Bed *bed, bool bad)
{
    bed_start(bed);
    announce(bed, 1, "10.2.2.1", 0);
    bed_fault(bed);
    join_to(bed, bad ? 3 : 1, bad ? "10.2.3.1" : "10.2.2.1", 80);
}

/* An ADD_ADDR with a wrong HMAC. */
static void addr_11(Bed *bed, bool bad)
{
    const uint8_t forged[16] = {30, 16, 0x30, 1, 10, 2, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8};

    bed_start(bed);
    pb_raw(bed->first, PB_SERVER, MPS_TCP_ACK, forged, sizeof forged);
    bed_fault(bed);
    if (bad)
        pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    pb_wait(bed->net, 3 * SECOND_NS);
    pb_send(bed->first, PB_CLIENT, 10);
    pb_ack(bed->first, PB_SERVER);
}

static void addr_11_join(Bed *bed, bool bad)
{
    const uint8_t forged[16] = {30, 16, 0x30, 1, 10, 2, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8};

    bed_start(bed);
    pb_raw(bed->first, PB_SERVER, MPS_TCP_ACK, forged, sizeof forged);
    bed_fault(bed);
    join_to(bed, bad, bad ? "10.2.2.1" : "10.2.1.1", 80);
}

static void addr_12(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    announce(bed, 1, bad ? "224.0.0.1" : "10.132.248.35", 0);
}

const RuleCase cases_addr[] = {
    {.rule = "ADDR-01", .run = addr_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "ADDR-01", .run = addr_01_reserved, .verdict = "violation"},
    {.rule = "ADDR-02", .run = addr_02, .verdict = "violation", .suspect = "sender client"},
    {.rule = "ADDR-02", .run = addr_02_gap, .verdict = "warning"},
    {.rule = "ADDR-03", .run = addr_03_used, .verdict = "warning", .suspect = "receiver client"},
    {.rule = "ADDR-03", .run = addr_03, .verdict = "warning", .suspect = "receiver client"},
    {.rule = "ADDR-04", .run = addr_04, .verdict = "warning", .suspect = "sender server"},
    {.rule = "ADDR-05", .run = addr_05, .verdict = "violation", .suspect = "sender server"},
    {.rule = "ADDR-05", .run = addr_05_removed, .verdict = "violation"},
    {.rule = "ADDR-05", .run = addr_05_join, .verdict = "warning", .also = "JOIN-12"},
    {.rule = "ADDR-06",
     .run = addr_06,
     .verdict = "warning",
     .suspect = "sender server",
     .version = V0},
    {.rule = "ADDR-07",
     .run = addr_07,
     .verdict = "violation",
     .suspect = "sender server",
     .vantage = "server"},
    {.rule = "ADDR-07", .run = addr_07, .verdict = "warning", .vantage = "middle"},
    {.rule = "ADDR-08", .run = addr_08, .verdict = "warning", .suspect = "sender server"},
    {.rule = "ADDR-08", .run = addr_08_initial, .verdict = "warning"},
    {.rule = "ADDR-09", .run = addr_09, .verdict = "warning", .suspect = "sender client"},
    {.rule = "ADDR-10", .run = addr_10, .verdict = "warning", .suspect = "sender client"},
    {.rule = "ADDR-11",
     .run = addr_11,
     .verdict = "warning",
     .noise = "SEC-05",
     .suspect = "sender client"},
    {.rule = "ADDR-11", .run = addr_11_join, .verdict = "warning", .noise = "SEC-05"},
    {.rule = "ADDR-12", .run = addr_12, .verdict = "warning", .suspect = "sender server"},
    {0},
};
