/* relay.c - a stretch of a path with a delay, and accidents that are known, for scripts/lab.
 *
 * Carries TCP packets between two interfaces of one namespace, each after a fixed delay counted
 * from the kernel's receive time stamp.  Some may be lost, copied or held back: by what they carry
 * (--act), or at random from a seed.  What happened to which packet is logged, one JSON object a
 * line.  The kernel must not forward these packets itself.  Offloaded segments and checksums stay
 * as they are. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_FRAME = 1 << 17,
    MAX_ACTS = 64,
    MAX_FLOWS = 64,
    MS_NS = 1000 * 1000,
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4
};

typedef enum { UP, DOWN, N_DIRECTIONS } Direction; /* left to right, right to left */

typedef struct {
    char kind[8]; /* drop, dup, hold: later than others; spike: and all others after it */
    Direction direction;
    uint32_t byte;     /* of the stream, from 0: packets that carry it ... */
    uint64_t from, to; /* ... for the how manieth time, from 1 */
    uint64_t seen;
    int64_t ns;
} Act;

typedef struct {
    uint16_t sport, dport;
    uint32_t first_seq; /* of the stream */
} Flow;

typedef struct Packet {
    struct Packet *next;
    int64_t due_ns;
    size_t n_bytes;
    uint8_t bytes[]; /* virtio_net_hdr, Ethernet frame */
} Packet;

typedef struct {
    const char *name;
    int fd;
    uint8_t host[ETH_ALEN]; /* frames sent by this interface go to it */
} Port;

typedef struct {
    uint16_t id, sport, dport;
    uint32_t seq, bytes;
    uint8_t flags;
} Tcp;

static struct {
    Port port[2]; /* left, right */
    int64_t delay_ns[N_DIRECTIONS];
    Act acts[MAX_ACTS];
    size_t n_acts;
    uint64_t random;
    unsigned loss, duplicate, hold; /* per mille */
    int64_t duplicate_ns, hold_ns;
    FILE *log;

    Packet *queue[N_DIRECTIONS]; /* by due_ns */
    Flow flows[MAX_FLOWS];
    size_t n_flows;
    int64_t not_before_ns[N_DIRECTIONS];
} relay;

static uint8_t frame[MAX_FRAME];

static void die(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 * MS_NS + t.tv_nsec;
}

/* xorshift64: the same everywhere. */
static bool happens(unsigned per_mille)
{
    if (per_mille == 0)
        return false;
    relay.random ^= relay.random << 13;
    relay.random ^= relay.random >> 7;
    relay.random ^= relay.random << 17;
    return relay.random % 1000 < per_mille;
}

static void open_port(Port *port)
{
    const unsigned index = if_nametoindex(port->name);
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
    int one = 1, room = 8 << 20;

    port->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
    if (port->fd < 0 || index == 0 ||
        setsockopt(port->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) < 0 ||
        setsockopt(port->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0 ||
        setsockopt(port->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) < 0 ||
        setsockopt(port->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0 ||
        bind(port->fd, (struct sockaddr *)&to, sizeof to) < 0)
        die(port->name);
}

static uint16_t be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* Reads IPv4 or IPv6 without extension headers; false: not TCP. */
static bool read_tcp(const uint8_t *ether, size_t n_bytes, Tcp *out)
{
    const uint8_t *ip = ether + ETH_HLEN, *tcp;
    size_t total;

    if (n_bytes < ETH_HLEN + 60 - 20 || ether[0] & 1)
        return false;
    if (be16(ether + 12) == ETHERTYPE_IP && ip[9] == IPPROTO_TCP) {
        tcp = ip + (ip[0] & 15) * 4;
        out->id = be16(ip + 4);
    } else if (be16(ether + 12) == ETHERTYPE_IPV6 && ip[6] == IPPROTO_TCP) {
        tcp = ip + 40;
        out->id = 0;
    } else {
        return false;
    }
    total = n_bytes - (size_t)(tcp - ether);
    if ((size_t)(tcp - ether) + 20 > n_bytes || (size_t)(tcp[12] >> 4) * 4 > total)
        return false;
    out->sport = be16(tcp);
    out->dport = be16(tcp + 2);
    out->seq = (uint32_t)be16(tcp + 4) << 16 | be16(tcp + 6);
    out->flags = tcp[13];
    out->bytes = (uint32_t)(total - (size_t)(tcp[12] >> 4) * 4);
    return true;
}

static void enqueue(Direction direction, size_t n_bytes, int64_t due_ns)
{
    const Port *out = &relay.port[direction == UP];
    Packet *packet = malloc(sizeof *packet + n_bytes), **at = &relay.queue[direction];

    if (!packet)
        die("memory");
    packet->due_ns = due_ns;
    packet->n_bytes = n_bytes;
    memcpy(packet->bytes, frame, n_bytes);
    memcpy(packet->bytes + sizeof(struct virtio_net_hdr), out->host, ETH_ALEN);
    while (*at && (*at)->due_ns <= due_ns)
        at = &(*at)->next;
    packet->next = *at;
    *at = packet;
}

static Flow *find_flow(const Tcp *tcp)
{
    for (size_t i = 0; i < relay.n_flows; i++)
        if (relay.flows[i].sport == tcp->sport && relay.flows[i].dport == tcp->dport)
            return &relay.flows[i];
    return NULL;
}

static void take_syn(const Tcp *tcp)
{
    Flow *flow = find_flow(tcp);

    if (!flow && relay.n_flows < MAX_FLOWS)
        flow = &relay.flows[relay.n_flows++];
    if (flow)
        *flow = (Flow){tcp->sport, tcp->dport, tcp->seq + 1};
}

/* Sequence numbers are told relative to the SYN's. */
static void note(const char *action, Direction direction, const Tcp *tcp, int64_t ts_ns)
{
    const Flow *flow = find_flow(tcp);

    if (!relay.log)
        return;
    fprintf(relay.log,
            "{\"action\": \"%s\", \"path\": \"%s\", \"direction\": \"%s\", \"ts_ns\": %" PRId64
            ", \"sport\": %u, \"dport\": %u, \"seq\": %" PRIu32 ", \"bytes\": %" PRIu32
            ", \"id\": %u}\n",
            action, relay.port[0].name, direction == UP ? "c2s" : "s2c", ts_ns, tcp->sport,
            tcp->dport, flow ? tcp->seq - flow->first_seq + 1 : tcp->seq, tcp->bytes, tcp->id);
    fflush(relay.log);
}

/* The first --act that the packet fits; all count it. */
static const Act *act_of(Direction direction, const Tcp *tcp)
{
    const Flow *flow = find_flow(tcp);
    const Act *found = NULL;

    for (size_t i = 0; flow && i < relay.n_acts; i++) {
        Act *act = &relay.acts[i];

        if (act->direction != direction || flow->first_seq + act->byte - tcp->seq >= tcp->bytes)
            continue;
        act->seen++;
        if (!found && act->seen >= act->from && act->seen <= act->to)
            found = act;
    }
    return found;
}

/* What --act and chance have in store for the packet; "" for nothing. */
static const char *fate(Direction direction, const Tcp *tcp, int64_t *ns)
{
    const Act *act = act_of(direction, tcp);

    if (act) {
        *ns = act->ns;
        return act->kind;
    }
    if (tcp->flags & (TCP_SYN | TCP_FIN | TCP_RST))
        return "";
    if (happens(relay.loss))
        return "drop";
    if (tcp->bytes == 0)
        return "";
    *ns = relay.duplicate_ns;
    if (happens(relay.duplicate))
        return "dup";
    *ns = relay.hold_ns;
    return happens(relay.hold) ? "hold" : "";
}

static void take(Direction direction, size_t n_bytes, int64_t ts_ns)
{
    int64_t due_ns = ts_ns + relay.delay_ns[direction], ns = 0;
    const char *what;
    Tcp tcp;

    if (n_bytes <= sizeof(struct virtio_net_hdr) ||
        !read_tcp(frame + sizeof(struct virtio_net_hdr), n_bytes - sizeof(struct virtio_net_hdr),
                  &tcp))
        return;
    if (tcp.flags & TCP_SYN)
        take_syn(&tcp);
    what = fate(direction, &tcp, &ns);
    if (*what)
        note(what, direction, &tcp, ts_ns);
    if (strcmp(what, "drop") == 0)
        return;
    if (strcmp(what, "spike") == 0)
        relay.not_before_ns[direction] = ts_ns + relay.delay_ns[direction] + ns;
    if (due_ns < relay.not_before_ns[direction])
        due_ns = relay.not_before_ns[direction];
    if (strcmp(what, "hold") == 0)
        due_ns += ns;
    enqueue(direction, n_bytes, due_ns);
    if (strcmp(what, "dup") == 0)
        enqueue(direction, n_bytes, due_ns + ns);
}

static void read_port(Direction direction)
{
    uint8_t control[256];
    struct iovec data = {frame, sizeof frame};

    for (;;) {
        struct msghdr message = {.msg_iov = &data,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        const ssize_t n = recvmsg(relay.port[direction].fd, &message, 0);
        int64_t ts_ns = 0;

        if (n < 0)
            return;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                struct timespec t;

                memcpy(&t, CMSG_DATA(c), sizeof t);
                ts_ns = (int64_t)t.tv_sec * 1000 * MS_NS + t.tv_nsec;
            }
        take(direction, (size_t)n, ts_ns ? ts_ns : now_ns());
    }
}

/* Sends what is due; returns how long there is nothing more to do [ns], -1: for ever. */
static int64_t send_due(void)
{
    int64_t wait_ns = -1;

    for (Direction direction = UP; direction <= DOWN; direction++) {
        const Port *out = &relay.port[direction == UP];
        Packet *packet;

        while ((packet = relay.queue[direction]) && packet->due_ns <= now_ns()) {
            relay.queue[direction] = packet->next;
            /* A full queue behind it drops the packet, as a router's does. */
            if (write(out->fd, packet->bytes, packet->n_bytes) < 0 && errno != ENOBUFS)
                die("write");
            free(packet);
        }
        if (packet) {
            const int64_t left_ns = packet->due_ns - now_ns();

            if (wait_ns < 0 || left_ns < wait_ns)
                wait_ns = left_ns < 0 ? 0 : left_ns;
        }
    }
    return wait_ns;
}

static const char HELP[] =
    "Usage: relay --left IF=MAC --right IF=MAC [OPTION...]\n"
    "  MAC: where frames sent by that interface go\n"
    "  --delay UP:DOWN        one-way delays [ms]\n"
    "  --act DIR:BYTE[xN[-M]]:WHAT   to the first (Nth to Mth) packet with that byte of a stream;\n"
    "                         DIR is up or down, WHAT drop, dup[=MS], hold=MS,\n"
    "                         spike=MS (all that come after it wait as well)\n"
    "  --seed N --loss N --dup N[:MS] --hold N:MS   at random, per mille of the packets\n"
    "  --log FILE             what happened to which packet\n";

static void usage(void)
{
    fputs(HELP, stderr);
    exit(2);
}

static int64_t milliseconds(const char *text)
{
    return (int64_t)(strtod(text, NULL) * MS_NS);
}

static void parse_port(Port *port, char *text)
{
    char *mac = strchr(text, '=');
    unsigned byte[ETH_ALEN];

    if (!mac || sscanf(mac + 1, "%x:%x:%x:%x:%x:%x", byte, byte + 1, byte + 2, byte + 3, byte + 4,
                       byte + 5) != ETH_ALEN)
        usage();
    *mac = '\0';
    port->name = text;
    for (int i = 0; i < ETH_ALEN; i++)
        port->host[i] = (uint8_t)byte[i];
}

static void parse_act(const char *text)
{
    Act *act = &relay.acts[relay.n_acts++];
    char direction[5], place[32], what[32];
    const char *times, *dash, *equals;

    if (relay.n_acts > MAX_ACTS ||
        sscanf(text, "%4[a-z]:%31[0-9x-]:%31s", direction, place, what) != 3)
        usage();
    act->direction = strcmp(direction, "up") == 0 ? UP : DOWN;
    act->byte = (uint32_t)strtoul(place, NULL, 10);
    times = strchr(place, 'x');
    act->from = times ? strtoull(times + 1, NULL, 10) : 1;
    dash = times ? strchr(times, '-') : NULL;
    act->to = dash ? strtoull(dash + 1, NULL, 10) : act->from;
    equals = strchr(what, '=');
    act->ns = equals ? milliseconds(equals + 1) : 0;
    snprintf(act->kind, sizeof act->kind, "%.*s", (int)strcspn(what, "="), what);
}

static void parse_options(int argc, char **argv)
{
    static const struct option table[] = {
        {"left", 1, NULL, 'l'}, {"right", 1, NULL, 'r'}, {"delay", 1, NULL, 'd'},
        {"act", 1, NULL, 'a'},  {"seed", 1, NULL, 's'},  {"loss", 1, NULL, 'x'},
        {"dup", 1, NULL, '2'},  {"hold", 1, NULL, 'h'},  {"log", 1, NULL, 'L'},
        {NULL, 0, NULL, 0},
    };
    const char *colon;
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        colon = optarg ? strchr(optarg, ':') : NULL;
        switch (c) {
        case 'l':
        case 'r':
            parse_port(&relay.port[c == 'r'], optarg);
            break;
        case 'd':
            relay.delay_ns[UP] = milliseconds(optarg);
            relay.delay_ns[DOWN] = milliseconds(colon ? colon + 1 : optarg);
            break;
        case 'a':
            parse_act(optarg);
            break;
        case 's':
            relay.random = strtoull(optarg, NULL, 10) * UINT64_C(0x9e3779b97f4a7c15);
            break;
        case 'x':
            relay.loss = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case '2':
            relay.duplicate = (unsigned)strtoul(optarg, NULL, 10);
            relay.duplicate_ns = colon ? milliseconds(colon + 1) : 0;
            break;
        case 'h':
            relay.hold = (unsigned)strtoul(optarg, NULL, 10);
            relay.hold_ns = colon ? milliseconds(colon + 1) : 0;
            break;
        case 'L':
            relay.log = fopen(optarg, "w");
            if (!relay.log)
                die(optarg);
            break;
        default:
            usage();
        }
    }
    if (!relay.port[0].name || !relay.port[1].name || optind < argc)
        usage();
}

int main(int argc, char **argv)
{
    /* So that a busy machine adds little to the delays. */
    const struct sched_param urgent = {.sched_priority = 10};

    relay.random = 1;
    parse_options(argc, argv);
    sched_setscheduler(0, SCHED_FIFO, &urgent);
    open_port(&relay.port[0]);
    open_port(&relay.port[1]);
    fprintf(stderr, "relaying\n");
    for (;;) {
        const int64_t wait_ns = send_due();
        const struct timespec wait = {wait_ns / (1000 * MS_NS), wait_ns % (1000 * MS_NS)};
        struct pollfd p[2] = {{relay.port[0].fd, POLLIN, 0}, {relay.port[1].fd, POLLIN, 0}};

        if (ppoll(p, 2, wait_ns < 0 ? NULL : &wait, NULL) < 0 && errno != EINTR)
            die("ppoll");
        if (p[0].revents)
            read_port(UP);
        if (p[1].revents)
            read_port(DOWN);
    }
}
