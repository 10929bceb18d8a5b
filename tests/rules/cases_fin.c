/* cases_fin.c - FIN: DATA_FIN and the end of a connection. */
#include "cases.h"

#define SECOND_NS INT64_C(1000000000)

/* A packet of the client that announces @bytes (DATA_FIN included, if it is there) from data offset
 * @offset on, without payload. */
static void announce(PbFlow *flow, bool data_fin, uint64_t offset, uint32_t ssn, uint16_t bytes)
{
    const PbConn *conn = flow->conn;
    PbOptions options = {0};

    pb_opt_dss(&options, &(PbDss){.has_map = true,
                                  .data_fin = data_fin,
                                  .ack_bytes = 8,
                                  .dsn_bytes = 8,
                                  .data_ack = conn->idsn[PB_SERVER] + 1 + conn->received[PB_CLIENT],
                                  .dsn = conn->idsn[PB_CLIENT] + 1 + offset,
                                  .ssn = ssn,
                                  .data_bytes = bytes});
    bed_option(flow, PB_CLIENT, &options);
}

static void fin_01(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    announce(bed->first, true, bed->conn->next_offset[PB_CLIENT]++,
             bad ? bed->first->next_ssn[PB_CLIENT] : 0, 1);
    pb_ack(bed->first, PB_SERVER);
}

static void fin_02(Bed *bed, bool bad)
{
    bed_start(bed);

    PbSpan last = pb_plan(bed->first, PB_CLIENT, 10);

    last.data_fin = true;
    last.map_bytes = (uint16_t)(last.map_bytes - bad);
    bed_fault(bed);
    pb_transmit(last);
}

/* The octet alone on a segment with payload: was the payload mapped before, it is only odd. */
static void fin_02_octet(Bed *bed, bool bad)
{
    bed_start(bed);

    PbSpan last = pb_plan(bed->first, PB_CLIENT, 10);

    last.data_fin = !bad;
    pb_transmit(last);
    if (bad) {
        last.map_ssn = 0;
        last.map_offset += 10;
        last.map_bytes = 0;
        last.data_fin = true;
        bed_fault(bed);
        pb_transmit(last);
    }
}

static void fin_03(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_data_fin(bed->first, PB_CLIENT);
    bed->conn->next_offset[PB_CLIENT] -= bad ? 0 : 1;
    bed_fault(bed);
    pb_data_fin(bed->second, PB_CLIENT);
}

/* Below the end of data of which most packets said what those before said. */
static void fin_03_below(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_transfer(bed);
    bed->conn->next_offset[PB_CLIENT] -= bad ? 50 : 0;
    bed_fault(bed);
    pb_data_fin(bed->first, PB_CLIENT);
    if (bad)
        bed->conn->next_offset[PB_CLIENT] += 49;
    pb_ack(bed->first, PB_SERVER);
}

/* Ahead of data that is still queued when the peer closes everything. */
static void fin_03_ahead(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->conn->next_offset[PB_CLIENT] += bad ? 5000 : 0;
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack_at(bed->first, PB_SERVER, 101, bad ? 100 : 101);
    pb_fastclose(bed->first, PB_SERVER, true);
}

/* Options from the DSS on were not captured. */
static void cut_options(Bed *bed, bool cut)
{
    pb_capture_snap(bed->net->capture, cut ? 56 : 0);
}

/* The last data's mapping is not to be seen. */
static void fin_03_cut(Bed *bed, bool bad)
{
    bed_start(bed);
    cut_options(bed, bad);
    pb_send(bed->first, PB_CLIENT, 500);
    cut_options(bed, false);
    pb_data_fin(bed->first, PB_CLIENT);
}

/* The capture begins inside the data of MP_CAPABLE: where in the data that is, nothing says. */
static void fin_03_middle(Bed *bed, bool bad)
{
    PbSpan span;

    bed->net->hidden = bad;
    pb_open(bed->first);
    span = pb_plan(bed->first, PB_CLIENT, 3000);
    span.style = PB_MAP_CAPABLE;
    pb_transmit(pb_part(span, 0, 1000));
    bed->net->hidden = false;
    pb_ack_at(bed->first, PB_SERVER, 1001, 1000);
    pb_transmit(pb_part(span, 1000, 2000));
    pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
}

static void fin_04(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    pb_data_fin(bed->first, PB_CLIENT);
    bed_fault(bed);
    if (bad)
        pb_send(bed->second, PB_CLIENT, 100);
    else
        pb_reinject(data, bed->second);
}

/* 1428 bytes never come, the DATA_ACK says they did. */
static void fin_05(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_CLIENT, 1428);
    pb_data_fin(bed->first, PB_CLIENT);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_SERVER, bad ? 101 : 1529, 1529);
    pb_wait(bed->net, 2 * SECOND_NS);
    pb_ack_at(bed->first, PB_SERVER, bad ? 101 : 1529, 1529);
}

/* The client goes on sending, so it is known to be there. */
static void fin_06(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed_fault(bed);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack_at(bed->first, PB_SERVER, 101, 100);
    pb_wait(bed->net, SECOND_NS);
    if (!bad) {
        bed->conn->next_offset[PB_CLIENT]--;
        pb_data_fin(bed->first, PB_CLIENT);
    }
    pb_wait(bed->net, 4 * SECOND_NS);
    for (int i = 0; i < 2; i++) {
        PbFlow *flow = i == 0 ? bed->first : bed->second;

        pb_send(flow, PB_SERVER, 10);
        pb_ack(flow, PB_CLIENT);
        pb_wait(bed->net, SECOND_NS);
    }
}

/* Nobody says anything any more: the repetition may be missing from the capture. */
static void fin_06_silence(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_data_fin(bed->first, PB_CLIENT);
    if (!bad)
        pb_ack(bed->first, PB_SERVER);
    pb_wait(bed->net, 50 * SECOND_NS);
    pb_open(bed->second);
}

static void fin_07(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_CLIENT, 2076);
    if (!bad)
        pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_CLIENT);
    bed_fault(bed);
    pb_fin(bed->first, PB_CLIENT);
    if (bad)
        pb_ack_at(bed->first, PB_SERVER, bed->first->next_ssn[PB_CLIENT], 100);
    pb_ack(bed->first, PB_SERVER);
}

/* A DATA_ACK right behind the FIN may have been there before it. */
static void fin_07_order(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->net->step_ns = 100000;
    pb_send(bed->first, PB_CLIENT, 2076);
    if (!bad)
        pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
}

/* DATA_FIN, data and FIN in one: nothing else may be outstanding. */
static void fin_07_together(Bed *bed, bool bad)
{
    bed_start(bed);
    if (bad)
        pb_send(bed->first, PB_CLIENT, 50);
    pb_send_last(bed->first, PB_CLIENT, 100);
    bed_fault(bed);
    pb_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
}

/* The DATA_ACK may be what the capture lacks. */
static void fin_07_gap(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_CLIENT, 2076);
    bed->net->hidden = bad;
    pb_ack(bed->first, PB_SERVER);
    bed->net->hidden = false;
    pb_data_fin(bed->first, PB_CLIENT);
    pb_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
}

/* DATA_FIN both ways, both acknowledged. */
static void exchange_data_fins(Bed *bed)
{
    pb_data_fin(bed->first, PB_CLIENT);
    pb_ack(bed->first, PB_SERVER);
    pb_data_fin(bed->first, PB_SERVER);
    pb_ack(bed->first, PB_CLIENT);
}

/* So may be what the capture cut from it. */
static void fin_07_cut(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_send(bed->first, PB_CLIENT, 2076);
    cut_options(bed, bad);
    pb_ack(bed->first, PB_SERVER);
    cut_options(bed, false);
    pb_data_fin(bed->first, PB_CLIENT);
    pb_fin(bed->first, PB_CLIENT);
}

static void fin_08(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    exchange_data_fins(bed);
    pb_fin_exchange(bed->first, PB_CLIENT);
    pb_fin(bed->second, PB_SERVER);
    if (!bad)
        pb_fin(bed->second, PB_CLIENT);
    pb_wait(bed->net, 70 * SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_ack(bed->second, PB_CLIENT);
    else
        pb_ack(bed->second, PB_SERVER);
}

static void fin_08_reset(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    exchange_data_fins(bed);
    pb_fin_exchange(bed->first, PB_CLIENT);
    bed_fault(bed);
    if (bad)
        pb_rst(bed->second, PB_CLIENT, 0);
    else
        pb_fin_exchange(bed->second, PB_CLIENT);
}

static void fin_09(Bed *bed, bool bad)
{
    bed_start(bed);
    if (!bad)
        exchange_data_fins(bed);
    bed_fault(bed);
    pb_fin_exchange(bed->first, PB_CLIENT);
}

const RuleCase cases_fin[] = {
    {.rule = "FIN-01", .run = fin_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FIN-02", .run = fin_02, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FIN-02", .run = fin_02_octet, .verdict = "warning"},
    {.rule = "FIN-03", .run = fin_03, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FIN-03", .run = fin_03_below, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FIN-03", .run = fin_03_ahead, .verdict = "not_checkable", .vantage = "client"},
    {.rule = "FIN-03", .run = fin_03_cut, .verdict = "not_checkable", .vantage = "client"},
    {.rule = "FIN-03", .run = fin_03_middle, .verdict = "not_checkable"},
    {.rule = "FIN-04", .run = fin_04, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FIN-05",
     .run = fin_05,
     .verdict = "violation",
     .suspect = "sender server",
     .vantage = "server"},
    {.rule = "FIN-05", .run = fin_05, .verdict = "warning", .vantage = "client"},
    {.rule = "FIN-06", .run = fin_06, .verdict = "violation", .vantage = "client"},
    {.rule = "FIN-06", .run = fin_06_silence, .verdict = "warning", .vantage = "client"},
    {.rule = "FIN-07", .run = fin_07_order, .verdict = "pass", .vantage = "client"},
    {.rule = "FIN-07", .run = fin_07, .verdict = "violation", .suspect = "sender client"},
    {.rule = "FIN-07", .run = fin_07_together, .verdict = "violation", .vantage = "client"},
    {.rule = "FIN-07", .run = fin_07_gap, .verdict = "not_checkable", .vantage = "client"},
    {.rule = "FIN-07", .run = fin_07_cut, .verdict = "not_checkable", .vantage = "client"},
    {.rule = "FIN-08",
     .run = fin_08,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "FIN-08", .run = fin_08_reset, .verdict = "warning"},
    {.rule = "FIN-09", .run = fin_09, .verdict = "warning", .seen = "subflow 0: fin"},
    {0},
};
