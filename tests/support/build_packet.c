#include "build_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <pcap/pcap.h>

#define SECOND_NS         INT64_C(1000000000)
#define PCAP_BUFFER_BYTES (1 << 20)

static void put_be16(uint8_t *out, uint16_t value)
{
    value = GUINT16_TO_BE(value);
    memcpy(out, &value, sizeof value);
}

static void put_be32(uint8_t *out, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(out, &value, sizeof value);
}

static void put_be64(uint8_t *out, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(out, &value, sizeof value);
}

static uint32_t get_be32(const uint8_t *at)
{
    uint32_t wire;

    memcpy(&wire, at, sizeof wire);
    return GUINT32_FROM_BE(wire);
}

static uint64_t get_be64(const uint8_t *at)
{
    uint64_t wire;

    memcpy(&wire, at, sizeof wire);
    return GUINT64_FROM_BE(wire);
}

/* ---- crypto ---- */

static GChecksumType digest_type(int version)
{
    g_assert(version == 0 || version == 1);
    return version == 0 ? G_CHECKSUM_SHA1 : G_CHECKSUM_SHA256;
}

size_t pb_hash(int version, uint64_t key, uint8_t out[PB_DIGEST_MAX])
{
    g_autoptr(GChecksum) hash = g_checksum_new(digest_type(version));
    uint8_t wire[8];
    gsize n_bytes = PB_DIGEST_MAX;

    put_be64(wire, key);
    g_checksum_update(hash, wire, sizeof wire);
    g_checksum_get_digest(hash, out, &n_bytes);
    return n_bytes;
}

size_t pb_hmac(int version, uint64_t own_key, uint64_t peer_key, const void *message,
               size_t n_bytes, uint8_t out[PB_DIGEST_MAX])
{
    uint8_t keys[16];
    gsize digest_bytes = PB_DIGEST_MAX;

    put_be64(keys, own_key);
    put_be64(keys + 8, peer_key);

    g_autoptr(GHmac) hmac = g_hmac_new(digest_type(version), keys, sizeof keys);

    g_hmac_update(hmac, message, (gssize)n_bytes);
    g_hmac_get_digest(hmac, out, &digest_bytes);
    return digest_bytes;
}

size_t pb_join_hmac(int version, uint64_t own_key, uint64_t peer_key, uint32_t own_nonce,
                    uint32_t peer_nonce, uint8_t out[PB_DIGEST_MAX])
{
    uint8_t message[8];

    put_be32(message, own_nonce);
    put_be32(message + 4, peer_nonce);
    return pb_hmac(version, own_key, peer_key, message, sizeof message, out);
}

uint32_t pb_token(int version, uint64_t key)
{
    uint8_t digest[PB_DIGEST_MAX];

    pb_hash(version, key, digest);
    return get_be32(digest);
}

uint64_t pb_idsn(int version, uint64_t key)
{
    uint8_t digest[PB_DIGEST_MAX];
    const size_t n_bytes = pb_hash(version, key, digest);

    return get_be64(digest + n_bytes - 8);
}

static size_t address_bytes(MpsAddress address)
{
    g_assert(address.family == 4 || address.family == 6);
    return address.family == 4 ? 4 : 16;
}

void pb_add_addr_hmac(uint64_t own_key, uint64_t peer_key, uint8_t address_id, MpsAddress address,
                      uint16_t port, uint8_t out[8])
{
    const size_t n_bytes = address_bytes(address);
    uint8_t message[1 + 16 + 2], digest[PB_DIGEST_MAX];

    message[0] = address_id;
    memcpy(message + 1, address.bytes, n_bytes);
    put_be16(message + 1 + n_bytes, port);
    pb_hmac(1, own_key, peer_key, message, 1 + n_bytes + 2, digest);
    memcpy(out, digest + 24, 8);
}

/* Ones' complement sum of @bytes in network order, an odd last byte padded with zero. */
static uint64_t sum_bytes(const uint8_t *bytes, size_t n_bytes)
{
    uint64_t sum = 0;

    for (; n_bytes >= 4; bytes += 4, n_bytes -= 4)
        sum += get_be32(bytes);
    if (n_bytes > 0) {
        uint8_t rest[4] = {0};

        memcpy(rest, bytes, n_bytes);
        sum += get_be32(rest);
    }
    return sum;
}

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

uint16_t pb_dss_checksum(uint64_t dsn, uint32_t ssn, uint16_t data_bytes, const uint8_t *payload,
                         size_t payload_bytes)
{
    const uint64_t header = (dsn >> 32) + (uint32_t)dsn + ssn + data_bytes;

    return (uint16_t)~fold(header + sum_bytes(payload, payload_bytes));
}

/* ---- option encoders ---- */

static uint8_t *option_space(PbOptions *o, size_t n_bytes)
{
    uint8_t *at = o->bytes + o->n;

    g_assert(o->n + n_bytes <= sizeof o->bytes);
    o->n = (uint8_t)(o->n + n_bytes);
    return at;
}

/* Room for an MPTCP option, with kind, length and subtype filled and the rest zero. */
static uint8_t *mptcp_option(PbOptions *o, MpsSubtype subtype, size_t n_bytes)
{
    uint8_t *at = option_space(o, n_bytes);

    memset(at, 0, n_bytes);
    at[0] = 30;
    at[1] = (uint8_t)n_bytes;
    at[2] = (uint8_t)(subtype << 4);
    return at;
}

void pb_opt_raw(PbOptions *o, const void *bytes, size_t n_bytes)
{
    memcpy(option_space(o, n_bytes), bytes, n_bytes);
}

void pb_opt_timestamp(PbOptions *o, uint32_t tsval, uint32_t tsecr)
{
    uint8_t *at = option_space(o, 12);

    at[0] = at[1] = 1;
    at[2] = 8;
    at[3] = 10;
    put_be32(at + 4, tsval);
    put_be32(at + 8, tsecr);
}

void pb_opt_capable(PbOptions *o, int version, uint8_t flags, int n_keys, const uint64_t *keys,
                    int data_bytes, int checksum)
{
    const size_t keys_end = 4 + (size_t)n_keys * 8;
    uint8_t *at = mptcp_option(o, MPS_MP_CAPABLE,
                               keys_end + (data_bytes >= 0 ? 2 : 0) + (checksum >= 0 ? 2 : 0));

    at[2] = (uint8_t)(at[2] | version);
    at[3] = flags;
    for (int i = 0; i < n_keys; i++)
        put_be64(at + 4 + i * 8, keys[i]);
    if (data_bytes >= 0)
        put_be16(at + keys_end, (uint16_t)data_bytes);
    if (checksum >= 0)
        put_be16(at + keys_end + 2, (uint16_t)checksum);
}

void pb_opt_join_syn(PbOptions *o, bool backup, uint8_t address_id, uint32_t token, uint32_t nonce)
{
    uint8_t *at = mptcp_option(o, MPS_MP_JOIN, 12);

    at[2] = (uint8_t)(at[2] | backup);
    at[3] = address_id;
    put_be32(at + 4, token);
    put_be32(at + 8, nonce);
}

void pb_opt_join_synack(PbOptions *o, bool backup, uint8_t address_id, const uint8_t hmac[8],
                        uint32_t nonce)
{
    uint8_t *at = mptcp_option(o, MPS_MP_JOIN, 16);

    at[2] = (uint8_t)(at[2] | backup);
    at[3] = address_id;
    memcpy(at + 4, hmac, 8);
    put_be32(at + 12, nonce);
}

void pb_opt_join_ack(PbOptions *o, const uint8_t hmac[20])
{
    memcpy(mptcp_option(o, MPS_MP_JOIN, 24) + 4, hmac, 20);
}

void pb_opt_dss(PbOptions *o, const PbDss *dss)
{
    const size_t map_bytes = dss->has_map ? dss->dsn_bytes + 6u : 0;
    const size_t n_bytes = 4u + dss->ack_bytes + map_bytes + (dss->has_checksum ? 2 : 0);
    uint8_t *at = mptcp_option(o, MPS_DSS, n_bytes);

    at[3] = (uint8_t)((dss->ack_bytes ? 0x01 : 0) | (dss->ack_bytes == 8 ? 0x02 : 0) |
                      (dss->has_map ? 0x04 : 0) | (dss->has_map && dss->dsn_bytes == 8 ? 0x08 : 0) |
                      (dss->data_fin ? 0x10 : 0));
    at += 4;
    if (dss->ack_bytes == 8)
        put_be64(at, dss->data_ack);
    else if (dss->ack_bytes == 4)
        put_be32(at, (uint32_t)dss->data_ack);
    at += dss->ack_bytes;
    if (!dss->has_map)
        return;
    if (dss->dsn_bytes == 8)
        put_be64(at, dss->dsn);
    else
        put_be32(at, (uint32_t)dss->dsn);
    at += dss->dsn_bytes;
    put_be32(at, dss->ssn);
    put_be16(at + 4, dss->data_bytes);
    if (dss->has_checksum)
        put_be16(at + 6, dss->checksum);
}

void pb_opt_add_addr(PbOptions *o, int version, bool echo, uint8_t address_id, MpsAddress address,
                     uint16_t port, const uint8_t hmac[8])
{
    const size_t port_at = 4 + address_bytes(address);
    const size_t hmac_at = port_at + (port ? 2 : 0);
    uint8_t *at = mptcp_option(o, MPS_ADD_ADDR, hmac_at + (hmac ? 8 : 0));

    at[2] = (uint8_t)(at[2] | (version == 0 ? address.family : echo));
    at[3] = address_id;
    memcpy(at + 4, address.bytes, address_bytes(address));
    if (port)
        put_be16(at + port_at, port);
    if (hmac)
        memcpy(at + hmac_at, hmac, 8);
}

void pb_opt_remove_addr(PbOptions *o, const uint8_t *ids, size_t n_ids)
{
    memcpy(mptcp_option(o, MPS_REMOVE_ADDR, 3 + n_ids) + 3, ids, n_ids);
}

void pb_opt_prio(PbOptions *o, bool backup, int address_id)
{
    uint8_t *at = mptcp_option(o, MPS_MP_PRIO, address_id < 0 ? 3 : 4);

    at[2] = (uint8_t)(at[2] | backup);
    if (address_id >= 0)
        at[3] = (uint8_t)address_id;
}

void pb_opt_fail(PbOptions *o, uint64_t dsn)
{
    put_be64(mptcp_option(o, MPS_MP_FAIL, 12) + 4, dsn);
}

void pb_opt_fastclose(PbOptions *o, uint64_t receiver_key)
{
    put_be64(mptcp_option(o, MPS_MP_FASTCLOSE, 12) + 4, receiver_key);
}

void pb_opt_tcprst(PbOptions *o, uint8_t flags, uint8_t reason)
{
    uint8_t *at = mptcp_option(o, MPS_MP_TCPRST, 4);

    at[2] = (uint8_t)(at[2] | flags);
    at[3] = reason;
}

/* ---- packets and files ---- */

MpsAddress pb_address(const char *text)
{
    MpsAddress address = {.family = strchr(text, ':') ? 6 : 4};

    g_assert(inet_pton(address.family == 6 ? AF_INET6 : AF_INET, text, address.bytes) == 1);
    return address;
}

MpsEndpoint pb_endpoint(const char *address, uint16_t port)
{
    return (MpsEndpoint){pb_address(address), port};
}

/* Locally administered MAC addresses that end like the IP address. */
static uint8_t *put_ethernet(uint8_t *at, const PbPacket *packet)
{
    const size_t tail = address_bytes(packet->dst.address) - 4;

    at[0] = at[6] = 0x02;
    at[1] = at[7] = 0x00;
    memcpy(at + 2, packet->dst.address.bytes + tail, 4);
    memcpy(at + 8, packet->src.address.bytes + tail, 4);
    put_be16(at + 12, packet->dst.address.family == 4 ? 0x0800 : 0x86dd);
    return at + 14;
}

static uint8_t *put_ip(uint8_t *at, const PbPacket *packet, uint32_t tcp_bytes)
{
    if (packet->src.address.family == 4) {
        g_assert(tcp_bytes + 20 <= UINT16_MAX);
        at[0] = 0x45;
        at[1] = 0;
        put_be16(at + 2, (uint16_t)(tcp_bytes + 20));
        put_be16(at + 4, packet->ip_id);
        put_be16(at + 6, 0x4000); /* do not fragment */
        at[8] = packet->ttl;
        at[9] = 6;
        put_be16(at + 10, 0);
        memcpy(at + 12, packet->src.address.bytes, 4);
        memcpy(at + 16, packet->dst.address.bytes, 4);
        put_be16(at + 10, (uint16_t)~fold(sum_bytes(at, 20)));
        return at + 20;
    }
    g_assert(tcp_bytes <= UINT16_MAX);
    put_be32(at, 0x60000000);
    put_be16(at + 4, (uint16_t)tcp_bytes);
    at[6] = 6;
    at[7] = packet->ttl;
    memcpy(at + 8, packet->src.address.bytes, 16);
    memcpy(at + 24, packet->dst.address.bytes, 16);
    return at + 40;
}

uint32_t pb_frame(PbLink link, const PbPacket *packet, uint8_t *out, uint32_t out_bytes,
                  uint32_t *wire_bytes)
{
    const size_t ip_bytes = address_bytes(packet->src.address);
    const uint32_t option_bytes = (packet->options.n + 3u) & ~3u;
    const uint32_t header_bytes = 20 + option_bytes;
    const uint32_t tcp_bytes = header_bytes + packet->payload_bytes;
    uint8_t *tcp = out;

    g_assert(out_bytes >= PB_HEADERS_MAX);
    g_assert(packet->src.address.family == packet->dst.address.family);
    if (link == PB_ETHERNET && packet->n_tunnels == 0)
        tcp = put_ethernet(tcp, packet);
    tcp = put_ip(tcp, packet, tcp_bytes);
    put_be16(tcp, packet->src.port);
    put_be16(tcp + 2, packet->dst.port);
    put_be32(tcp + 4, packet->seq);
    put_be32(tcp + 8, packet->ack);
    tcp[12] = (uint8_t)(header_bytes << 2);
    tcp[13] = packet->flags;
    put_be16(tcp + 14, packet->window);
    put_be16(tcp + 16, 0); /* checksum */
    put_be16(tcp + 18, packet->urgent);
    memset(tcp + 20 + packet->options.n, 1, option_bytes - packet->options.n); /* NOP */
    memcpy(tcp + 20, packet->options.bytes, packet->options.n);

    uint64_t sum = sum_bytes(packet->src.address.bytes, ip_bytes) +
                   sum_bytes(packet->dst.address.bytes, ip_bytes) + 6 + tcp_bytes +
                   sum_bytes(tcp, header_bytes);
    if (packet->payload)
        sum += sum_bytes(packet->payload, packet->payload_bytes);
    put_be16(tcp + 16, (uint16_t)~fold(sum));

    const uint32_t headers = (uint32_t)(tcp - out) + header_bytes;
    const uint32_t kept = MIN(packet->payload_bytes, out_bytes - headers);

    if (packet->payload)
        memcpy(out + headers, packet->payload, kept);
    else
        memset(out + headers, 0, kept);
    *wire_bytes = headers + packet->payload_bytes;
    if (packet->n_tunnels > 0 || (link != PB_RAW && link != PB_ETHERNET))
        return pb_wrap(link, packet, out, out_bytes, headers + kept, wire_bytes);
    return headers + kept;
}

struct _PbCapture {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
    PbLink link;
    uint32_t snaplen_bytes;
    uint64_t packets;
    uint8_t *frame; /* @frame_bytes */
    uint32_t frame_bytes;
};

void pb_capture_snap(PbCapture *self, uint32_t snaplen_bytes)
{
    self->snaplen_bytes = snaplen_bytes ? snaplen_bytes : 262144;
}

PbCapture *pb_capture_open(const char *path, PbLink link, uint32_t snaplen_bytes)
{
    PbCapture *self = g_new0(PbCapture, 1);
    FILE *file = fopen(path, "wb");

    if (!file)
        g_error("%s: %s", path, g_strerror(errno));
    setvbuf(file, NULL, _IOFBF, PCAP_BUFFER_BYTES);
    self->link = link;
    pb_capture_snap(self, snaplen_bytes);
    self->frame_bytes = MAX(self->snaplen_bytes, 2 * PB_HEADERS_MAX);
    self->frame = g_malloc(self->frame_bytes);
    self->pcap = pcap_open_dead_with_tstamp_precision((int)link, (int)self->snaplen_bytes,
                                                      PCAP_TSTAMP_PRECISION_NANO);
    self->dumper = pcap_dump_fopen(self->pcap, file);
    g_assert(self->dumper);
    return self;
}

void pb_capture_write(PbCapture *self, const PbPacket *packet)
{
    struct pcap_pkthdr header = {
        .ts = {.tv_sec = packet->ts_ns / SECOND_NS, .tv_usec = packet->ts_ns % SECOND_NS},
    };
    uint32_t wire_bytes;
    const uint32_t n_bytes =
        pb_frame(self->link, packet, self->frame, self->frame_bytes, &wire_bytes);

    header.caplen = MIN(n_bytes, self->snaplen_bytes);
    header.len = wire_bytes;
    pcap_dump((u_char *)self->dumper, &header, self->frame);
    self->packets++;
}

uint64_t pb_capture_packets(const PbCapture *self)
{
    return self->packets;
}

void pb_capture_close(PbCapture *self)
{
    if (pcap_dump_flush(self->dumper) != 0 || ferror(pcap_dump_file(self->dumper)))
        g_error("cannot write the capture: %s", g_strerror(errno));
    pcap_dump_close(self->dumper);
    pcap_close(self->pcap);
    g_free(self->frame);
    g_free(self);
}

/* ---- the script ---- */

PbNet *pb_net_open(const char *path, PbLink link, uint32_t snaplen_bytes, int64_t start_ns)
{
    PbNet *net = g_new0(PbNet, 1);

    net->capture = pb_capture_open(path, link, snaplen_bytes);
    net->owned = g_ptr_array_new_with_free_func(g_free);
    net->now_ns = start_ns;
    net->step_ns = 1000000;
    return net;
}

void pb_net_close(PbNet *net)
{
    pb_capture_close(net->capture);
    g_ptr_array_unref(net->owned);
    g_free(net);
}

void pb_wait(PbNet *net, int64_t ns)
{
    net->now_ns += ns;
}

PbConn *pb_conn(PbNet *net, int version, uint64_t client_key, uint64_t server_key)
{
    PbConn *conn = g_new0(PbConn, 1);
    const uint8_t width = version == 0 ? 4 : 8;

    g_ptr_array_add(net->owned, conn);
    conn->net = net;
    conn->version = version;
    conn->timestamps = true;
    for (int side = 0; side < 2; side++) {
        conn->key[side] = side == PB_CLIENT ? client_key : server_key;
        conn->token[side] = pb_token(version, conn->key[side]);
        conn->idsn[side] = pb_idsn(version, conn->key[side]);
        conn->dsn_bytes[side] = conn->ack_bytes[side] = width;
        conn->ip_id[side] = (uint16_t)(conn->token[side] >> 16);
    }
    return conn;
}

PbFlow *pb_flow(PbConn *conn, PbSide opener, const char *client_address, uint16_t client_port,
                const char *server_address, uint16_t server_port)
{
    PbFlow *flow = g_new0(PbFlow, 1);

    g_ptr_array_add(conn->net->owned, flow);
    flow->conn = conn;
    flow->opener = opener;
    if (conn->n_flows == 0)
        conn->initial = flow;
    flow->token = conn->token[pb_peer(opener)];
    flow->at[PB_CLIENT] = pb_endpoint(client_address, client_port);
    flow->at[PB_SERVER] = pb_endpoint(server_address, server_port);
    for (int side = 0; side < 2; side++) {
        const uint32_t mix = conn->token[side] + (uint32_t)conn->n_flows * 0x9e3779b9u;

        flow->isn[side] = mix ^ 0x5bd1e995u;
        flow->nonce[side] = mix * 2654435761u;
        flow->next_ssn[side] = 1;
        flow->ttl[side] = 64;
        flow->window[side] = 512; /* 64 kB with the scale of the SYN */
    }
    flow->address_id[opener] = (uint8_t)conn->n_flows;
    conn->n_flows++;
    return flow;
}

/* MSS 1460, SACK permitted, time stamps, window scale 7, in the order of Linux. */
static void add_syn_options(const PbFlow *flow, PbSide from, PbOptions *o)
{
    static const uint8_t mss_sack[] = {2, 4, 0x05, 0xb4, 4, 2}, scale[] = {1, 3, 3, 7};
    PbOptions stamp = {.n = 0};

    pb_opt_timestamp(&stamp, flow->tsval[from], flow->tsval[pb_peer(from)]);
    pb_opt_raw(o, mss_sack, sizeof mss_sack);
    if (flow->conn->timestamps)
        pb_opt_raw(o, stamp.bytes + 2, 10); /* without its NOPs */
    else
        pb_opt_raw(o, stamp.bytes, 2);
    pb_opt_raw(o, scale, sizeof scale);
}

static uint16_t next_ip_id(PbFlow *flow, PbSide from, uint8_t flags)
{
    PbConn *conn = flow->conn;

    if (!conn->ip_id_per_flow)
        return conn->ip_id[from]++;
    if (conn->synack_id_0 && from != flow->opener && flags & MPS_TCP_SYN) {
        flow->ip_id[from] = (uint16_t)flow->isn[from];
        return 0;
    }
    return ++flow->ip_id[from];
}

/* Sends one packet with the state of the flow; @payload NULL is allowed for no payload only. */
static void emit(PbFlow *flow, PbSide from, uint8_t flags, uint32_t ssn, const PbOptions *options,
                 const uint8_t *payload, uint32_t payload_bytes)
{
    PbConn *conn = flow->conn;
    PbNet *net = conn->net;
    const PbSide to = pb_peer(from);
    const bool syn = flags & MPS_TCP_SYN;
    PbPacket packet = {
        .ts_ns = net->now_ns,
        .src = flow->at[from],
        .dst = flow->at[to],
        .seq = flow->isn[from] + ssn + (syn ? 0 : flow->tfo_bytes[from]),
        .flags = flags,
        .window = flow->window[from],
        .ip_id = next_ip_id(flow, from, flags),
        .ttl = flow->ttl[from],
        .payload = payload,
        .payload_bytes = payload_bytes,
        .tunnels = flow->tunnels,
        .n_tunnels = flow->n_tunnels,
        .backwards = from == PB_SERVER,
    };

    if (flow->received[from] > 0) {
        packet.flags |= MPS_TCP_ACK;
        packet.ack = flow->isn[to] + flow->received[from] + flow->tfo_bytes[to];
    }
    flow->tsval[from] = conn->token[from] + (uint32_t)(net->now_ns / 1000000);
    if (syn) {
        packet.window = 64240;
        add_syn_options(flow, from, &packet.options);
    } else if (conn->timestamps && !(flags & MPS_TCP_RST)) {
        pb_opt_timestamp(&packet.options, flow->tsval[from], flow->tsval[to]);
    }
    pb_opt_raw(&packet.options, options->bytes, options->n);

    if (!net->hidden) {
        net->captured_payload_bytes[from] += payload_bytes;
        pb_capture_write(net->capture, &packet);
        if (net->twice) {
            packet.ttl--;
            packet.ts_ns += 20000;
            pb_capture_write(net->capture, &packet);
        }
    }
    net->now_ns += net->step_ns;
}

static bool is_initial(const PbFlow *flow)
{
    return flow == flow->conn->initial;
}

static bool speaks_mptcp(const PbFlow *flow)
{
    return !flow->conn->fallen_back && !flow->stripped;
}

static uint8_t capable_flags(const PbConn *conn)
{
    return (uint8_t)(conn->capable_flags | PB_CAPABLE_H | (conn->checksum ? PB_CAPABLE_A : 0));
}

static uint64_t data_ack(const PbConn *conn, PbSide from)
{
    return conn->idsn[pb_peer(from)] + 1 + conn->received[from];
}

static void add_data_ack(const PbFlow *flow, PbSide from, PbOptions *o)
{
    const PbConn *conn = flow->conn;

    if (!speaks_mptcp(flow) || conn->ack_bytes[from] == 0)
        return;
    pb_opt_dss(o, &(PbDss){.ack_bytes = conn->ack_bytes[from], .data_ack = data_ack(conn, from)});
}

void pb_syn_with_data(PbFlow *flow, uint32_t payload_bytes)
{
    const PbConn *conn = flow->conn;
    PbOptions o = {.n = 0};
    g_autofree uint8_t *payload = g_malloc0(payload_bytes + 1);

    if (is_initial(flow))
        pb_opt_capable(&o, conn->version, capable_flags(conn), conn->version == 0,
                       &conn->key[flow->opener], -1, -1);
    else
        pb_opt_join_syn(&o, flow->backup, flow->address_id[flow->opener], flow->token,
                        flow->nonce[flow->opener]);
    if (payload_bytes > 0) /* a Fast Open cookie, RFC 7413 */
        pb_opt_raw(&o, (const uint8_t[]){34, 10, 1, 2, 3, 4, 5, 6, 7, 8}, 10);
    flow->tfo_bytes[flow->opener] = payload_bytes;
    emit(flow, flow->opener, MPS_TCP_SYN, 0, &o, payload, payload_bytes);
}

void pb_syn(PbFlow *flow)
{
    pb_syn_with_data(flow, 0);
}

/* What @side proves in a join, wrong if the script says so. */
static void join_hmac(const PbFlow *flow, PbSide side, uint8_t out[PB_DIGEST_MAX])
{
    const PbConn *conn = flow->conn;
    const PbSide peer = pb_peer(side);

    pb_join_hmac(conn->version, conn->key[side], conn->key[peer], flow->nonce[side],
                 flow->nonce[peer], out);
    if (flow->forged_hmac[side])
        out[0] ^= 0xff;
}

void pb_synack(PbFlow *flow)
{
    const PbConn *conn = flow->conn;
    const PbSide from = pb_peer(flow->opener);
    PbOptions o = {.n = 0};
    uint8_t hmac[PB_DIGEST_MAX];

    flow->received[from] = 1;
    if (flow->stripped) {
        emit(flow, from, MPS_TCP_SYN, 0, &o, NULL, 0);
        return;
    }
    if (is_initial(flow)) {
        pb_opt_capable(&o, conn->version, capable_flags(conn), 1, &conn->key[from], -1, -1);
    } else {
        join_hmac(flow, from, hmac);
        pb_opt_join_synack(&o, flow->backup, flow->address_id[from], hmac, flow->nonce[from]);
    }
    emit(flow, from, MPS_TCP_SYN, 0, &o, NULL, 0);
}

void pb_third_ack(PbFlow *flow)
{
    const PbConn *conn = flow->conn;
    PbOptions o = {.n = 0};
    uint8_t hmac[PB_DIGEST_MAX];

    flow->received[flow->opener] = 1;
    if (flow->stripped) {
        emit(flow, flow->opener, MPS_TCP_ACK, 1, &o, NULL, 0);
        return;
    }
    if (is_initial(flow)) {
        pb_opt_capable(&o, conn->version, capable_flags(conn), 2, conn->key, -1, -1);
        if (conn->version == 0)
            add_data_ack(flow, flow->opener, &o);
    } else {
        join_hmac(flow, flow->opener, hmac);
        pb_opt_join_ack(&o, hmac);
    }
    emit(flow, flow->opener, MPS_TCP_ACK, 1, &o, NULL, 0);
}

void pb_open(PbFlow *flow)
{
    pb_syn(flow);
    pb_synack(flow);
    pb_third_ack(flow);
    if (!is_initial(flow))
        pb_ack_at(flow, pb_peer(flow->opener), 1, flow->conn->received[pb_peer(flow->opener)]);
}

uint8_t pb_pattern(PbSide from, uint64_t offset)
{
    return (uint8_t)(offset ^ offset >> 8 ^ offset >> 16 ^ (from == PB_CLIENT ? 0x5a : 0xa5));
}

PbSpan pb_own_map(PbSpan span)
{
    g_assert(span.bytes < UINT16_MAX);
    span.map_offset = span.offset;
    span.map_ssn = span.ssn;
    span.map_bytes = (uint16_t)span.bytes;
    return span;
}

static PbSpan plan_at(PbFlow *flow, PbSide from, uint64_t offset, uint32_t bytes)
{
    PbSpan span = {
        .flow = flow,
        .from = from,
        .offset = offset,
        .ssn = flow->next_ssn[from],
        .bytes = bytes,
        .segments = 1,
        .style = speaks_mptcp(flow) ? PB_MAP_ALL : PB_MAP_NONE,
    };

    flow->next_ssn[from] += bytes;
    return pb_own_map(span);
}

PbSpan pb_plan(PbFlow *flow, PbSide from, uint32_t bytes)
{
    PbConn *conn = flow->conn;
    const uint64_t offset = conn->next_offset[from];

    conn->next_offset[from] += bytes;
    return plan_at(flow, from, offset, bytes);
}

PbSpan pb_plan_again(PbSpan span, PbFlow *on)
{
    PbSpan copy = plan_at(on, span.from, span.offset, span.bytes);

    copy.payload = span.payload;
    return copy;
}

PbSpan pb_part(PbSpan span, uint32_t skip_bytes, uint32_t bytes)
{
    g_assert(skip_bytes + bytes <= span.bytes);
    span.offset += skip_bytes;
    span.ssn += skip_bytes;
    span.bytes = bytes;
    span.segments = 1;
    return span;
}

/* The payload of @n_bytes from data offset @offset. */
static uint8_t *span_payload(const PbSpan *span, uint64_t offset, size_t n_bytes)
{
    uint8_t *payload = g_malloc(n_bytes + 1);

    for (size_t i = 0; i < n_bytes; i++)
        payload[i] = span->payload ? span->payload[offset + i - span->map_offset]
                                   : pb_pattern(span->from, offset + i);
    return payload;
}

static void add_mapping(const PbSpan *span, bool mapped, PbOptions *o)
{
    const PbConn *conn = span->flow->conn;
    const uint64_t dsn = conn->idsn[span->from] + 1 + span->map_offset;
    const uint16_t data_bytes = (uint16_t)(span->map_bytes + (span->data_fin ? 1 : 0));
    int checksum = -1;

    if (!mapped) {
        add_data_ack(span->flow, span->from, o);
        return;
    }
    if (conn->checksum && data_bytes > 0) {
        g_autofree uint8_t *payload = span_payload(span, span->map_offset, span->map_bytes);

        checksum = pb_dss_checksum(dsn - span->dsn_added, span->map_ssn, data_bytes, payload,
                                   span->map_bytes);
        checksum ^= span->wrong_checksum ? 0xffff : 0;
    } else if (conn->checksum) {
        checksum = span->wrong_checksum ? 0xffff : 0; /* infinite mapping */
    }
    if (span->style == PB_MAP_CAPABLE) {
        pb_opt_capable(o, conn->version, capable_flags(conn), 2, conn->key, data_bytes, checksum);
        return;
    }
    pb_opt_dss(o, &(PbDss){
                      .has_map = true,
                      .has_checksum = conn->checksum,
                      .data_fin = span->data_fin,
                      .ack_bytes = conn->ack_bytes[span->from],
                      .dsn_bytes = conn->dsn_bytes[span->from],
                      .data_ack = data_ack(conn, span->from),
                      .dsn = dsn,
                      .ssn = span->map_ssn,
                      .data_bytes = data_bytes,
                      .checksum = (uint16_t)(checksum < 0 ? 0 : checksum),
                  });
}

void pb_transmit(PbSpan span)
{
    const uint32_t each = span.bytes / span.segments;

    g_assert(each > 0);
    for (uint32_t i = 0; i < span.segments; i++) {
        const bool last = i + 1 == span.segments;
        const uint32_t n_bytes = last ? span.bytes - i * each : each;
        const bool mapped = span.style == PB_MAP_ALL || span.style == PB_MAP_CAPABLE ||
                            (span.style == PB_MAP_FIRST && i == 0) ||
                            (span.style == PB_MAP_LAST && last);
        g_autofree uint8_t *payload = span_payload(&span, span.offset + i * each, n_bytes);
        PbOptions o = {.n = 0};

        add_mapping(&span, mapped, &o);
        emit(span.flow, span.from, (uint8_t)(MPS_TCP_ACK | (last ? MPS_TCP_PSH : 0)),
             span.ssn + i * each, &o, payload, n_bytes);
    }
}

PbSpan pb_send_cut(PbFlow *flow, PbSide from, uint32_t bytes, uint32_t segments, PbMapStyle style)
{
    PbSpan span = pb_plan(flow, from, bytes);

    span.segments = segments;
    span.style = style;
    pb_transmit(span);
    return span;
}

PbSpan pb_send(PbFlow *flow, PbSide from, uint32_t bytes)
{
    PbSpan span = pb_plan(flow, from, bytes);

    pb_transmit(span);
    return span;
}

PbSpan pb_send_last(PbFlow *flow, PbSide from, uint32_t bytes)
{
    PbSpan span = pb_plan(flow, from, bytes);

    span.data_fin = true;
    flow->conn->next_offset[from]++;
    pb_transmit(span);
    return span;
}

PbSpan pb_send_infinite(PbFlow *flow, PbSide from, uint32_t bytes)
{
    PbSpan span = pb_plan(flow, from, bytes);

    span.map_bytes = 0;
    pb_transmit(span);
    flow->conn->fallen_back = true;
    return span;
}

PbSpan pb_reinject(PbSpan span, PbFlow *on)
{
    PbSpan copy = pb_plan_again(span, on);

    pb_transmit(copy);
    return copy;
}

void pb_ack_at(PbFlow *flow, PbSide from, uint32_t ssn, uint64_t offset)
{
    PbOptions o = {.n = 0};

    flow->received[from] = ssn;
    flow->conn->received[from] = offset;
    add_data_ack(flow, from, &o);
    emit(flow, from, MPS_TCP_ACK, flow->next_ssn[from], &o, NULL, 0);
}

void pb_ack(PbFlow *flow, PbSide from)
{
    const PbSide peer = pb_peer(from);

    pb_ack_at(flow, from, flow->next_ssn[peer], flow->conn->next_offset[peer]);
}

void pb_data_fin(PbFlow *flow, PbSide from)
{
    PbConn *conn = flow->conn;
    const PbSpan fin = {
        .flow = flow,
        .from = from,
        .map_offset = conn->next_offset[from]++,
        .data_fin = true,
    };
    PbOptions o = {.n = 0};

    add_mapping(&fin, true, &o);
    emit(flow, from, MPS_TCP_ACK, flow->next_ssn[from], &o, NULL, 0);
}

void pb_fin(PbFlow *flow, PbSide from)
{
    PbOptions o = {.n = 0};

    add_data_ack(flow, from, &o);
    emit(flow, from, MPS_TCP_FIN | MPS_TCP_ACK, flow->next_ssn[from]++, &o, NULL, 0);
}

void pb_fin_exchange(PbFlow *flow, PbSide first)
{
    const PbSide second = pb_peer(first);

    pb_fin(flow, first);
    pb_ack(flow, second);
    pb_fin(flow, second);
    pb_ack(flow, first);
}

void pb_close(PbConn *conn)
{
    PbFlow *flow = conn->initial;

    pb_data_fin(flow, PB_CLIENT);
    pb_ack(flow, PB_SERVER);
    pb_data_fin(flow, PB_SERVER);
    pb_ack(flow, PB_CLIENT);
    pb_fin_exchange(flow, PB_CLIENT);
}

static void emit_options(PbFlow *flow, PbSide from, uint8_t flags, const PbOptions *o)
{
    emit(flow, from, flags, flow->next_ssn[from], o, NULL, 0);
}

void pb_rst(PbFlow *flow, PbSide from, int reason)
{
    PbOptions o = {.n = 0};

    if (reason >= 0)
        pb_opt_tcprst(&o, 0, (uint8_t)reason);
    emit_options(flow, from, MPS_TCP_RST, &o);
}

void pb_fastclose(PbFlow *flow, PbSide from, bool reset)
{
    PbOptions o = {.n = 0};

    pb_opt_fastclose(&o, flow->conn->key[pb_peer(from)]);
    emit_options(flow, from, reset ? MPS_TCP_RST | MPS_TCP_ACK : MPS_TCP_ACK, &o);
}

void pb_mp_fail(PbFlow *flow, PbSide from, uint64_t offset)
{
    PbOptions o = {.n = 0};

    pb_opt_fail(&o, flow->conn->idsn[pb_peer(from)] + 1 + offset);
    emit_options(flow, from, MPS_TCP_ACK, &o);
}

void pb_add_addr(PbFlow *flow, PbSide from, uint8_t id, const char *address, uint16_t port)
{
    const PbConn *conn = flow->conn;
    const MpsAddress announced = pb_address(address);
    PbOptions o = {.n = 0};
    uint8_t hmac[8];

    pb_add_addr_hmac(conn->key[from], conn->key[pb_peer(from)], id, announced, port, hmac);
    pb_opt_add_addr(&o, conn->version, false, id, announced, port,
                    conn->version == 0 ? NULL : hmac);
    emit_options(flow, from, MPS_TCP_ACK, &o);
}

void pb_add_addr_echo(PbFlow *flow, PbSide from, uint8_t id, const char *address, uint16_t port)
{
    PbOptions o = {.n = 0};

    pb_opt_add_addr(&o, flow->conn->version, true, id, pb_address(address), port, NULL);
    emit_options(flow, from, MPS_TCP_ACK, &o);
}

void pb_remove_addr(PbFlow *flow, PbSide from, uint8_t id)
{
    PbOptions o = {.n = 0};

    pb_opt_remove_addr(&o, &id, 1);
    emit_options(flow, from, MPS_TCP_ACK, &o);
}

void pb_prio(PbFlow *flow, PbSide from, bool backup)
{
    PbOptions o = {.n = 0};

    pb_opt_prio(&o, backup, -1);
    emit_options(flow, from, MPS_TCP_ACK, &o);
}

void pb_raw(PbFlow *flow, PbSide from, uint8_t flags, const void *options, size_t n_bytes)
{
    PbOptions o = {.n = 0};

    pb_opt_raw(&o, options, n_bytes);
    emit_options(flow, from, flags, &o);
}

void pb_raw_data(PbFlow *flow, PbSide from, uint32_t bytes, const PbOptions *options)
{
    const PbSpan span = pb_plan(flow, from, bytes);
    g_autofree uint8_t *payload = span_payload(&span, span.offset, bytes);

    emit(flow, from, MPS_TCP_ACK | MPS_TCP_PSH, span.ssn, options, payload, bytes);
}
