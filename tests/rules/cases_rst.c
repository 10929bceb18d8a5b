/* cases_rst.c - RST: MP_TCPRST. */
#include "cases.h"

#define SECOND_NS INT64_C(1000000000)

/* A RST of the server on the second subflow with these two bytes of MP_TCPRST. */
static void reset(Bed *bed, uint8_t byte2, uint8_t reason)
{
    const uint8_t option[] = {30, 4, byte2, reason};

    pb_raw(bed->second, PB_SERVER, MPS_TCP_RST, option, sizeof option);
}

static void rst_01(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    reset(bed, bad ? 0x88 : 0x80, 1);
}

static void rst_01_carrier(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, 4, 0x80, 0};

    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    pb_raw(bed->second, PB_SERVER, bad ? MPS_TCP_ACK : MPS_TCP_RST, option, sizeof option);
}

static void rst_01_length(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, bad ? 5 : 4, 0x80, 0, 1};

    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    pb_raw(bed->second, PB_SERVER, MPS_TCP_RST, option, option[1]);
}

static void rst_02(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    reset(bed, 0x80, bad ? 0x42 : 2);
}

/* The second subflow is refused for good (or not); another joins between the same addresses. */
static void rst_03(Bed *bed, bool bad)
{
    PbFlow *again = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40005, "10.2.1.1", 80);

    again->address_id[PB_CLIENT] = bed->second->address_id[PB_CLIENT];
    bed_start(bed);
    pb_open(bed->second);
    reset(bed, 0x80, 3);
    pb_wait(bed->net, 10 * SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_open(again);
    else
        pb_open(bed->third);
}

/* Transient: a later retry is welcome. */
static void rst_03_transient(Bed *bed, bool bad)
{
    PbFlow *again = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40005, "10.2.1.1", 80);

    again->address_id[PB_CLIENT] = bed->second->address_id[PB_CLIENT];
    bed_start(bed);
    pb_open(bed->third);
    pb_rst(bed->third, PB_SERVER, 3);
    pb_open(bed->second);
    reset(bed, bad ? 0x80 : 0x81, 3);
    pb_wait(bed->net, 10 * SECOND_NS);
    bed_fault(bed);
    pb_open(again);
}

/* A wrong HMAC of the SYN/ACK: the client resets. */
static void rst_04(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->forged_hmac[PB_SERVER] = true;
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed_fault(bed);
    pb_rst(bed->second, PB_CLIENT, bad ? 5 : 1);
}

static void rst_04_checksum(Bed *bed, bool bad)
{
    PbOptions options = {0};

    bed_start(bed);
    pb_open(bed->second);

    const PbSpan data = pb_send(bed->second, PB_CLIENT, 100);

    pb_opt_fail(&options, bed->conn->idsn[PB_CLIENT] + 1 + data.offset);
    pb_opt_tcprst(&options, 0, bad ? 2 : 6);
    bed_fault(bed);
    pb_raw(bed->second, PB_SERVER, MPS_TCP_RST, options.bytes, options.n);
    pb_reinject(data, bed->first);
}

static void rst_04_stripped(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    bed->second->stripped = true;
    pb_synack(bed->second);
    bed_fault(bed);
    pb_rst(bed->second, PB_CLIENT, bad ? 4 : 1);
}

/* Passes are not counted for joins that belong to no connection: the third subflow has one. */
static void rst_04_token(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->third);
    bed->third->stripped = true;
    pb_synack(bed->third);
    pb_rst(bed->third, PB_CLIENT, 1);
    bed->second->token ^= 1;
    pb_syn(bed->second);
    bed->second->received[PB_SERVER] = 1;
    bed_fault(bed);
    pb_rst(bed->second, PB_SERVER, bad ? 5 : 3);
}

const RuleCase cases_rst[] = {
    {.rule = "RST-01", .run = rst_01, .verdict = "violation", .suspect = "sender server"},
    {.rule = "RST-01", .run = rst_01_carrier, .verdict = "violation"},
    {.rule = "RST-01", .run = rst_01_length, .verdict = "violation"},
    {.rule = "RST-02", .run = rst_02, .verdict = "warning", .suspect = "sender server"},
    {.rule = "RST-03", .run = rst_03, .verdict = "warning", .suspect = "sender client"},
    {.rule = "RST-03", .run = rst_03_transient, .verdict = "warning"},
    {.rule = "RST-04",
     .run = rst_04,
     .verdict = "warning",
     .noise = "SEC-03",
     .suspect = "sender client"},
    {.rule = "RST-04", .run = rst_04_checksum, .verdict = "warning", .checksums = true},
    {.rule = "RST-04", .run = rst_04_stripped, .verdict = "warning", .noise = "JOIN-06"},
    {.rule = "RST-04", .run = rst_04_token, .verdict = "warning", .noise = "JOIN-06 SEC-01"},
    {0},
};
