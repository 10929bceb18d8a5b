/* cases_fb.c - FB: the fallback to TCP. */
#include "cases.h"

#define SECOND_NS INT64_C(1000000000)

/* Acknowledges everything without DSS. */
static void plain_ack(PbFlow *flow, PbSide from)
{
    flow->received[from] = flow->next_ssn[pb_peer(from)];
    pb_raw(flow, from, MPS_TCP_ACK, "", 0);
}

/* The client's first data, which the server does not acknowledge with a DATA_ACK. */
static void start_without_dss(Bed *bed)
{
    pb_open(bed->first);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1,
                bed->conn->version == 1 ? PB_MAP_CAPABLE : PB_MAP_ALL);
    plain_ack(bed->first, PB_SERVER);
}

/* Data without any option. */
static void send_plain(PbFlow *flow, PbSide from, uint32_t bytes)
{
    const bool fallen_back = flow->conn->fallen_back;

    flow->conn->fallen_back = true;
    pb_send(flow, from, bytes);
    flow->conn->fallen_back = fallen_back;
}

static void fb_01(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    bed->fault_packet++;
    pb_send_cut(bed->first, PB_SERVER, 2000, 2, bad ? PB_MAP_FIRST : PB_MAP_ALL);
    pb_ack(bed->first, PB_CLIENT);
}

/* The capture begins behind the SYN. */
static void fb_01_no_syn(Bed *bed, bool bad)
{
    bed->net->hidden = bad;
    pb_syn(bed->first);
    bed->net->hidden = false;
    pb_synack(bed->first);
    pb_third_ack(bed->first);
    bed->conn->fallen_back = bad;
    pb_send(bed->first, PB_SERVER, 2000);
    pb_ack(bed->first, PB_CLIENT);
}

/* Nothing but the capture lacks the first DATA_ACK. */
static void fb_01_gap(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_SERVER, 500);
    bed->net->hidden = bad;
    pb_ack(bed->first, PB_CLIENT);
    bed->net->hidden = false;
    pb_send_cut(bed->first, PB_SERVER, 2000, 2, PB_MAP_FIRST);
    pb_ack(bed->first, PB_CLIENT);
}

static void fb_02(Bed *bed, bool bad)
{
    start_without_dss(bed);
    if (!bad)
        pb_send_infinite(bed->first, PB_CLIENT, 100);
    plain_ack(bed->first, PB_SERVER);
    pb_wait(bed->net, SECOND_NS);
    for (int i = 0; i < 4; i++) {
        if (i == 0)
            bed_fault(bed);
        pb_send(bed->first, PB_CLIENT, 100);
        plain_ack(bed->first, PB_SERVER);
    }
}

/* Of mappings after the fallback no other rule speaks, however ordinary packets were before. */
static void fb_02_wrong(Bed *bed, bool bad)
{
    PbSpan span;

    pb_open(bed->first);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    pb_send_cut(bed->first, PB_CLIENT, 3000, 3, PB_MAP_ALL);
    plain_ack(bed->first, PB_SERVER);
    if (!bad)
        pb_send_infinite(bed->first, PB_CLIENT, 100);
    pb_wait(bed->net, SECOND_NS);
    bed_fault(bed);
    pb_send(bed->first, PB_CLIENT, 100);
    plain_ack(bed->first, PB_SERVER);
    for (int i = 0; i < 3; i++) {
        span = pb_plan(bed->first, PB_CLIENT, 100);
        span.map_ssn += bad ? 5000 : 0;
        pb_transmit(span);
        plain_ack(bed->first, PB_SERVER);
    }
}

static void fb_03(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    pb_open(bed->second);
    span = pb_send(bed->second, PB_CLIENT, 100);
    plain_ack(bed->second, PB_SERVER);
    pb_wait(bed->net, SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_send(bed->second, PB_CLIENT, 100);
    else
        pb_rst(bed->second, PB_CLIENT, 6);
    pb_reinject(span, bed->first);
    pb_ack(bed->first, PB_SERVER);
}

/* Nobody answers at all. */
static void fb_03_silent(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    pb_open(bed->second);
    span = pb_send(bed->second, PB_CLIENT, 100);
    bed_fault(bed);
    plain_ack(bed->second, PB_SERVER);
    if (!bad)
        pb_rst(bed->second, PB_CLIENT, 6);
    pb_wait(bed->net, 10 * SECOND_NS);
    pb_reinject(span, bed->first);
    pb_ack(bed->first, PB_SERVER);
}

/* An infinite mapping, acknowledged without options. */
static void fall_back(Bed *bed)
{
    bed_start(bed);
    pb_send_infinite(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
    pb_wait(bed->net, 10 * SECOND_NS);
}

static void fb_04(Bed *bed, bool bad)
{
    fall_back(bed);
    bed->conn->fallen_back = !bad;
    bed_fault(bed);
    pb_send(bed->first, PB_CLIENT, 100);
    bed->conn->fallen_back = true;
    pb_ack(bed->first, PB_SERVER);
}

/* The other host. */
static void fb_04_receiver(Bed *bed, bool bad)
{
    fall_back(bed);
    bed->conn->fallen_back = !bad;
    bed_fault(bed);
    pb_send(bed->first, PB_SERVER, 100);
    bed->conn->fallen_back = true;
    pb_ack(bed->first, PB_CLIENT);
}

static void fb_05(Bed *bed, bool bad)
{
    start_without_dss(bed);
    bed_fault(bed);
    if (bad)
        send_plain(bed->first, PB_CLIENT, 100);
    else
        pb_send_infinite(bed->first, PB_CLIENT, 100);
    plain_ack(bed->first, PB_SERVER);
}

/* Sends what may be a faulty infinite mapping, and ends MPTCP. */
static void send_infinite(Bed *bed, PbSpan span)
{
    span.map_bytes = 0;
    bed_fault(bed);
    pb_transmit(span);
    bed->conn->fallen_back = true;
    pb_ack(bed->first, PB_SERVER);
}

static void fb_06(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.map_offset += bad ? 7 : 0;
    send_infinite(bed, span);
}

static void fb_06_checksum(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.wrong_checksum = bad;
    send_infinite(bed, span);
}

/* A middlebox behind the capture changes 100 bytes. */
static void fb_07(Bed *bed, bool bad)
{
    PbSpan failed, span;

    bed_start(bed);
    failed = pb_send(bed->first, PB_CLIENT, 100);
    bed->first->received[PB_SERVER] = bed->first->next_ssn[PB_CLIENT];
    pb_mp_fail(bed->first, PB_SERVER, failed.offset);
    pb_mp_fail(bed->first, PB_CLIENT, 0);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.map_offset = bad ? span.offset : failed.offset;
    span.map_ssn = bad ? span.ssn : failed.ssn;
    send_infinite(bed, span);
}

static void fb_08(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    if (!bad)
        pb_rst(bed->second, PB_CLIENT, 6);
    pb_send_infinite(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
    pb_wait(bed->net, SECOND_NS / 5);
    bed_fault(bed);
    send_plain(bad ? bed->second : bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

/* The other subflow carries nothing any more, but goes on. */
static void fb_08_idle(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    pb_send_infinite(bed->first, PB_CLIENT, 100);
    if (!bad)
        pb_rst(bed->second, PB_CLIENT, 6);
    pb_ack(bed->first, PB_SERVER);
    pb_wait(bed->net, 5 * SECOND_NS);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

static void fb_09(Bed *bed, bool bad)
{
    fall_back(bed);
    pb_send(bed->first, PB_CLIENT, 100);
    bed->conn->fallen_back = !bad;
    bed_fault(bed);
    pb_ack(bed->first, PB_SERVER);
    bed->conn->fallen_back = true;
}

static void fb_10(Bed *bed, bool bad)
{
    bed->first->window[PB_SERVER] = 16; /* 2048 bytes */
    bed_start(bed);
    for (int i = 0; i < 3; i++)
        send_plain(bed->first, PB_CLIENT, 1000);
    pb_wait(bed->net, 5 * SECOND_NS);
    bed_fault(bed);
    if (bad)
        plain_ack(bed->first, PB_SERVER);
    else
        pb_rst(bed->first, PB_SERVER, 6);
}

const RuleCase cases_fb[] = {
    {.rule = "FB-01", .run = fb_01, .verdict = "violation", .suspect = "sender server"},
    {.rule = "FB-01", .run = fb_01, .verdict = "warning", .strict = "violation", .version = V0},
    {.rule = "FB-01", .run = fb_01_no_syn, .verdict = "not_checkable"},
    {.rule = "FB-01", .run = fb_01_gap, .verdict = "warning"},
    {.rule = "FB-02",
     .run = fb_02,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "FB-02", .run = fb_02, .verdict = "warning", .vantage = "middle"},
    {.rule = "FB-02", .run = fb_02_wrong, .verdict = "warning", .vantage = "middle"},
    {.rule = "FB-03",
     .run = fb_03,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "FB-03", .run = fb_03_silent, .verdict = "warning", .suspect = "sender client"},
    {.rule = "FB-04", .run = fb_04, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FB-04", .run = fb_04_receiver, .verdict = "violation", .suspect = "sender server"},
    {.rule = "FB-05",
     .run = fb_05,
     .verdict = "warning",
     .strict = "violation",
     .suspect = "sender client"},
    {.rule = "FB-06", .run = fb_06, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FB-06",
     .run = fb_06_checksum,
     .verdict = "violation",
     .suspect = "sender client",
     .checksums = true},
    {.rule = "FB-07",
     .run = fb_07,
     .verdict = "warning",
     .strict = "violation",
     .suspect = "sender client",
     .checksums = true},
    {.rule = "FB-08", .run = fb_08, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FB-08", .run = fb_08_idle, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FB-09", .run = fb_09, .verdict = "warning", .suspect = "sender server"},
    {.rule = "FB-10",
     .run = fb_10,
     .verdict = "warning",
     .noise = "DSS-08",
     .suspect = "receiver server"},
    {0},
};
