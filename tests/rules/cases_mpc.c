/* cases_mpc.c - MPC: MP_CAPABLE and the keys. */
#include "cases.h"

#define TFO_BYTES 1000

/* Sends @options in a packet of the handshake. */
static void send_options(PbFlow *flow, PbSide from, uint8_t flags, const PbOptions *options)
{
    const bool syn = flags & MPS_TCP_SYN;

    if (from == PB_SERVER || !syn)
        flow->received[from] = 1;
    flow->next_ssn[from] = syn ? 0 : 1;
    pb_raw(flow, from, flags, options->bytes, options->n);
    flow->next_ssn[from] = 1;
}

/* An MP_CAPABLE of the initial subflow with @n_keys keys of the connection, its sender's first. */
static void send_capable(Bed *bed, PbSide from, uint8_t flags, int version, uint8_t capable_flags,
                         int n_keys)
{
    const uint64_t keys[] = {bed->conn->key[from], bed->conn->key[pb_peer(from)]};
    PbOptions options = {0};

    pb_opt_capable(&options, version, capable_flags, n_keys, keys, -1, -1);
    send_options(bed->first, from, flags, &options);
}

static void mpc_01(Bed *bed, bool bad)
{
    bed_fault(bed);
    send_capable(bed, PB_CLIENT, MPS_TCP_SYN, 1, PB_CAPABLE_H, bad ? 1 : 0);
}

static void mpc_01_misshapen(Bed *bed, bool bad)
{
    const uint8_t option[] = {30, bad ? 6 : 4, 0x01, PB_CAPABLE_H, 0, 0};
    PbOptions options = {0};

    pb_opt_raw(&options, option, option[1]);
    bed_fault(bed);
    send_options(bed->first, PB_CLIENT, MPS_TCP_SYN, &options);
    bed->first->stripped = true;
    pb_synack(bed->first);
}

static void mpc_01_version(Bed *bed, bool bad)
{
    bed_fault(bed);
    send_capable(bed, PB_CLIENT, MPS_TCP_SYN, bad ? 2 : 1, PB_CAPABLE_H, 0);
}

static void mpc_02(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    bed_fault(bed);
    send_capable(bed, PB_SERVER, MPS_TCP_SYN, 1, PB_CAPABLE_H, bad ? 2 : 1);
}

static void mpc_03(Bed *bed, bool bad)
{
    PbOptions options = {0};

    pb_syn(bed->first);
    pb_synack(bed->first);
    pb_opt_capable(&options, 1, PB_CAPABLE_H, 2, bed->conn->key, bad ? 100 : -1, -1);
    bed_fault(bed);
    send_options(bed->first, PB_CLIENT, MPS_TCP_ACK, &options);
}

/* First data with an MP_CAPABLE of these flags and fields. */
static void send_first_data(Bed *bed, uint8_t flags, const uint64_t keys[2], int data_bytes,
                            int checksum)
{
    PbOptions options = {0};

    pb_opt_capable(&options, 1, flags, 2, keys, data_bytes, checksum);
    bed_fault(bed);
    pb_raw_data(bed->first, PB_CLIENT, 100, &options);
}

static void mpc_04(Bed *bed, bool bad)
{
    pb_open(bed->first);
    send_first_data(bed, PB_CAPABLE_H, bed->conn->key, bad ? -1 : 100, -1);
}

static void mpc_04_checksum(Bed *bed, bool bad)
{
    bed->conn->checksum = true;
    pb_open(bed->first);
    send_first_data(bed, PB_CAPABLE_H | PB_CAPABLE_A, bed->conn->key, 100, bad ? -1 : 0x1234);
}

/* What the SYN asked for was not captured; the listener's mappings show what was agreed. */
static void mpc_04_inferred(Bed *bed, bool bad)
{
    bed->conn->checksum = true;
    bed->net->hidden = true;
    pb_syn(bed->first);
    bed->net->hidden = false;
    send_capable(bed, PB_SERVER, MPS_TCP_SYN, 1, 0x01, 1);
    bed->net->hidden = true;
    pb_third_ack(bed->first);
    bed->net->hidden = false;
    pb_send(bed->first, PB_SERVER, 100);
    send_first_data(bed, 0x81, bed->conn->key, 100, bad ? -1 : 0x1234);
}

static void mpc_05(Bed *bed, bool bad)
{
    const PbOptions none = {0};

    if (bad)
        send_options(bed->first, PB_CLIENT, MPS_TCP_SYN, &none);
    else
        pb_syn(bed->first);
    bed_fault(bed);
    pb_synack(bed->first);
}

/* A SYN without the option may follow one with it, which here is not captured. */
static void mpc_05_uncaptured(Bed *bed, bool bad)
{
    const PbOptions none = {0};

    bed->net->hidden = bad;
    pb_syn(bed->first);
    bed->net->hidden = false;
    bed->conn->timestamps = false;
    send_options(bed->first, PB_CLIENT, MPS_TCP_SYN, &none);
    bed_fault(bed);
    pb_synack(bed->first);
}

static void mpc_06(Bed *bed, bool bad)
{
    send_capable(bed, PB_CLIENT, MPS_TCP_SYN, 0, PB_CAPABLE_H, 1);
    bed_fault(bed);
    send_capable(bed, PB_SERVER, MPS_TCP_SYN, bad ? 1 : 0, PB_CAPABLE_H, 1);
}

static void mpc_06_third(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed_fault(bed);
    send_capable(bed, PB_CLIENT, MPS_TCP_ACK, bad ? 0 : 1, PB_CAPABLE_H, 2);
}

static void send_third(Bed *bed, uint8_t flags)
{
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed_fault(bed);
    send_capable(bed, PB_CLIENT, MPS_TCP_ACK, bed->conn->version, flags, 2);
}

static void mpc_07(Bed *bed, bool bad)
{
    send_third(bed, bad ? 0x41 : 0x01);
}

static void mpc_08(Bed *bed, bool bad)
{
    send_third(bed, bad ? 0x00 : 0x01);
}

static void mpc_09(Bed *bed, bool bad)
{
    send_third(bed, bad ? 0x02 : 0x01);
}

static void mpc_09_c(Bed *bed, bool bad)
{
    send_third(bed, bad ? 0x21 : 0x01);
}

static void mpc_09_more(Bed *bed, bool bad)
{
    bed_fault(bed);
    send_capable(bed, PB_CLIENT, MPS_TCP_SYN, 1, bad ? 0x03 : 0x01, 0);
}

static void mpc_10(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    bed_fault(bed);
    send_capable(bed, PB_SERVER, MPS_TCP_SYN, 1, bad ? 0x03 : 0x01, 1);
}

/* The listener does not ask for checksums, the initiator does. */
static void mpc_11(Bed *bed, bool bad)
{
    send_capable(bed, PB_CLIENT, MPS_TCP_SYN, 1, 0x81, 0);
    send_capable(bed, PB_SERVER, MPS_TCP_SYN, 1, 0x01, 1);
    bed_fault(bed);
    send_capable(bed, PB_CLIENT, MPS_TCP_ACK, 1, bad ? 0x01 : 0x81, 2);
}

static void mpc_11_data(Bed *bed, bool bad)
{
    bed->conn->checksum = true;
    pb_open(bed->first);
    send_first_data(bed, bad ? 0x01 : 0x81, bed->conn->key, 100, 0x1234);
}

static void mpc_12(Bed *bed, bool bad)
{
    const uint64_t keys[] = {bed->conn->key[PB_CLIENT], bed->conn->key[PB_SERVER] ^ bad};
    PbOptions options = {0};

    pb_syn(bed->first);
    pb_synack(bed->first);
    pb_opt_capable(&options, 1, PB_CAPABLE_H, 2, keys, -1, -1);
    bed_fault(bed);
    send_options(bed->first, PB_CLIENT, MPS_TCP_ACK, &options);
}

/* A later connection with the same addresses and ports, whose SYN was not captured, is another. */
static void mpc_12_reuse(Bed *bed, bool bad)
{
    PbConn *later = pb_conn(bed->net, 1, 1111, 2222);
    PbFlow *flow = pb_flow(later, PB_CLIENT, "10.1.1.1", 40000, "10.2.1.1", 80);

    later->ip_id_per_flow = true;
    mpc_12(bed, bad);
    pb_rst(bed->first, PB_CLIENT, -1);
    bed->net->hidden = true;
    pb_syn(flow);
    bed->net->hidden = false;
    pb_synack(flow);
    pb_third_ack(flow);
    pb_send_cut(flow, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    pb_ack(flow, PB_SERVER);
}

static void mpc_13(Bed *bed, bool bad)
{
    const uint64_t keys[] = {bed->conn->key[PB_CLIENT] ^ bad, bed->conn->key[PB_SERVER]};
    PbOptions options = {0};

    pb_syn(bed->first);
    pb_synack(bed->first);
    pb_opt_capable(&options, 0, PB_CAPABLE_H, 2, keys, -1, -1);
    bed_fault(bed);
    send_options(bed->first, PB_CLIENT, MPS_TCP_ACK, &options);
}

static void mpc_13_synack(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed->conn->key[PB_SERVER] ^= bad;
    bed_fault(bed);
    pb_synack(bed->first);
}

/* Between the two goes another SYN: a listener without state may have drawn another key. */
static void mpc_13_stateless(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    pb_synack(bed->first);
    pb_syn(bed->first);
    bed->conn->key[PB_SERVER] ^= bad;
    bed_fault(bed);
    pb_synack(bed->first);
}

static void mpc_13_data(Bed *bed, bool bad)
{
    const uint64_t keys[] = {bed->conn->key[PB_CLIENT] ^ bad, bed->conn->key[PB_SERVER]};

    pb_open(bed->first);
    send_first_data(bed, PB_CAPABLE_H, keys, 100, -1);
}

/* Of two connections in a row with the same addresses and ports, only data was captured. */
static void mpc_13_reuse(Bed *bed, bool bad)
{
    PbConn *later = pb_conn(bed->net, 1, 1111, 2222);
    PbFlow *flow = pb_flow(later, PB_CLIENT, "10.1.1.1", 40000, "10.2.1.1", 80);

    bed->net->hidden = true;
    pb_open(bed->first);
    bed->net->hidden = false;
    pb_send_cut(bed->first, PB_CLIENT, 100, 2, PB_MAP_CAPABLE);
    if (bad) {
        const uint64_t keys[] = {bed->conn->key[PB_CLIENT] ^ 1, bed->conn->key[PB_SERVER]};

        bed->first->next_ssn[PB_CLIENT] = 1;
        bed_fault(bed);
        send_first_data(bed, PB_CAPABLE_H, keys, 100, -1);
        return;
    }
    pb_send(bed->first, PB_CLIENT, 1000);
    flow->isn[PB_CLIENT] = bed->first->isn[PB_CLIENT] + 30000;
    flow->isn[PB_SERVER] = bed->first->isn[PB_SERVER] + 30000;
    bed->net->hidden = true;
    pb_open(flow);
    bed->net->hidden = false;
    pb_send_cut(flow, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    pb_send(flow, PB_CLIENT, 1000);
}

static void mpc_13_flags(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    bed_fault(bed);
    send_capable(bed, PB_CLIENT, MPS_TCP_SYN, 1, bad ? 0x21 : 0x01, 0);
}

/* Another connection between the same hosts. */
static PbFlow *more(Bed *bed, uint16_t port, uint64_t client_key, uint64_t server_key)
{
    PbConn *conn = pb_conn(bed->net, 1, client_key, server_key);

    conn->ip_id_per_flow = true;
    return pb_flow(conn, PB_CLIENT, "10.1.1.1", port, "10.2.1.1", 80);
}

/* A key may be used again when the other connection is over. */
static void mpc_14(Bed *bed, bool bad)
{
    PbFlow *flow = more(bed, 41000, bed->conn->key[PB_CLIENT], 77);

    bed_start(bed);
    if (!bad)
        pb_close(bed->conn);
    pb_syn(flow);
    pb_synack(flow);
    bed_fault(bed);
    pb_third_ack(flow);
}

/* Keys that are contradicted are not judged. */
static void mpc_14_doubtful(Bed *bed, bool bad)
{
    mpc_12(bed, bad);
    bed->fault_packet = 0;
}

/* Of two keys of a listener without state the initiator says which one counts: with the second one
 * it is not known what the first was. */
static void mpc_14_two_keys(Bed *bed, bool bad)
{
    mpc_13_stateless(bed, true);
    bed->conn->key[PB_SERVER] ^= !bad;
    pb_third_ack(bed->first);
    bed->fault_packet = 0;
}

static void mpc_14_token(Bed *bed, bool bad)
{
    PbFlow *one = more(bed, 41000, UINT64_C(0xf7a669adbf019f3e), 77);
    PbFlow *two = more(bed, 41001, UINT64_C(0x21b204f044160c42) + !bad, 78);

    pb_open(one);
    pb_syn(two);
    pb_synack(two);
    bed_fault(bed);
    pb_third_ack(two);
}

static void mpc_14_zero(Bed *bed, bool bad)
{
    PbFlow *flow = more(bed, 41000, 77, bad ? 0 : 78);

    pb_open(flow);
}

static void mpc_14_alike(Bed *bed, bool bad)
{
    pb_open(more(bed, 41000, 77, bad ? 77 : 78));
}

static void mpc_14_counted(Bed *bed, bool bad)
{
    pb_open(more(bed, 41000, 1000, 57));
    pb_open(more(bed, 41001, 1007, 53));
    pb_open(more(bed, 41002, bad ? 1014 : 1015, 51));
}

/* The third packet has no MP_CAPABLE, so the listener has to forget MPTCP. */
static void mpc_15(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed->first->stripped = true;
    pb_third_ack(bed->first);
    bed->first->stripped = !bad;
    bed_fault(bed);
    pb_send(bed->first, PB_SERVER, 100);
}

static void mpc_15_initiator(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed_fault(bed);
    bed->first->received[PB_CLIENT] = 1;
    if (bad)
        pb_ack(bed->first, PB_CLIENT);
    else
        pb_third_ack(bed->first);
}

static void mpc_15_uncaptured(Bed *bed, bool bad)
{
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed->net->hidden = bad;
    pb_third_ack(bed->first);
    bed->net->hidden = false;
    pb_send(bed->first, PB_SERVER, 100);
    pb_ack(bed->first, PB_CLIENT);
}

static void mpc_16(Bed *bed, bool bad)
{
    pb_open(bed->first);
    bed_fault(bed);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, bad ? PB_MAP_ALL : PB_MAP_CAPABLE);
    pb_ack(bed->first, PB_SERVER);
}

/* Of the server's packets nothing proves that there was none before; the client's time stamps show
 * that it had got none. */
static void mpc_16_linux(Bed *bed, bool bad)
{
    bed->conn->synack_id_0 = true;
    pb_open(bed->first);
    pb_wait(bed->net, INT64_C(1000000000));
    bed_fault(bed);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, bad ? PB_MAP_ALL : PB_MAP_CAPABLE);
    pb_ack(bed->first, PB_SERVER);
}

/* Sent so soon that its time stamp does not tell.  An announcement with a wrong HMAC is answered by
 * nothing, and here not captured. */
static void mpc_16_unanswered(Bed *bed, bool bad)
{
    bed->net->step_ns = 50 * 1000;
    bed->conn->synack_id_0 = true;
    pb_open(bed->first);
    bed->net->hidden = true;
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    bed->net->hidden = false;
    pb_wait(bed->net, 300 * 1000);
    bed_fault(bed);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, bad ? PB_MAP_ALL : PB_MAP_CAPABLE);
    pb_ack(bed->first, PB_SERVER);
}

/* Any DATA_ACK of the listener shows that it has the key; here it may not be captured. */
static void mpc_16_uncaptured(Bed *bed, bool bad)
{
    pb_open(bed->first);
    bed->net->hidden = bad;
    pb_ack(bed->first, PB_SERVER);
    bed->net->hidden = false;
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

static void mpc_17(Bed *bed, bool bad)
{
    pb_open(bed->first);
    send_first_data(bed, PB_CAPABLE_H, bed->conn->key, bad ? 0 : 100, -1);
}

static void mpc_17_place(Bed *bed, bool bad)
{
    pb_open(bed->first);
    if (bad)
        (void)pb_plan(bed->first, PB_CLIENT, 3000);
    send_first_data(bed, PB_CAPABLE_H, bed->conn->key, 100, -1);
}

static void mpc_18(Bed *bed, bool bad)
{
    bed_start(bed);
    bed_fault(bed);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, bad ? PB_MAP_CAPABLE : PB_MAP_ALL);
    pb_ack(bed->first, PB_SERVER);
}

static void mpc_18_listener(Bed *bed, bool bad)
{
    PbOptions options = {0};

    bed_start(bed);
    pb_opt_capable(&options, 1, PB_CAPABLE_H, 1, &bed->conn->key[PB_SERVER], -1, -1);
    bed_fault(bed);
    if (bad)
        bed_option(bed->first, PB_SERVER, &options);
}

static void mpc_18_join(Bed *bed, bool bad)
{
    PbOptions options = {0};

    bed_start(bed);
    pb_open(bed->second);
    pb_opt_capable(&options, 1, PB_CAPABLE_H, 2, bed->conn->key, -1, -1);
    bed_fault(bed);
    if (bad)
        bed_option(bed->second, PB_CLIENT, &options);
}

/* A join to the initial address, or to another one that the server announced. */
static void mpc_19(Bed *bed, bool bad)
{
    PbFlow *elsewhere = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40003, "10.2.2.1", 80);

    elsewhere->address_id[PB_CLIENT] = bed->second->address_id[PB_CLIENT];
    elsewhere->address_id[PB_SERVER] = 1;
    bed->conn->capable_flags = PB_CAPABLE_C;
    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    bed_fault(bed);
    pb_open(bad ? bed->second : elsewhere);
}

static void mpc_20(Bed *bed, bool bad)
{
    send_capable(bed, PB_CLIENT, MPS_TCP_SYN, 1, 0x00, 0);
    bed->first->stripped = !bad;
    bed_fault(bed);
    pb_synack(bed->first);
}

static void mpc_20_third(Bed *bed, bool bad)
{
    send_third(bed, 0x00);
    bed->first->stripped = !bad;
    bed_fault(bed);
    pb_send(bed->first, PB_SERVER, 100);
}

/* The data of the SYN is acknowledged by the SYN/ACK: it has no data sequence numbers. */
static void open_fast(Bed *bed)
{
    pb_syn_with_data(bed->first, TFO_BYTES);
    pb_synack(bed->first);
    pb_third_ack(bed->first);
}

static void mpc_21(Bed *bed, bool bad)
{
    PbSpan span;

    open_fast(bed);
    pb_ack(bed->first, PB_SERVER);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.map_ssn += bad ? TFO_BYTES : 0;
    bed_fault(bed);
    pb_transmit(span);
}

static void mpc_21_contained(Bed *bed, bool bad)
{
    PbSpan span;

    open_fast(bed);
    pb_ack(bed->first, PB_SERVER);
    span = pb_plan(bed->first, PB_CLIENT, 100);
    span.map_offset += bad ? TFO_BYTES : 0;
    bed_fault(bed);
    pb_transmit(span);
}

static void mpc_21_acknowledged(Bed *bed, bool bad)
{
    open_fast(bed);
    bed_fault(bed);
    pb_ack_at(bed->first, PB_SERVER, 1, bad ? TFO_BYTES : 0);
}

static void mpc_22(Bed *bed, bool bad)
{
    pb_syn_with_data(bed->first, TFO_BYTES);
    pb_synack(bed->first);
    bed->conn->ack_bytes[PB_SERVER] = bad ? 8 : 0;
    bed_fault(bed);
    pb_send(bed->first, PB_SERVER, 100);
    bed->conn->ack_bytes[PB_SERVER] = 8;
    pb_third_ack(bed->first);
    pb_ack(bed->first, PB_CLIENT);
}

/* A DATA_ACK is right after the third packet, which here may not be captured. */
static void mpc_22_uncaptured(Bed *bed, bool bad)
{
    pb_syn_with_data(bed->first, TFO_BYTES);
    pb_synack(bed->first);
    bed->conn->ack_bytes[PB_SERVER] = 0;
    if (!bad)
        pb_send(bed->first, PB_SERVER, 100);
    bed->conn->ack_bytes[PB_SERVER] = 8;
    bed->net->hidden = bad;
    pb_third_ack(bed->first);
    bed->net->hidden = false;
    pb_send(bed->first, PB_SERVER, 100);
    pb_ack(bed->first, PB_CLIENT);
}

const RuleCase cases_mpc[] = {
    {.rule = "MPC-01", .run = mpc_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-01", .run = mpc_01_misshapen, .verdict = "violation"},
    {.rule = "MPC-01", .run = mpc_01_version, .verdict = "warning"},
    {.rule = "MPC-02", .run = mpc_02, .verdict = "violation", .suspect = "sender server"},
    {.rule = "MPC-03", .run = mpc_03, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-04", .run = mpc_04, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-04", .run = mpc_04_checksum, .verdict = "violation"},
    {.rule = "MPC-04", .run = mpc_04_inferred, .verdict = "violation"},
    {.rule = "MPC-05",
     .run = mpc_05,
     .verdict = "violation",
     .suspect = "sender server",
     .tcp = true},
    {.rule = "MPC-05", .run = mpc_05_uncaptured, .verdict = "warning", .tcp = true},
    {.rule = "MPC-05", .run = mpc_05, .verdict = "violation"},
    {.rule = "MPC-06", .run = mpc_06, .verdict = "violation", .suspect = "sender server"},
    {.rule = "MPC-06", .run = mpc_06_third, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-07", .run = mpc_07, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-08", .run = mpc_08, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-09", .run = mpc_09, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-09", .run = mpc_09_c, .verdict = "violation", .version = V0},
    {.rule = "MPC-09", .run = mpc_09_more, .verdict = "warning"},
    {.rule = "MPC-10", .run = mpc_10, .verdict = "violation", .suspect = "sender server"},
    {.rule = "MPC-11", .run = mpc_11, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-11", .run = mpc_11_data, .verdict = "warning"},
    {.rule = "MPC-12", .run = mpc_12, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-12", .run = mpc_12_reuse, .verdict = "violation", .noise = "FIN-09"},
    {.rule = "MPC-13",
     .run = mpc_13,
     .verdict = "violation",
     .suspect = "sender client",
     .version = V0},
    {.rule = "MPC-13", .run = mpc_13_synack, .verdict = "violation", .suspect = "sender server"},
    {.rule = "MPC-13", .run = mpc_13_stateless, .verdict = "warning"},
    {.rule = "MPC-13", .run = mpc_13_data, .verdict = "violation"},
    {.rule = "MPC-13", .run = mpc_13_reuse, .verdict = "violation"},
    {.rule = "MPC-13", .run = mpc_13_flags, .verdict = "violation"},
    {.rule = "MPC-14", .run = mpc_14, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-14", .run = mpc_14_doubtful, .verdict = "not_checkable", .also = "MPC-12"},
    {.rule = "MPC-14", .run = mpc_14_two_keys, .verdict = "not_checkable", .noise = "MPC-13"},
    {.rule = "MPC-14", .run = mpc_14_token, .verdict = "warning"},
    {.rule = "MPC-14", .run = mpc_14_zero, .verdict = "warning", .suspect = "sender server"},
    {.rule = "MPC-14", .run = mpc_14_alike, .verdict = "warning", .suspect = "sender server"},
    {.rule = "MPC-14", .run = mpc_14_counted, .verdict = "warning"},
    {.rule = "MPC-15", .run = mpc_15, .verdict = "violation", .suspect = "receiver server"},
    {.rule = "MPC-15", .run = mpc_15_initiator, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-15", .run = mpc_15_uncaptured, .verdict = "not_checkable"},
    {.rule = "MPC-16", .run = mpc_16, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-16", .run = mpc_16_linux, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-16", .run = mpc_16_unanswered, .verdict = "warning"},
    {.rule = "MPC-16", .run = mpc_16_uncaptured, .verdict = "not_checkable"},
    {.rule = "MPC-17", .run = mpc_17, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-17", .run = mpc_17_place, .verdict = "violation"},
    {.rule = "MPC-18", .run = mpc_18, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-18", .run = mpc_18_listener, .verdict = "violation", .suspect = "sender server"},
    {.rule = "MPC-18", .run = mpc_18_join, .verdict = "violation"},
    {.rule = "MPC-19", .run = mpc_19, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-20",
     .run = mpc_20,
     .verdict = "violation",
     .noise = "MPC-08",
     .suspect = "receiver server"},
    {.rule = "MPC-20", .run = mpc_20_third, .verdict = "violation", .noise = "MPC-08"},
    {.rule = "MPC-21", .run = mpc_21, .verdict = "violation", .suspect = "sender client"},
    {.rule = "MPC-21", .run = mpc_21_contained, .verdict = "violation"},
    {.rule = "MPC-21",
     .run = mpc_21_acknowledged,
     .verdict = "violation",
     .suspect = "sender server"},
    {.rule = "MPC-22", .run = mpc_22, .verdict = "violation", .suspect = "sender server"},
    {.rule = "MPC-22", .run = mpc_22_uncaptured, .verdict = "not_checkable"},
    {0},
};
