/* cases_opt.c - OPT: the structure of MPTCP options. */
#include "cases.h"

/* A pure ACK of the client with a DSS of these two flag bytes and a 4-byte DATA_ACK. */
static void send_data_ack(Bed *bed, uint8_t byte2, uint8_t byte3)
{
    const uint32_t data_ack = GUINT32_TO_BE((uint32_t)(bed->conn->idsn[PB_SERVER] + 1));
    PbOptions options = {0};
    const uint8_t head[] = {30, 8, byte2, byte3};

    pb_opt_raw(&options, head, sizeof head);
    pb_opt_raw(&options, &data_ack, sizeof data_ack);
    bed_option(bed->first, PB_CLIENT, &options);
}

static void opt_01(Bed *bed, bool bad)
{
    const uint8_t fits[] = {30, 3, 0xf0, 1}, sticks_out[] = {30, 28, 0xf0, 1};

    bed_start(bed);
    bed_fault(bed);
    pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, bad ? sticks_out : fits, 4);
}

static void opt_02(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, 4, bad ? 0xa0 : 0xf0, 0};

    bed_start(bed);
    bed_fault(bed);
    pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, option, sizeof option);
}

/* The capture starts behind the handshake: nobody knows the version. */
static void opt_03(Bed *bed, bool bad)
{
    const uint8_t option[5] = {30, bad ? 5 : 3, 0x51};

    bed->net->hidden = true;
    bed_start(bed);
    bed->net->hidden = false;
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
    bed_fault(bed);
    pb_raw(bed->first, PB_SERVER, MPS_TCP_ACK, option, option[1]);
}

static void opt_04(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    send_data_ack(bed, 0x20, bad ? 0x81 : 0x01);
}

/* A SYN with a DSS and nothing else. */
static void send_syn(Bed *bed, PbFlow *flow, bool bad)
{
    const uint8_t dss[] = {30, 8, 0x20, 1, 0, 0, 0, 0};

    bed_fault(bed);
    flow->next_ssn[PB_CLIENT] = 0;
    if (bad)
        pb_raw(flow, PB_CLIENT, MPS_TCP_SYN, dss, sizeof dss);
    else
        pb_syn(flow);
    flow->next_ssn[PB_CLIENT] = 1;
}

/* It is answered as a join. */
static void opt_05_only(Bed *bed, bool bad)
{
    bed_start(bed);
    send_syn(bed, bed->second, bad);
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    pb_ack_at(bed->second, PB_SERVER, 1, bed->conn->received[PB_SERVER]);
    pb_send(bed->second, PB_CLIENT, 100);
    pb_ack(bed->second, PB_SERVER);
}

/* It is answered as TCP. */
static void opt_05_plain(Bed *bed, bool bad)
{
    bed->conn->fallen_back = true;
    send_syn(bed, bed->first, bad);
    bed->first->stripped = true;
    pb_synack(bed->first);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

static void opt_05(Bed *bed, bool bad)
{
    const uint8_t add_addr[] = {30, 8, 0x31, 1, 10, 2, 2, 1};

    pb_syn(bed->first);
    bed_fault(bed);
    bed->first->next_ssn[PB_CLIENT] = 0;
    if (bad)
        pb_raw(bed->first, PB_CLIENT, MPS_TCP_SYN, add_addr, sizeof add_addr);
    else
        pb_syn(bed->first);
}

static void opt_06(Bed *bed, bool bad)
{
    const uint8_t prio[] = {30, 3, 0x51}, other[] = {30, 3, 0x50};
    PbOptions options = {0};

    bed_start(bed);
    pb_opt_raw(&options, prio, sizeof prio);
    if (bad)
        pb_opt_raw(&options, other, sizeof other);
    bed_fault(bed);
    bed_option(bed->first, PB_CLIENT, &options);
}

/* Neither of two DATA_ACKs is judged besides. */
static void opt_06_dss(Bed *bed, bool bad)
{
    const uint8_t head[] = {30, 8, 0x20, 1};
    PbOptions options = {0};

    bed_start(bed);
    pb_send(bed->first, PB_SERVER, 1000);
    pb_ack(bed->first, PB_CLIENT);
    for (uint32_t i = 1; bad && i <= 2; i++) {
        const uint32_t data_ack = GUINT32_TO_BE((uint32_t)bed->conn->idsn[PB_SERVER] - 1000 * i);

        pb_opt_raw(&options, head, sizeof head);
        pb_opt_raw(&options, &data_ack, sizeof data_ack);
    }
    bed_fault(bed);
    bed_option(bed->first, PB_CLIENT, &options);
    pb_send(bed->first, PB_SERVER, 1000);
    pb_ack(bed->first, PB_CLIENT);
}

/* Of the same subtype and value. */
static void opt_06_alike(Bed *bed, bool bad)
{
    const uint8_t prio[] = {30, 3, 0x51};
    PbOptions options = {0};

    bed_start(bed);
    pb_opt_raw(&options, prio, sizeof prio);
    if (bad)
        pb_opt_raw(&options, prio, sizeof prio);
    bed_fault(bed);
    bed_option(bed->first, PB_CLIENT, &options);
}

static void opt_07(Bed *bed, bool bad)
{
    bed->first->stripped = bad;
    bed_start(bed);
}

static void opt_08(Bed *bed, bool bad)
{
    bed_start(bed);
    for (uint8_t id = 1; id <= (bad ? 3 : 2); id++) {
        g_autofree char *address = g_strdup_printf("10.2.%u.1", id + 1u);

        bed_fault(bed);
        pb_add_addr(bed->first, PB_SERVER, id, address, 0);
    }
    for (uint8_t id = 1; id <= (bad ? 3 : 2); id++) {
        g_autofree char *address = g_strdup_printf("10.2.%u.1", id + 1u);

        pb_send(bed->first, PB_CLIENT, 10);
        pb_add_addr_echo(bed->first, PB_CLIENT, id, address, 0);
    }
}

static void opt_09(Bed *bed, bool bad)
{
    const uint8_t old_form[] = {30, 8, 0x34, 1, 10, 2, 2, 1};

    bed_start(bed);
    bed_fault(bed);
    if (bad)
        pb_raw(bed->first, PB_SERVER, MPS_TCP_ACK, old_form, sizeof old_form);
    else
        pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
}

static void opt_10(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->first->next_ssn[PB_SERVER] += UINT32_C(2000000000);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    bed->first->next_ssn[PB_SERVER] -= UINT32_C(2000000000);
    bed_fault(bed);
    if (bad)
        pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    pb_wait(bed->net, INT64_C(2000000000));
    pb_send(bed->first, PB_CLIENT, 10);
    pb_ack(bed->first, PB_SERVER);
}

const RuleCase cases_opt[] = {
    {.rule = "OPT-01", .run = opt_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "OPT-02", .run = opt_02, .verdict = "warning", .suspect = "sender client"},
    {.rule = "OPT-03", .run = opt_03, .verdict = "violation"},
    {.rule = "OPT-04", .run = opt_04, .verdict = "violation"},
    {.rule = "OPT-05", .run = opt_05, .verdict = "violation"},
    {.rule = "OPT-05", .run = opt_05_only, .verdict = "violation", .suspect = "sender client"},
    {.rule = "OPT-05", .run = opt_05_plain, .verdict = "violation", .suspect = "sender client"},
    {.rule = "OPT-06", .run = opt_06, .verdict = "violation"},
    {.rule = "OPT-06", .run = opt_06_dss, .verdict = "violation", .suspect = "sender client"},
    {.rule = "OPT-06", .run = opt_06_alike, .verdict = "warning"},
    {.rule = "OPT-07", .run = opt_07, .verdict = "violation"},
    {.rule = "OPT-08", .run = opt_08, .verdict = "warning"},
    {.rule = "OPT-09", .run = opt_09, .verdict = "violation"},
    {.rule = "OPT-10", .run = opt_10, .verdict = "warning", .suspect = "receiver client"},
    {0},
};
