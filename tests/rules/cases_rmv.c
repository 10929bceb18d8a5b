/* cases_rmv.c - RMV: REMOVE_ADDR. */
#include "cases.h"

#define SECOND_NS INT64_C(1000000000)

/* Two subflows, both used; the client's address on the second has id 1. */
static void start(Bed *bed)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_send(bed->second, PB_CLIENT, 100);
    pb_ack(bed->second, PB_SERVER);
}

static void go_on(Bed *bed)
{
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

static void rmv_01(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, bad ? 3 : 4, 0x40, 1};

    start(bed);
    bed_fault(bed);
    pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, option, option[1]);
    pb_fin_exchange(bed->second, PB_CLIENT);
}

static void rmv_01_twice(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, 5, 0x40, 1, bad ? 1 : 0};

    start(bed);
    bed_fault(bed);
    pb_raw(bed->second, PB_CLIENT, MPS_TCP_ACK, option, option[1]);
    pb_fin_exchange(bed->second, PB_CLIENT);
    pb_fin_exchange(bed->first, PB_CLIENT);
}

static void rmv_02(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 9, "10.2.9.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 9, "10.2.9.1", 0);
    go_on(bed);
    bed_fault(bed);
    pb_remove_addr(bed->first, PB_SERVER, bad ? 77 : 9);
}

/* Data two seconds after the removal. */
static void rmv_03(Bed *bed, bool bad)
{
    start(bed);
    pb_remove_addr(bed->first, PB_CLIENT, 1);
    pb_wait(bed->net, 2 * SECOND_NS);
    bed_fault(bed);
    if (bad) {
        pb_send(bed->second, PB_CLIENT, 100);
        pb_ack(bed->second, PB_SERVER);
    }
    pb_fin_exchange(bed->second, PB_CLIENT);
    go_on(bed);
}

/* The connection ends before a second is over; what was queued may still be sent. */
static void rmv_03_short(Bed *bed, bool bad)
{
    start(bed);
    pb_remove_addr(bed->first, PB_CLIENT, 1);
    pb_send(bed->second, PB_CLIENT, 100);
    pb_ack(bed->second, PB_SERVER);
    pb_wait(bed->net, SECOND_NS / 2);
    if (bad)
        bed_fault(bed);
    else
        pb_fin_exchange(bed->second, PB_CLIENT);
    pb_send(bad ? bed->second : bed->first, PB_CLIENT, 100);
    pb_ack(bad ? bed->second : bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
    if (bad)
        pb_fin_exchange(bed->second, PB_CLIENT);
}

static void rmv_04(Bed *bed, bool bad)
{
    start(bed);
    bed_fault(bed);
    pb_remove_addr(bed->first, PB_CLIENT, 1);
    if (!bad)
        pb_fin_exchange(bed->second, PB_CLIENT);
    pb_wait(bed->net, 10 * SECOND_NS);
    go_on(bed);
}

static void rmv_04_reset(Bed *bed, bool bad)
{
    start(bed);
    bed_fault(bed);
    pb_remove_addr(bed->first, PB_CLIENT, 1);
    if (bad)
        pb_rst(bed->second, PB_CLIENT, 0);
    else
        pb_fin_exchange(bed->second, PB_CLIENT);
    go_on(bed);
}

/* A keepalive first. */
static void rmv_05(Bed *bed, bool bad)
{
    start(bed);
    pb_remove_addr(bed->first, PB_CLIENT, 1);
    if (!bad) {
        bed->second->next_ssn[PB_SERVER]--;
        pb_ack(bed->second, PB_SERVER);
        bed->second->next_ssn[PB_SERVER]++;
        pb_wait(bed->net, SECOND_NS / 2);
    }
    bed_fault(bed);
    pb_rst(bed->second, PB_SERVER, 0);
    go_on(bed);
}

static void rmv_06(Bed *bed, bool bad)
{
    PbFlow *join;

    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 2, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 2, "10.2.2.1", 0);
    go_on(bed);
    pb_remove_addr(bed->first, PB_SERVER, 2);
    pb_wait(bed->net, 5 * SECOND_NS);
    if (bad) {
        join = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40009, "10.2.2.1", 80);
        bed_fault(bed);
        pb_syn(join);
        pb_synack(join);
        pb_rst(join, PB_CLIENT, 3);
    }
    go_on(bed);
}

static void announce(Bed *bed, uint8_t id, const char *address)
{
    pb_add_addr(bed->first, PB_SERVER, id, address, 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, id, address, 0);
    go_on(bed);
}

/* Of two removed addresses one is announced again. */
static void rmv_06_again(Bed *bed, bool bad)
{
    PbFlow *join;

    bed_start(bed);
    announce(bed, 2, "10.2.2.1");
    announce(bed, 3, "10.2.3.1");
    pb_remove_addr(bed->first, PB_SERVER, 2);
    pb_remove_addr(bed->first, PB_SERVER, 3);
    go_on(bed);
    if (!bad)
        announce(bed, 2, "10.2.2.1");
    pb_wait(bed->net, 5 * SECOND_NS);
    join = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40009, "10.2.2.1", 80);
    join->address_id[PB_SERVER] = 2;
    bed_fault(bed);
    pb_open(join);
}

const RuleCase cases_rmv[] = {
    {.rule = "RMV-01", .run = rmv_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "RMV-01", .run = rmv_01_twice, .verdict = "warning", .noise = "FIN-09"},
    {.rule = "RMV-02", .run = rmv_02, .verdict = "warning", .suspect = "sender server"},
    {.rule = "RMV-03", .run = rmv_03_short, .verdict = "warning", .suspect = "sender client"},
    {.rule = "RMV-03", .run = rmv_03, .verdict = "warning", .suspect = "sender client"},
    {.rule = "RMV-04",
     .run = rmv_04,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "RMV-04", .run = rmv_04, .verdict = "warning", .vantage = "server"},
    {.rule = "RMV-04", .run = rmv_04_reset, .verdict = "warning", .vantage = "client"},
    {.rule = "RMV-05",
     .run = rmv_05,
     .verdict = "warning",
     .suspect = "receiver server",
     .vantage = "server"},
    {.rule = "RMV-06",
     .run = rmv_06,
     .verdict = "warning",
     .suspect = "sender client",
     .also = "JOIN-13"},
    {.rule = "RMV-06", .run = rmv_06_again, .verdict = "warning", .suspect = "sender client"},
    {0},
};
