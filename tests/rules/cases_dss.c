/* cases_dss.c - DSS: the data sequence signal. */
#include "cases.h"

/* An exchange that shows both hosts at work. */
static void exchange(Bed *bed)
{
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

/* A packet on a flow of the bed whose flags, options and payload are free. */
static void send_raw(Bed *bed, PbFlow *flow, PbSide from, uint8_t flags, uint32_t ssn,
                     const PbOptions *options, const void *payload, uint32_t payload_bytes)
{
    const PbSide to = pb_peer(from);
    PbPacket packet = {
        .ts_ns = bed->net->now_ns,
        .src = flow->at[from],
        .dst = flow->at[to],
        .seq = flow->isn[from] + ssn,
        .ack = flow->isn[to] + flow->received[from],
        .window = flow->window[from],
        .ip_id = ++flow->ip_id[from],
        .flags = flags,
        .ttl = 64,
        .payload = payload,
        .payload_bytes = payload_bytes,
    };

    if (bed->conn->timestamps && !(flags & MPS_TCP_SYN))
        pb_opt_timestamp(&packet.options, (uint32_t)(bed->net->now_ns / 1000000), 0);
    pb_opt_raw(&packet.options, options->bytes, options->n);
    pb_capture_write(bed->net->capture, &packet);
    bed->net->now_ns += bed->net->step_ns;
}

/* A pure ACK of the client with @dss. */
static void send_dss(Bed *bed, PbDss dss)
{
    PbOptions options = {0};

    dss.data_ack += bed->conn->idsn[PB_SERVER] + 1;
    dss.dsn += bed->conn->idsn[PB_CLIENT] + 1;
    pb_opt_dss(&options, &dss);
    bed_option(bed->first, PB_CLIENT, &options);
}

static void dss_01(Bed *bed, bool bad)
{
    const uint32_t data_ack = GUINT32_TO_BE((uint32_t)(bed->conn->idsn[PB_SERVER] + 1));
    const uint8_t head[] = {30, bad ? 10 : 8, 0x20, 0x01}, more[] = {0, 0};
    PbOptions options = {0};

    bed_start(bed);
    pb_opt_raw(&options, head, sizeof head);
    pb_opt_raw(&options, &data_ack, sizeof data_ack);
    pb_opt_raw(&options, more, bad ? sizeof more : 0);
    bed_fault(bed);
    bed_option(bed->first, PB_CLIENT, &options);
}

static void dss_02_fin(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    send_dss(bed, (PbDss){.ack_bytes = 8, .data_fin = bad});
}

static void dss_02_empty(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    send_dss(bed, (PbDss){.ack_bytes = bad ? 0 : 8});
}

static void dss_03(Bed *bed, bool bad)
{
    bed_start(bed);
    exchange(bed);
    bed->conn->checksum = !bad;
    bed_fault(bed);
    pb_send(bed->first, PB_CLIENT, 100);
    if (bad)
        pb_rst(bed->first, PB_SERVER, 1);
}

/* Nobody knows what was agreed. */
static void dss_03_midstream(Bed *bed, bool bad)
{
    bed->net->hidden = true;
    bed_start(bed);
    bed->net->hidden = false;
    exchange(bed);
    bed->conn->checksum = !bad;
    bed_fault(bed);
    pb_send(bed->first, PB_CLIENT, 100);
}

/* Two joins of which only later is found out to which connection they belong. */
static void dss_03_joins(Bed *bed, bool bad)
{
    PbSpan first;

    bed->net->hidden = true;
    pb_open(bed->first);
    first = pb_plan(bed->first, PB_CLIENT, 100);
    first.style = PB_MAP_CAPABLE;
    pb_transmit(first);
    pb_ack(bed->first, PB_SERVER);
    bed->net->hidden = false;
    pb_open(bed->second);
    pb_open(bed->third);
    pb_transmit(first); /* the keys */
    exchange(bed);
    bed->conn->checksum = !bad;
    bed_fault(bed);
    pb_send(bed->second, PB_CLIENT, 100);
    pb_rst(bed->second, PB_SERVER, 1);
}

/* A whole connection of a real stack: every checksum in it is known from elsewhere. */
static void dss_04(Bed *bed, bool bad)
{
    PbConn *conn = pb_conn(bed->net, 1, 0xfb314264ac63127f, 0x0b31a610eb87d8da);
    PbFlow *flow = pb_flow(conn, PB_CLIENT, "192.0.2.1", 40000, "192.0.2.2", 80);
    PbSpan span;

    conn->checksum = true;
    pb_open(flow);
    span = pb_plan(flow, PB_CLIENT, 5);
    span.style = PB_MAP_CAPABLE;
    span.payload = (const uint8_t *)"01234";
    pb_transmit(span);
    pb_ack(flow, PB_SERVER);
    span = pb_plan(flow, PB_CLIENT, 5);
    span.payload = (const uint8_t *)"01234";
    pb_transmit(span);
    pb_ack(flow, PB_SERVER);
    span = pb_plan(flow, PB_SERVER, 7);
    span.payload = (const uint8_t *)"0123456";
    span.wrong_checksum = bad;
    bed_fault(bed);
    pb_transmit(span);
    pb_ack_at(flow, PB_CLIENT, 8, 0); /* the DATA_ACK lags */
    pb_data_fin(flow, PB_SERVER);
    pb_ack(flow, PB_CLIENT);
    pb_data_fin(flow, PB_CLIENT);
    conn->received[PB_SERVER] = conn->next_offset[PB_CLIENT];
    pb_fin(flow, PB_SERVER);
    pb_ack(flow, PB_SERVER);
    pb_fin(flow, PB_CLIENT);
    pb_ack(flow, PB_SERVER);
}

/* A mapping with @checksum on a connection of which else only the SYN was captured. */
static void known_checksum(Bed *bed, bool bad, PbDss dss, const char *payload, uint32_t n_bytes)
{
    PbOptions options = {0};

    bed->conn->capable_flags = PB_CAPABLE_A;
    pb_syn(bed->first);
    bed->first->received[PB_CLIENT] = 1;
    dss.has_map = dss.has_checksum = true;
    dss.dsn_bytes = 8;
    dss.checksum ^= bad;
    pb_opt_dss(&options, &dss);
    bed_fault(bed);
    send_raw(bed, bed->first, PB_CLIENT, MPS_TCP_ACK, MAX(dss.ssn, 1), &options, payload, n_bytes);
}

static void dss_04_odd(Bed *bed, bool bad)
{
    known_checksum(bed, bad, (PbDss){.dsn = 1, .ssn = 1, .data_bytes = 5, .checksum = 0x6994},
                   "01234", 5);
}

static void dss_04_even(Bed *bed, bool bad)
{
    known_checksum(
        bed, bad,
        (PbDss){.dsn = 0x8877665544332211, .ssn = 16, .data_bytes = 4, .checksum = 0x0d3d},
        "\xde\xad\xbe\xef", 4);
}

static void dss_04_last(Bed *bed, bool bad)
{
    known_checksum(bed, bad,
                   (PbDss){.dsn = 0x8877665544332211,
                           .ssn = 16,
                           .data_bytes = 5,
                           .data_fin = true,
                           .checksum = 0x0d3c},
                   "\xde\xad\xbe\xef", 4);
}

static void dss_04_fin(Bed *bed, bool bad)
{
    known_checksum(
        bed, bad,
        (PbDss){.dsn = 0x8877665544332211, .data_bytes = 1, .data_fin = true, .checksum = 0xaaed},
        NULL, 0);
}

/* The mapping spans segments that begin at odd offsets, and one of them comes late. */
static void dss_04_segments(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 3001);
    span.wrong_checksum = bad;
    pb_transmit(pb_part(span, 0, 1001));
    pb_transmit(pb_part(span, 2002, 999));
    pb_ack_at(bed->first, PB_SERVER, span.ssn + 1001, span.offset);
    bed_fault(bed);
    pb_transmit(pb_part(span, 1001, 1001));
    pb_ack(bed->first, PB_SERVER);
}

/* A mapping that reaches into the next one. */
static void dss_04_overlap(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.map_bytes = 150;
    span.wrong_checksum = bad;
    pb_transmit(span);
    bed_fault(bed);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

/* Four bytes of the data sequence number are sent, eight are summed up. */
static void dss_04_v0(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_SERVER, 1000);
    span.wrong_checksum = bad;
    bed_fault(bed);
    pb_transmit(span);
    pb_ack(bed->first, PB_CLIENT);
}

/* Payload of the SYN is outside of the subflow sequence numbers. */
static void dss_04_fast_open(Bed *bed, bool bad)
{
    PbSpan span;

    pb_syn_with_data(bed->first, 51);
    pb_synack(bed->first);
    pb_third_ack(bed->first);
    span = pb_plan(bed->first, PB_CLIENT, 1001);
    span.segments = 3;
    span.style = PB_MAP_CAPABLE;
    pb_transmit(span);
    pb_ack(bed->first, PB_SERVER);
    span = pb_plan(bed->first, PB_CLIENT, 1001);
    span.wrong_checksum = bad;
    bed_fault(bed);
    pb_transmit(span);
    pb_ack(bed->first, PB_SERVER);
}

static void dss_05(Bed *bed, bool bad)
{
    bed_start(bed);
    exchange(bed);
    bed->conn->checksum = false;
    pb_send(bed->first, PB_CLIENT, 100);
    bed_fault(bed);
    if (bad)
        pb_ack(bed->first, PB_SERVER);
    else
        pb_rst(bed->first, PB_SERVER, 1);
}

/* One mapping on two packets. */
static void dss_06(Bed *bed, bool bad)
{
    PbSpan span, rest;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 2000);
    rest = pb_part(span, 1000, 1000);
    rest.map_offset += bad ? 100 : 0;
    pb_transmit(pb_part(span, 0, 1000));
    bed_fault(bed);
    pb_transmit(rest);
    pb_ack(bed->first, PB_SERVER);
}

/* Numbers that differ in the upper half only. */
static void dss_06_far(Bed *bed, bool bad)
{
    PbSpan span, rest;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 2000);
    rest = pb_part(span, 1000, 1000);
    rest.map_offset += bad ? UINT64_C(1) << 33 : 0;
    pb_transmit(pb_part(span, 0, 1000));
    bed_fault(bed);
    pb_transmit(rest);
    pb_ack(bed->first, PB_SERVER);
}

/* A retransmission announces the same; a DATA_FIN may have joined it. */
static void dss_06_again(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_send(bed->first, PB_CLIENT, 1000);
    span.data_fin = !bad;
    span.wrong_checksum = bad;
    bed_fault(bed);
    pb_transmit(span);
    if (!bad)
        bed->conn->next_offset[PB_CLIENT]++;
    pb_ack(bed->first, PB_SERVER);
}

static void dss_07(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 1000);
    span.map_ssn += bad ? 5000 : 0;
    span.map_offset += bad ? 5000 : 0;
    bed_fault(bed);
    pb_transmit(span);
}

/* The mapping of the packets before, on payload behind it. */
static void dss_07_behind(Bed *bed, bool bad)
{
    PbSpan span, behind;

    bed_start(bed);
    bed_transfer(bed);
    span = pb_send_cut(bed->first, PB_CLIENT, 3000, 3, PB_MAP_ALL);
    behind = pb_plan(bed->first, PB_CLIENT, 1000);
    if (bad) {
        behind.map_ssn = span.map_ssn;
        behind.map_offset = span.map_offset;
        behind.map_bytes = span.map_bytes;
    }
    bed_fault(bed);
    pb_transmit(behind);
    pb_transmit(pb_own_map(behind));
    pb_ack(bed->first, PB_SERVER);
}

static void dss_07_ack(Bed *bed, bool bad)
{
    bed_start(bed);
    exchange(bed);
    bed_fault(bed);
    send_dss(bed, (PbDss){.ack_bytes = 8,
                          .has_map = bad,
                          .dsn_bytes = 8,
                          .dsn = 200,
                          .ssn = 201,
                          .data_bytes = 100});
    pb_send(bed->first, PB_CLIENT, 100);
}

static void dss_08(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_send_cut(bed->first, PB_CLIENT, 600, bad ? 1 : 3, bad ? PB_MAP_NONE : PB_MAP_FIRST);
    if (bad) /* it has no data sequence numbers */
        bed->conn->next_offset[PB_CLIENT] -= 600;
    pb_ack(bed->first, PB_SERVER);
    exchange(bed);
}

/* The segment with the mapping is missing from the capture: nothing is known of the others. */
static void dss_08_gap(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 600);
    bed->net->hidden = bad;
    pb_transmit(pb_part(span, 0, 200));
    bed->net->hidden = false;
    span = pb_part(span, 200, 400);
    span.style = PB_MAP_NONE;
    bed_fault(bed);
    pb_transmit(span);
    pb_ack(bed->first, PB_SERVER);
}

static void dss_09(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 1000);
    if (bad)
        span.map_ssn += bed->first->isn[PB_CLIENT];
    bed_fault(bed);
    pb_transmit(span);
}

static void dss_09_zero(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 1000);
    if (bad)
        span.map_ssn = 0;
    bed_fault(bed);
    pb_transmit(span);
}

static void dss_10(Bed *bed, bool bad)
{
    bed_start(bed);
    exchange(bed);
    bed_fault(bed);
    if (bad) {
        send_dss(bed, (PbDss){.ack_bytes = 8,
                              .has_map = true,
                              .data_fin = true,
                              .dsn_bytes = 8,
                              .dsn = 200,
                              .ssn = 201});
    } else {
        pb_send_infinite(bed->first, PB_CLIENT, 100);
        pb_ack(bed->first, PB_SERVER);
    }
}

static void dss_11(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    if (bad)
        span.map_offset = (uint64_t)-6;
    bed_fault(bed);
    pb_transmit(span);
}

static void dss_11_ahead(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.map_offset += bad ? UINT64_C(1) << 33 : 0;
    bed_fault(bed);
    pb_transmit(span);
    pb_ack_at(bed->first, PB_SERVER, 201, bad ? 100 : 200);
    pb_send(bed->first, PB_CLIENT, 100);
}

/* The second subflow is closed within a mapping; the first one carries all of it. */
/* The third packet, with the client's key, is captured behind its data: what was taken for the data
 * offsets of that is nothing to hold later mappings against. */
static void dss_06_late_key(Bed *bed, bool bad)
{
    PbSpan span, rest;

    pb_syn(bed->first);
    pb_synack(bed->first);
    bed->net->hidden = bad;
    pb_third_ack(bed->first);
    span = pb_plan(bed->first, PB_CLIENT, 1000);
    rest = pb_part(span, 500, 500);
    span = pb_part(span, 0, 500);
    span.style = PB_MAP_CAPABLE;
    pb_transmit(span);
    bed->net->hidden = false;
    pb_ack_at(bed->first, PB_SERVER, 501, 500);
    pb_transmit(rest);
    bed->first->next_ssn[PB_CLIENT] = 1;
    pb_third_ack(bed->first);
    bed->first->next_ssn[PB_CLIENT] = 1001;
    pb_transmit(span);
    pb_ack(bed->first, PB_SERVER);
}

static void dss_12(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    pb_open(bed->second);
    span = pb_plan(bed->second, PB_CLIENT, 1000);
    pb_transmit(pb_part(span, 0, bad ? 500 : 1000));
    if (bad)
        bed->second->next_ssn[PB_CLIENT] -= 500;
    pb_reinject(span, bed->first);
    pb_ack(bed->first, PB_SERVER);
    pb_ack(bed->second, PB_SERVER);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_SERVER);
    pb_ack(bed->first, PB_CLIENT);
    bed_fault(bed);
    pb_fin_exchange(bed->second, PB_CLIENT);
    pb_fin_exchange(bed->first, PB_CLIENT);
}

static void dss_13(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->conn->next_offset[PB_CLIENT] += bad ? 1428 : 0;
    pb_send(bed->first, PB_CLIENT, 100);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack_at(bed->first, PB_SERVER, 201, bad ? 100 : bed->conn->next_offset[PB_CLIENT]);
    pb_data_fin(bed->first, PB_SERVER);
    pb_ack(bed->first, PB_CLIENT);
    bed_fault(bed);
    pb_fin(bed->first, PB_CLIENT);
    pb_ack_at(bed->first, PB_SERVER, 202, bed->conn->received[PB_SERVER]);
    pb_fin(bed->first, PB_SERVER);
    pb_ack(bed->first, PB_CLIENT);
}

static uint8_t other_bytes[3000];

/* Data goes over the second subflow, too, in segments of another size. */
static void dss_14(Bed *bed, bool bad)
{
    PbSpan span, copy;

    bed_start(bed);
    pb_open(bed->second);
    span = pb_send_cut(bed->first, PB_CLIENT, 3000, 3, PB_MAP_ALL);
    copy = pb_plan_again(span, bed->second);
    for (uint32_t i = 0; i < sizeof other_bytes; i++)
        other_bytes[i] = (uint8_t)(pb_pattern(PB_CLIENT, span.offset + i) ^ (bad && i == 2999));
    copy.payload = other_bytes;
    copy.segments = 2;
    pb_transmit(pb_part(copy, 0, 1100));
    bed_fault(bed);
    pb_transmit(pb_part(copy, 1100, 1900));
    pb_ack(bed->first, PB_SERVER);
    pb_ack(bed->second, PB_SERVER);
}

/* A retransmission on the same subflow. */
/* Linux probes a closed window with one byte, whatever it is, under an acknowledged number. */
static void dss_14_probe(Bed *bed, bool bad)
{
    PbSpan span, probe;

    bed_start(bed);
    span = pb_send(bed->first, PB_CLIENT, 1000);
    pb_ack(bed->first, PB_SERVER);
    pb_transmit(span);
    probe = pb_own_map(pb_part(pb_plan_again(span, bed->first), 0, bad ? 2 : 1));
    for (uint32_t i = 0; i < 2; i++)
        other_bytes[i] = (uint8_t)(pb_pattern(PB_CLIENT, span.offset + i) ^ 1);
    probe.payload = other_bytes;
    bed_fault(bed);
    pb_transmit(probe);
}

static void dss_14_again(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    span = pb_send(bed->first, PB_CLIENT, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        other_bytes[i] = (uint8_t)(pb_pattern(PB_CLIENT, span.offset + i) ^ (bad && i == 0));
    span.payload = other_bytes;
    bed_fault(bed);
    pb_transmit(span);
    pb_ack(bed->first, PB_SERVER);
}

/* The second subflow skips the first bytes of a mapping, which then go over the first one. */
static void dss_15(Bed *bed, bool bad)
{
    PbSpan span;

    bed_start(bed);
    pb_open(bed->second);
    span = pb_plan(bed->second, PB_CLIENT, 2428);
    pb_transmit(pb_part(span, 1428, 1000));
    pb_ack_at(bed->second, PB_SERVER, span.ssn, span.offset);
    pb_transmit(pb_plan_again(pb_part(span, 0, 1428), bed->first));
    pb_ack(bed->first, PB_SERVER);
    if (!bad)
        pb_transmit(pb_part(span, 0, 1428));
    pb_ack_at(bed->second, PB_SERVER, bad ? span.ssn : span.ssn + 2428,
              bed->conn->received[PB_SERVER]);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_SERVER);
    pb_ack(bed->first, PB_CLIENT);
    bed_fault(bed);
    pb_fin(bed->second, PB_CLIENT);
    pb_ack_at(bed->second, PB_SERVER, bad ? span.ssn : span.ssn + 2429,
              bed->conn->received[PB_SERVER]);
    pb_fin(bed->second, PB_SERVER);
    pb_ack(bed->second, PB_CLIENT);
    pb_fin_exchange(bed->first, PB_CLIENT);
    if (!bad)
        return;
    pb_wait(bed->net, INT64_C(4000000000));
    pb_ack_at(bed->second, PB_SERVER, span.ssn, bed->conn->received[PB_SERVER]);
}

static void dss_16(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_data_fin(bed->first, PB_CLIENT);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_SERVER, 101, bed->conn->next_offset[PB_CLIENT] + bad);
    pb_data_fin(bed->first, PB_SERVER);
    pb_ack(bed->first, PB_CLIENT);
    pb_fin(bed->first, PB_CLIENT);
    pb_ack_at(bed->first, PB_SERVER, 102, bed->conn->received[PB_SERVER]);
    pb_fin(bed->first, PB_SERVER);
    pb_ack(bed->first, PB_CLIENT);
}

/* By 2^33 in mid-transfer, just once. */
static void dss_16_once(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_CLIENT, 1000);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_SERVER, 1101, 1100 + (bad ? UINT64_C(1) << 33 : 0));
    pb_ack_at(bed->first, PB_SERVER, 1101, 1100);
    pb_send(bed->first, PB_CLIENT, 1000);
    pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
}

/* The data may have come over a path that was not captured. */
static void dss_16_elsewhere(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_SERVER, 101, bad ? 3000 : 100);
}

static void dss_17(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_CLIENT, 1000);
    pb_ack(bed->first, PB_SERVER);
    pb_send(bed->first, PB_CLIENT, 1000);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_SERVER, 2101, bad ? 600 : 2100);
}

/* On an ACK that has all else as those before. */
static void dss_17_again(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_transfer(bed);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_SERVER, bed->first->next_ssn[PB_CLIENT],
              bed->conn->next_offset[PB_CLIENT] - (bad ? 2000 : 0));
}

static void dss_18(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_CLIENT, 1000);
    bed->conn->ack_bytes[PB_SERVER] = bad ? 4 : 8;
    bed_fault(bed);
    pb_ack(bed->first, PB_SERVER);
}

/* As Linux answers where the peer never sent data. */
static void dss_18_fin(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_SERVER);
    bed->conn->ack_bytes[PB_CLIENT] = bad ? 4 : 8;
    bed_fault(bed);
    pb_ack(bed->first, PB_CLIENT);
    bed->conn->ack_bytes[PB_CLIENT] = 8;
    pb_fin_exchange(bed->first, PB_CLIENT);
}

/* 5 GiB of data, of which some was captured. */
static void dss_19(Bed *bed, bool bad)
{
    bed_start(bed);
    for (int i = 0; i < 5; i++) {
        bed->conn->next_offset[PB_CLIENT] += 1 << 30;
        if (!bad)
            pb_wait(bed->net, INT64_C(60000000000));
        if (i <= 3)
            bed_fault(bed);
        pb_send(bed->first, PB_CLIENT, 100);
    }
}

static void dss_20(Bed *bed, bool bad)
{
    bed_start(bed);
    exchange(bed);
    bed->first->window[PB_SERVER] = bad ? 100 : 511; /* rounded down to the unit */
    bed_fault(bed);
    exchange(bed);
    bed->fault_packet++; /* the ACK */
}

/* On an ACK that has all else as those before. */
static void dss_20_again(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_transfer(bed);
    bed->first->window[PB_SERVER] = bad ? 100 : 511;
    bed_fault(bed);
    pb_ack(bed->first, PB_SERVER);
}

static void dss_21(Bed *bed, bool bad)
{
    bed->first->window[PB_SERVER] = 8; /* 1024 bytes */
    bed_start(bed);
    bed_fault(bed);
    pb_send(bed->first, PB_CLIENT, bad ? 5000 : 1000);
}

static void dss_22(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->first->next_ssn[PB_CLIENT] += bad ? 10000 : 0;
    bed_fault(bed);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack_at(bed->first, PB_SERVER, bad ? 101 : 201, bad ? 100 : 200);
}

static void dss_23(Bed *bed, bool bad)
{
    static const uint8_t payload[1000];
    const PbConn *conn = bed->conn;
    PbOptions options = {0};

    bed_start(bed);
    pb_opt_dss(&options, &(PbDss){.has_map = true,
                                  .ack_bytes = 4,
                                  .dsn_bytes = 4,
                                  .data_ack = conn->idsn[PB_SERVER] + 1,
                                  .dsn = conn->idsn[PB_CLIENT] + 101,
                                  .ssn = 101,
                                  .data_bytes = 2000});
    if (!bad)
        bed_fault(bed);
    send_raw(bed, bed->first, PB_CLIENT, MPS_TCP_ACK | (bad ? 0 : MPS_TCP_URG), 101, &options,
             payload, 1000);
    if (bad)
        bed_fault(bed);
    send_raw(bed, bed->first, PB_CLIENT, MPS_TCP_ACK | (bad ? MPS_TCP_URG : 0), 1101, &options,
             payload, 1000);
    pb_ack_at(bed->first, PB_SERVER, 2101, 2100);
}

/* Urgent data from the begin of a mapping on that ends before it, or with it; of the server. */
static void dss_23_pointer(Bed *bed, bool bad)
{
    static const uint8_t payload[1000];
    const PbConn *conn = bed->conn;
    PbFlow *flow = bed->first;
    PbPacket packet = {
        .urgent = bad ? 5 : 1000,
        .flags = MPS_TCP_ACK | MPS_TCP_URG,
        .ttl = 64,
        .payload = payload,
        .payload_bytes = sizeof payload,
    };

    bed_start(bed);
    packet.ts_ns = bed->net->now_ns;
    packet.src = flow->at[PB_SERVER];
    packet.dst = flow->at[PB_CLIENT];
    packet.seq = flow->isn[PB_SERVER] + 1;
    packet.ack = flow->isn[PB_CLIENT] + flow->received[PB_SERVER];
    packet.window = flow->window[PB_SERVER];
    packet.ip_id = ++flow->ip_id[PB_SERVER];
    pb_opt_dss(&packet.options, &(PbDss){.has_map = true,
                                         .ack_bytes = 8,
                                         .dsn_bytes = 8,
                                         .data_ack = conn->idsn[PB_CLIENT] + 101,
                                         .dsn = conn->idsn[PB_SERVER] + 1,
                                         .ssn = 1,
                                         .data_bytes = sizeof payload});
    bed_fault(bed);
    pb_capture_write(bed->net->capture, &packet);
}

/* Endings of which other rules have to speak. */
#define BAD_END "FIN-05 FIN-06 FIN-07 FIN-08 FIN-09"

const RuleCase cases_dss[] = {
    {.rule = "DSS-01", .run = dss_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "DSS-02", .run = dss_02_fin, .verdict = "violation", .suspect = "sender client"},
    {.rule = "DSS-02", .run = dss_02_empty, .verdict = "warning"},
    {.rule = "DSS-03",
     .run = dss_03,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client",
     .checksums = true},
    {.rule = "DSS-03", .run = dss_03_midstream, .verdict = "warning", .checksums = true},
    {.rule = "DSS-03", .run = dss_03_joins, .verdict = "violation", .checksums = true},
    {.rule = "DSS-04",
     .run = dss_04,
     .verdict = "violation",
     .suspect = "sender server",
     .vantage = "server",
     .checksums = true,
     .also = "FAIL-06"},
    {.rule = "DSS-04", .run = dss_04_overlap, .verdict = "violation", .checksums = true},
    {.rule = "DSS-04", .run = dss_04_odd, .verdict = "violation", .checksums = true},
    {.rule = "DSS-04", .run = dss_04_even, .verdict = "violation", .checksums = true},
    {.rule = "DSS-04", .run = dss_04_last, .verdict = "violation", .checksums = true},
    {.rule = "DSS-04", .run = dss_04_fin, .verdict = "violation", .checksums = true},
    {.rule = "DSS-04",
     .run = dss_04_segments,
     .verdict = "violation",
     .suspect = "path -",
     .vantage = "middle",
     .checksums = true,
     .also = "FAIL-06"},
    {.rule = "DSS-04",
     .run = dss_04_v0,
     .verdict = "violation",
     .version = V0,
     .checksums = true,
     .also = "FAIL-06"},
    {.rule = "DSS-04",
     .run = dss_04_fast_open,
     .verdict = "violation",
     .checksums = true,
     .also = "FAIL-06"},
    {.rule = "DSS-05",
     .run = dss_05,
     .verdict = "violation",
     .noise = "DSS-03",
     .suspect = "sender server",
     .vantage = "server",
     .checksums = true},
    {.rule = "DSS-05",
     .run = dss_05,
     .verdict = "warning",
     .noise = "DSS-03",
     .vantage = "client",
     .checksums = true},
    {.rule = "DSS-06", .run = dss_06, .verdict = "violation", .suspect = "sender client"},
    {.rule = "DSS-06", .run = dss_06_late_key, .verdict = "pass"},
    {.rule = "DSS-06", .run = dss_06_far, .verdict = "violation", .suspect = "sender client"},
    {.rule = "DSS-06", .run = dss_06_again, .verdict = "violation", .checksums = true},
    {.rule = "DSS-07", .run = dss_07, .verdict = "violation"},
    {.rule = "DSS-07", .run = dss_07_behind, .verdict = "violation"},
    {.rule = "DSS-07", .run = dss_07_ack, .verdict = "warning"},
    {.rule = "DSS-08",
     .run = dss_08,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "DSS-08", .run = dss_08_gap, .verdict = "not_checkable"},
    {.rule = "DSS-09", .run = dss_09, .verdict = "violation"},
    {.rule = "DSS-09", .run = dss_09_zero, .verdict = "violation"},
    {.rule = "DSS-10", .run = dss_10, .verdict = "violation"},
    {.rule = "DSS-11", .run = dss_11, .verdict = "violation"},
    {.rule = "DSS-11", .run = dss_11_ahead, .verdict = "violation", .suspect = "sender client"},
    {.rule = "DSS-12", .run = dss_12, .verdict = "violation"},
    {.rule = "DSS-13", .run = dss_13, .verdict = "warning", .also = BAD_END},
    {.rule = "DSS-14",
     .run = dss_14,
     .verdict = "violation",
     .checksums = true,
     .no_checksum = true},
    {.rule = "DSS-14",
     .run = dss_14,
     .verdict = "violation",
     .checksums = true,
     .suspect = "sender client"},
    {.rule = "DSS-14",
     .run = dss_14_probe,
     .verdict = "violation",
     .checksums = true,
     .no_checksum = true},
    {.rule = "DSS-14",
     .run = dss_14_again,
     .verdict = "violation",
     .checksums = true,
     .no_checksum = true},
    {.rule = "DSS-15",
     .run = dss_15,
     .verdict = "violation",
     .also = BAD_END,
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "DSS-15", .run = dss_15, .verdict = "warning", .also = BAD_END, .vantage = "server"},
    {.rule = "DSS-16", .run = dss_16, .verdict = "violation", .suspect = "sender server"},
    {.rule = "DSS-16", .run = dss_16_once, .verdict = "violation", .suspect = "sender server"},
    {.rule = "DSS-16", .run = dss_16_elsewhere, .verdict = "not_checkable"},
    {.rule = "DSS-17", .run = dss_17, .verdict = "violation", .suspect = "sender server"},
    {.rule = "DSS-17", .run = dss_17_again, .verdict = "violation", .suspect = "sender server"},
    {.rule = "DSS-18", .run = dss_18, .verdict = "violation", .suspect = "sender server"},
    {.rule = "DSS-18", .run = dss_18_fin, .verdict = "warning", .strict = "violation"},
    {.rule = "DSS-19", .run = dss_19, .verdict = "violation", .noise = "DSS-21", .version = V0},
    {.rule = "DSS-20",
     .run = dss_20,
     .verdict = "violation",
     .suspect = "sender server",
     .vantage = "server"},
    {.rule = "DSS-20",
     .run = dss_20_again,
     .verdict = "violation",
     .suspect = "sender server",
     .vantage = "server"},
    {.rule = "DSS-21", .run = dss_21, .verdict = "warning", .suspect = "sender client"},
    {.rule = "DSS-22", .run = dss_22, .verdict = "warning"},
    {.rule = "DSS-23", .run = dss_23_pointer, .verdict = "warning", .suspect = "sender server"},
    {.rule = "DSS-23", .run = dss_23, .verdict = "violation", .suspect = "sender client"},
    {0},
};
