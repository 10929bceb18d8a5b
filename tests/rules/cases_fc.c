/* cases_fc.c - FC: MP_FASTCLOSE. */
#include "cases.h"

#define SECOND_NS INT64_C(1000000000)

/* MP_FASTCLOSE of the client with these two bytes and this key. */
static void send_fastclose(Bed *bed, uint8_t flags, uint8_t byte3, uint64_t key)
{
    PbOptions options = {0};

    pb_opt_fastclose(&options, key);
    options.bytes[3] = byte3;
    pb_raw(bed->first, PB_CLIENT, flags, options.bytes, options.n);
}

static void fc_01(Bed *bed, bool bad)
{
    const uint8_t both_keys[20] = {30, 20, 0x70};

    bed_start(bed);
    bed_fault(bed);
    if (bad)
        pb_raw(bed->first, PB_CLIENT, MPS_TCP_ACK, both_keys, sizeof both_keys);
    else
        pb_fastclose(bed->first, PB_CLIENT, true);
}

static void fc_01_reserved(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    send_fastclose(bed, MPS_TCP_RST | MPS_TCP_ACK, bad, bed->conn->key[PB_SERVER]);
}

/* Nobody has to care for a wrong key. */
static void fc_02(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    send_fastclose(bed, MPS_TCP_ACK, 0, bed->conn->key[bad ? PB_CLIENT : PB_SERVER]);
    if (bad) {
        pb_wait(bed->net, 5 * SECOND_NS);
        pb_send(bed->first, PB_SERVER, 100);
    } else {
        pb_rst(bed->first, PB_SERVER, 0);
    }
}

static void fc_03(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->first->received[PB_CLIENT] = bad ? 0 : bed->first->received[PB_CLIENT];
    bed_fault(bed);
    send_fastclose(bed, bad ? 0 : MPS_TCP_ACK, 0, bed->conn->key[PB_SERVER]);
    pb_rst(bed->first, PB_SERVER, 0);
}

static void fc_03_version_0(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_fastclose(bed->first, PB_CLIENT, bad);
    if (!bad)
        pb_rst(bed->first, PB_SERVER, -1);
}

static void fc_04(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_fastclose(bed->first, PB_CLIENT, false);
    pb_rst(bed->first, PB_SERVER, 0);
    if (!bad)
        pb_rst(bed->second, PB_CLIENT, 0);
    pb_wait(bed->net, 2 * SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_ack(bed->second, PB_CLIENT);
}

/* The RST may be what the capture lacks. */
static void fc_04_silence(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    pb_fastclose(bed->first, PB_CLIENT, true);
    if (!bad)
        pb_fastclose(bed->second, PB_CLIENT, true);
    pb_wait(bed->net, 2 * SECOND_NS);
    pb_ack(bed->second, PB_SERVER);
}

static void fc_04_bare(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_fastclose(bed->first, PB_CLIENT, true);
    bed_fault(bed);
    if (bad)
        pb_rst(bed->second, PB_CLIENT, 0);
    else
        pb_fastclose(bed->second, PB_CLIENT, true);
}

static void fc_05(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_fastclose(bed->first, PB_CLIENT, false);
    if (!bad)
        pb_rst(bed->first, PB_SERVER, 0);
    pb_wait(bed->net, SECOND_NS);
    if (bad)
        pb_fastclose(bed->first, PB_CLIENT, false);
    pb_wait(bed->net, SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_ack(bed->first, PB_SERVER);
}

static void fc_05_silence(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_fastclose(bed->first, PB_CLIENT, false);
    pb_fastclose(bed->first, PB_CLIENT, false);
    if (!bad)
        pb_rst(bed->first, PB_SERVER, 0);
    pb_wait(bed->net, 2 * SECOND_NS);
    pb_fastclose(bed->first, PB_CLIENT, false);
}

static void fc_06(Bed *bed, bool bad)
{
    bed_start(bed);
    for (int i = 0; i < (bad ? 5 : 4); i++) {
        bed_fault(bed);
        pb_fastclose(bed->first, PB_CLIENT, false);
        pb_wait(bed->net, SECOND_NS / 10);
    }
    pb_fastclose(bed->first, PB_CLIENT, true);
}

/* Neither repeated nor answered; another subflow shows how the time goes by. */
static void fc_06_once(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    pb_fastclose(bed->first, PB_CLIENT, false);
    pb_rst(bed->second, PB_CLIENT, 0);
    if (!bad)
        pb_rst(bed->first, PB_SERVER, 0);
    pb_wait(bed->net, 5 * SECOND_NS);
    pb_ack(bed->second, PB_SERVER);
}

static void fc_07(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_fastclose(bed->first, PB_CLIENT, false);
    bed_fault(bed);
    if (bad)
        pb_send(bed->first, PB_CLIENT, 100);
    pb_rst(bed->first, PB_SERVER, 0);
}

static void fc_07_other_subflow(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_fastclose(bed->first, PB_CLIENT, true);
    pb_fastclose(bed->second, PB_CLIENT, true);
    pb_wait(bed->net, 5 * SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_send(bed->second, PB_SERVER, 100);
}

const RuleCase cases_fc[] = {
    {.rule = "FC-01", .run = fc_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FC-01", .run = fc_01_reserved, .verdict = "warning"},
    {.rule = "FC-02", .run = fc_02, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FC-03", .run = fc_03, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FC-03", .run = fc_03_version_0, .verdict = "warning", .version = V0},
    {.rule = "FC-04",
     .run = fc_04,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "FC-04", .run = fc_04, .verdict = "warning", .vantage = "server"},
    {.rule = "FC-04", .run = fc_04_silence, .verdict = "warning", .vantage = "client"},
    {.rule = "FC-04", .run = fc_04_bare, .verdict = "warning", .vantage = "client"},
    {.rule = "FC-05",
     .run = fc_05,
     .verdict = "violation",
     .suspect = "receiver server",
     .vantage = "server"},
    {.rule = "FC-05", .run = fc_05, .verdict = "warning", .vantage = "client"},
    {.rule = "FC-05", .run = fc_05_silence, .verdict = "warning", .suspect = "receiver server"},
    {.rule = "FC-06", .run = fc_06, .verdict = "warning", .suspect = "sender client"},
    {.rule = "FC-06", .run = fc_06_once, .verdict = "warning"},
    {.rule = "FC-07", .run = fc_07, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FC-07",
     .run = fc_07_other_subflow,
     .verdict = "violation",
     .suspect = "sender server",
     .vantage = "server"},
    {0},
};
