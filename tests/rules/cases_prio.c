/* cases_prio.c - PRIO: backup subflows and MP_PRIO. */
#include "cases.h"

static void prio_01(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, bad ? 4 : 3, 0x51, 1};

    bed_start(bed);
    bed_fault(bed);
    pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, option, sizeof option);
}

/* Before the fourth packet of a joined subflow. */
static void prio_01_early(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    if (!bad)
        pb_ack_at(bed->second, PB_SERVER, 1, bed->conn->received[PB_SERVER]);
    bed_fault(bed);
    pb_prio(bed->second, PB_CLIENT, true);
    pb_ack_at(bed->second, PB_SERVER, 1, bed->conn->received[PB_SERVER]);
}

static void prio_02(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, 4, 0x51, bad ? 99 : 1};

    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, option, sizeof option);
}

/* Data of the server, a while after the client has asked for the first subflow. */
static void send_later(Bed *bed, bool bad)
{
    pb_send(bed->first, PB_SERVER, 100);
    pb_ack(bed->first, PB_CLIENT);
    pb_wait(bed->net, INT64_C(200000000));
    bed_fault(bed);
    pb_send(bad ? bed->second : bed->first, PB_SERVER, 1000);
    pb_ack(bad ? bed->second : bed->first, PB_CLIENT);
}

static void prio_03(Bed *bed, bool bad)
{
    bed->second->backup = true;
    bed_start(bed);
    pb_open(bed->second);
    send_later(bed, bad);
}

static void prio_03_request(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_prio(bed->second, PB_CLIENT, true);
    send_later(bed, bad);
}

const RuleCase cases_prio[] = {
    {.rule = "PRIO-01", .run = prio_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "PRIO-01", .run = prio_01_early, .verdict = "warning", .suspect = "sender client"},
    {.rule = "PRIO-02",
     .run = prio_02,
     .verdict = "warning",
     .suspect = "sender client",
     .version = V0},
    {.rule = "PRIO-03", .run = prio_03, .verdict = "warning", .suspect = "sender server"},
    {.rule = "PRIO-03", .run = prio_03_request, .verdict = "warning", .suspect = "sender server"},
    {0},
};
