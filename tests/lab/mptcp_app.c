/* mptcp_app.c - traffic with exactly known byte counts, for scripts/lab.
 *
 * A server accepts a number of connections, a client opens one; either side sends a known number of
 * bytes and reads what comes.  Every connection ends as one JSON object: addresses, the kernel's
 * token of this side, bytes accepted by send() and returned by recv(), how it ended, and what the
 * kernel had counted on each subflow just before. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/mptcp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

#ifndef SOL_TCP
#define SOL_TCP 6
#endif

enum { MAX_CONNECTIONS = 64, MAX_SUBFLOWS = 8, MAX_REQUESTS = 64, CHUNK_BYTES = 16384 };

/* What MPTCP_TCPINFO and MPTCP_SUBFLOW_ADDRS fill. */
typedef struct {
    struct mptcp_subflow_data head;
    struct tcp_info each[MAX_SUBFLOWS];
} Infos;

typedef struct {
    struct mptcp_subflow_data head;
    struct mptcp_subflow_addrs each[MAX_SUBFLOWS];
} Addresses;

typedef struct {
    bool server;
    bool tcp;
    bool abort;      /* close by SO_LINGER 0 */
    bool half_close; /* server: shut down after sending, not only at the client's end */
    const char *bind;
    const char *to;
    const char *json;
    uint16_t port;
    uint16_t local_port;
    unsigned connections;
    uint64_t send_bytes;
    uint64_t recv_bytes;   /* close after that many; UINT64_MAX: read to the end */
    uint64_t after_bytes;  /* send only once that many were received */
    uint64_t pause_bytes;  /* pause once, after that many bytes sent ... */
    int64_t pause_ms;      /* ... for that long */
    uint64_t rate;         /* bytes a second, 0: unlimited */
    uint64_t burst_writes; /* bursts of that many writes ... */
    uint64_t burst_bytes;  /* ... of that many bytes each ... */
    int64_t burst_ms;      /* ... begin so often */
    uint64_t read_bytes;   /* read nothing more once, after that many bytes ... */
    int64_t read_ms;       /* ... for that long */
    uint64_t answer_every; /* of so many bytes received each ... */
    uint64_t answer_bytes; /* ... earn so many to send ... */
    int64_t answer_ms;     /* ... so much later */
    int rcvbuf;            /* 0: as the kernel has it */
    int64_t delay_ms;      /* before the first byte */
    int64_t hold_ms;       /* between the last byte sent and shutdown or close */
    unsigned timeout_s;
} Options;

typedef struct {
    int fd;
    struct sockaddr_storage local;
    struct sockaddr_storage remote;
    uint64_t sent;
    uint64_t received;
    int64_t start_ms;  /* of sending; -1: not yet */
    int64_t resume_ms; /* end of the pause; -1: not paused yet */
    int64_t sent_ms;   /* when the last byte was sent; -1: not yet */
    bool mptcp_at_start;
    bool mptcp_at_end;
    uint32_t token;
    bool shut;
    bool eof;
    int error;
    int64_t reads_on_ms;              /* end of the pause in reading; -1: not paused yet */
    uint64_t requests;                /* whose answer was earned */
    int64_t request_ms[MAX_REQUESTS]; /* when */
    int unacked_bytes;                /* data, at the end; -1: not known */
    Infos infos;                      /* head.num_subflows 0: not known */
    Addresses addresses;
} Connection;

static uint8_t buffer[CHUNK_BYTES];

static void die(const char *what)
{
    fprintf(stderr, "mptcp_app: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Fills *out from a numeric address; NULL is the IPv6 wildcard, which takes IPv4 as well. */
static socklen_t parse_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (text && inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    if (text && inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) {
        fprintf(stderr, "mptcp_app: not an address: %s\n", text);
        exit(2);
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof *v6;
}

static int open_socket(const Options *o, int family)
{
    int fd = socket(family, SOCK_STREAM, o->tcp ? IPPROTO_TCP : IPPROTO_MPTCP);
    int one = 1;

    if (fd < 0)
        die("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        die("SO_REUSEADDR");
    if (o->rcvbuf && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &o->rcvbuf, sizeof o->rcvbuf) < 0)
        die("SO_RCVBUF");
    if (o->burst_writes && setsockopt(fd, SOL_TCP, TCP_NODELAY, &one, sizeof one) < 0)
        die("TCP_NODELAY");
    return fd;
}

/* Whether the socket speaks MPTCP now (false after a fallback), and its token. */
static bool read_mptcp(int fd, uint32_t *token)
{
    struct mptcp_info info = {0};
    socklen_t length = sizeof info;

    if (getsockopt(fd, SOL_MPTCP, MPTCP_INFO, &info, &length) < 0)
        return false;
    if (info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK)
        return false;
    if (token)
        *token = info.mptcpi_token;
    return true;
}

/* The kernel's account of each subflow that is there. */
static void read_subflows(Connection *c)
{
    socklen_t length = sizeof c->infos;

    c->infos.head = (struct mptcp_subflow_data){.size_subflow_data = sizeof c->infos.head,
                                                .size_user = sizeof c->infos.each[0]};
    if (getsockopt(c->fd, SOL_MPTCP, MPTCP_TCPINFO, &c->infos, &length) < 0)
        c->infos.head.num_subflows = 0;
    length = sizeof c->addresses;
    c->addresses.head = (struct mptcp_subflow_data){.size_subflow_data = sizeof c->addresses.head,
                                                    .size_user = sizeof c->addresses.each[0]};
    if (getsockopt(c->fd, SOL_MPTCP, MPTCP_SUBFLOW_ADDRS, &c->addresses, &length) < 0 ||
        c->addresses.head.num_subflows != c->infos.head.num_subflows ||
        c->infos.head.num_subflows > MAX_SUBFLOWS)
        c->infos.head.num_subflows = 0;
}

static void connection_init(Connection *c, int fd)
{
    socklen_t length = sizeof c->local;
    int flags = fcntl(fd, F_GETFL);

    memset(c, 0, sizeof *c);
    c->fd = fd;
    c->start_ms = c->resume_ms = c->sent_ms = c->reads_on_ms = -1;
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        die("O_NONBLOCK");
    getsockname(fd, (struct sockaddr *)&c->local, &length);
    length = sizeof c->remote;
    getpeername(fd, (struct sockaddr *)&c->remote, &length);
    c->mptcp_at_start = c->mptcp_at_end = read_mptcp(fd, &c->token);
}

static void connection_close(Connection *c, const Options *o, int error)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    c->error = error;
    c->mptcp_at_end = read_mptcp(c->fd, NULL);
    read_subflows(c);
    if (ioctl(c->fd, SIOCOUTQ, &c->unacked_bytes) < 0)
        c->unacked_bytes = -1;
    if (o->abort && setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) < 0)
        die("SO_LINGER");
    close(c->fd);
    c->fd = -1;
}

/* How many bytes may be sent at this moment. */
static uint64_t send_allowance(const Connection *c, const Options *o, int64_t now)
{
    uint64_t left = o->send_bytes - c->sent;
    uint64_t earned;

    if (c->received < o->after_bytes && !c->eof)
        return 0;
    if (c->start_ms >= 0 && now < c->start_ms + o->delay_ms)
        return 0;
    if (c->resume_ms >= 0 && now < c->resume_ms)
        return 0;
    if (o->pause_bytes && c->resume_ms < 0)
        left = o->pause_bytes - c->sent < left ? o->pause_bytes - c->sent : left;
    if (o->rate && c->start_ms >= 0) {
        earned = (uint64_t)(now - c->start_ms - o->delay_ms + 1) * o->rate / 1000;
        earned = earned > c->sent ? earned - c->sent : 0;
        left = earned < left ? earned : left;
    }
    if (o->answer_every) {
        earned = 0;
        for (uint64_t i = 0; i < c->requests && now >= c->request_ms[i] + o->answer_ms; i++)
            earned += o->answer_bytes;
        earned = earned > c->sent ? earned - c->sent : 0;
        left = earned < left ? earned : left;
    }
    if (o->burst_writes && c->start_ms >= 0) {
        earned = ((uint64_t)((now - c->start_ms - o->delay_ms) / o->burst_ms) + 1) *
                 o->burst_writes * o->burst_bytes;
        earned = earned > c->sent ? earned - c->sent : 0;
        earned = earned < o->burst_bytes ? earned : o->burst_bytes;
        left = earned < left ? earned : left;
    }
    return left < CHUNK_BYTES ? left : CHUNK_BYTES;
}

/* How many bytes may be read at this moment. */
static uint64_t recv_allowance(const Connection *c, const Options *o, int64_t now)
{
    uint64_t left = o->recv_bytes - c->received;

    if (c->reads_on_ms >= 0 && now < c->reads_on_ms)
        return 0;
    if (o->read_bytes && c->reads_on_ms < 0)
        left = o->read_bytes - c->received < left ? o->read_bytes - c->received : left;
    return left < CHUNK_BYTES ? left : CHUNK_BYTES;
}

static bool try_send(Connection *c, const Options *o, int64_t now)
{
    uint64_t want;
    ssize_t n;

    if (c->sent == o->send_bytes || c->shut)
        return true;
    if (c->start_ms < 0 && (c->received >= o->after_bytes || c->eof))
        c->start_ms = now;
    want = send_allowance(c, o, now);
    if (want == 0)
        return true;
    n = send(c->fd, buffer, want, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->sent += (uint64_t)n;
    if (o->pause_bytes && c->resume_ms < 0 && c->sent >= o->pause_bytes)
        c->resume_ms = now + o->pause_ms;
    return true;
}

static bool try_recv(Connection *c, const Options *o)
{
    const int64_t now = now_ms();
    const uint64_t want = recv_allowance(c, o, now);
    ssize_t n;

    if (c->eof || want == 0)
        return true;
    n = recv(c->fd, buffer, want, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        c->eof = true;
    c->received += (uint64_t)n;
    if (o->read_bytes && c->reads_on_ms < 0 && c->received >= o->read_bytes)
        c->reads_on_ms = now + o->read_ms;
    while (o->answer_every && c->requests < MAX_REQUESTS &&
           c->received >= (c->requests + 1) * o->answer_every)
        c->request_ms[c->requests++] = now;
    return true;
}

/* One turn: send, receive, shut down or close when it is time. */
static void connection_step(Connection *c, const Options *o, short revents)
{
    int64_t now = now_ms();
    bool read_all;

    if ((revents & (POLLIN | POLLHUP | POLLERR)) && !try_recv(c, o)) {
        connection_close(c, o, errno);
        return;
    }
    if (!try_send(c, o, now)) {
        connection_close(c, o, errno);
        return;
    }
    read_all = c->eof || c->received == o->recv_bytes;
    if (c->sent < o->send_bytes || (o->server && !o->half_close && !read_all))
        return; /* a half-closed host opens and accepts no joins: servers close last */
    if (c->sent_ms < 0 && (o->recv_bytes == UINT64_MAX || read_all))
        c->sent_ms = now;
    if (c->sent_ms < 0 || now < c->sent_ms + o->hold_ms)
        return;
    if (read_all || o->abort) {
        connection_close(c, o, 0);
    } else if (!c->shut) {
        shutdown(c->fd, SHUT_WR);
        c->shut = true;
    }
}

static void print_address(FILE *f, const char *name, const struct sockaddr_storage *a)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
    char text[INET6_ADDRSTRLEN] = "";
    bool is_v4 = a->ss_family == AF_INET;

    if (is_v4)
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, sizeof text);
    else
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    fprintf(f, "\"%s_addr\": \"%s\", \"%s_port\": %u, ", name, text, name,
            (unsigned)ntohs(is_v4 ? v4->sin_port : v6->sin6_port));
}

static void print_subflows(FILE *f, const Connection *c)
{
    const struct tcp_info *info = c->infos.each;

    fputs("\"tcp_info\": [", f);
    for (unsigned i = 0; i < c->infos.head.num_subflows; i++, info++) {
        struct sockaddr_storage local, remote;

        memcpy(&local, &c->addresses.each[i].ss_local, sizeof local);
        memcpy(&remote, &c->addresses.each[i].ss_remote, sizeof remote);
        fputs(i ? ", {" : "{", f);
        print_address(f, "local", &local);
        print_address(f, "remote", &remote);
        fprintf(f,
                "\"bytes_sent\": %" PRIu64 ", \"bytes_retrans\": %" PRIu64
                ", \"bytes_acked\": %" PRIu64 ", \"bytes_received\": %" PRIu64
                ", \"total_retrans\": %u, \"dsack_dups\": %u, \"reord_seen\": %u, "
                "\"rcv_ooopack\": %u, \"min_rtt_us\": %u, \"busy_us\": %" PRIu64
                ", \"unacked\": %u, \"notsent_bytes\": %u}",
                (uint64_t)info->tcpi_bytes_sent, (uint64_t)info->tcpi_bytes_retrans,
                (uint64_t)info->tcpi_bytes_acked, (uint64_t)info->tcpi_bytes_received,
                info->tcpi_total_retrans, info->tcpi_dsack_dups, info->tcpi_reord_seen,
                info->tcpi_rcv_ooopack, info->tcpi_min_rtt, (uint64_t)info->tcpi_busy_time,
                info->tcpi_unacked, info->tcpi_notsent_bytes);
    }
    fputs("], ", f);
}

static void write_json(const Options *o, const Connection *list, unsigned n)
{
    FILE *f = o->json ? fopen(o->json, "w") : stdout;

    if (!f)
        die(o->json);
    fputs("[", f);
    for (unsigned i = 0; i < n; i++) {
        const Connection *c = &list[i];

        fputs(i ? ",\n {" : "\n {", f);
        print_address(f, "local", &c->local);
        print_address(f, "remote", &c->remote);
        if (c->mptcp_at_start)
            fprintf(f, "\"token\": \"0x%08" PRIx32 "\", ", c->token);
        else
            fputs("\"token\": null, ", f);
        fprintf(f, "\"mptcp_at_end\": %s, ", c->mptcp_at_end ? "true" : "false");
        fprintf(f, "\"sent\": %" PRIu64 ", \"received\": %" PRIu64 ", ", c->sent, c->received);
        fprintf(f, "\"unacked_bytes\": %d, ", c->unacked_bytes);
        print_subflows(f, c);
        fprintf(f, "\"eof\": %s, \"error\": ", c->eof ? "true" : "false");
        if (c->error)
            fprintf(f, "\"%s\"}", strerror(c->error));
        else
            fputs("null}", f);
    }
    fputs("\n]\n", f);
    if (fclose(f) != 0)
        die("writing JSON");
}

/* Serves list[0..*n) and, while fewer than wanted were accepted, the listener. */
static void serve(const Options *o, Connection *list, unsigned *n, int listener)
{
    unsigned wanted = o->server ? o->connections : 1;
    unsigned open = *n;

    while (*n < wanted || open > 0) {
        struct pollfd p[MAX_CONNECTIONS + 1];
        nfds_t count = *n;

        for (unsigned i = 0; i < *n; i++) {
            const Connection *c = &list[i];
            bool reading = !c->eof && recv_allowance(c, o, now_ms()) > 0;
            bool writing = c->fd >= 0 && !c->shut && send_allowance(c, o, now_ms()) > 0;

            p[i].fd = c->fd >= 0 && (reading || writing) ? c->fd : -1;
            p[i].events = (short)((reading ? POLLIN : 0) | (writing ? POLLOUT : 0));
            p[i].revents = 0;
        }
        if (*n < wanted)
            p[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
        poll(p, count, 2);
        open = 0;
        for (unsigned i = 0; i < *n; i++) {
            if (list[i].fd >= 0)
                connection_step(&list[i], o, p[i].revents);
            open += list[i].fd >= 0;
        }
        if (count > *n && (p[*n].revents & POLLIN)) {
            int fd = accept(listener, NULL, NULL);

            if (fd < 0)
                continue;
            connection_init(&list[(*n)++], fd);
            open++;
        }
    }
}

static int run_server(const Options *o, Connection *list, unsigned *n)
{
    struct sockaddr_storage a;
    socklen_t length = parse_address(o->bind, o->port, &a);
    int fd = open_socket(o, a.ss_family);

    if (bind(fd, (struct sockaddr *)&a, length) < 0)
        die("bind");
    if (listen(fd, MAX_CONNECTIONS) < 0)
        die("listen");
    fprintf(stderr, "listening\n");
    serve(o, list, n, fd);
    close(fd);
    return 0;
}

static int run_client(const Options *o, Connection *list, unsigned *n)
{
    struct sockaddr_storage a, b;
    socklen_t length = parse_address(o->to, o->port, &a);
    int fd = open_socket(o, a.ss_family);

    if (o->bind || o->local_port) {
        socklen_t own = parse_address(o->bind, o->local_port, &b);

        if (bind(fd, (struct sockaddr *)&b, own) < 0)
            die("bind");
    }
    if (connect(fd, (struct sockaddr *)&a, length) < 0)
        die("connect");
    connection_init(&list[(*n)++], fd);
    serve(o, list, n, -1);
    return 0;
}

static const char HELP[] =
    "Usage: mptcp_app server --port P [OPTION...]\n"
    "       mptcp_app client --to ADDRESS --port P [OPTION...]\n"
    "  --bind ADDRESS     local address            --local-port P     client's port\n"
    "  --connections K    server: stop after K (1) --tcp              plain TCP\n"
    "  --send N           bytes to send (0)        --rate N           bytes a second\n"
    "  --after N          send once N were received\n"
    "  --delay MS         before the first byte    --pause BYTES:MS   once, after BYTES\n"
    "  --burst K:N:MS     every MS, K writes of N bytes, sent without waiting for more\n"
    "  --recv N           close after N bytes, even if more came (default: read to the end)\n"
    "  --answer K:N:MS    N bytes MS after each K received\n"
    "  --read-pause BYTES:MS   once, after BYTES   --rcvbuf N         receive buffer\n"
    "  --half-close       server: shut down after sending (default: after the client did)\n"
    "  --hold MS          wait before shutdown     --abort            close by SO_LINGER 0\n"
    "  --timeout S        give up (20)             --json FILE        result (stdout)\n";

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long v = strtoull(text, &end, 10);

    if (*text == '\0' || (*end != '\0' && *end != ':')) {
        fprintf(stderr, "mptcp_app: not a number: %s\n", text);
        exit(2);
    }
    return v;
}

/* "K:N:MS" */
static void parse_three(const char *text, uint64_t *k, uint64_t *n, int64_t *ms)
{
    if (sscanf(text, "%" SCNu64 ":%" SCNu64 ":%" SCNd64, k, n, ms) != 3 || *k == 0 || *ms == 0) {
        fprintf(stderr, "mptcp_app: not three numbers: %s\n", text);
        exit(2);
    }
}

static void parse_options(Options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"bind", 1, NULL, 'b'},
        {"local-port", 1, NULL, 'l'},
        {"port", 1, NULL, 'p'},
        {"to", 1, NULL, 't'},
        {"connections", 1, NULL, 'k'},
        {"tcp", 0, NULL, 'T'},
        {"send", 1, NULL, 's'},
        {"recv", 1, NULL, 'r'},
        {"after", 1, NULL, 'a'},
        {"rate", 1, NULL, 'R'},
        {"delay", 1, NULL, 'd'},
        {"pause", 1, NULL, 'P'},
        {"hold", 1, NULL, 'h'},
        {"abort", 0, NULL, 'A'},
        {"timeout", 1, NULL, 'x'},
        {"json", 1, NULL, 'j'},
        {"half-close", 0, NULL, 'c'},
        {"help", 0, NULL, 'H'},
        {"burst", 1, NULL, 'B'},
        {"read-pause", 1, NULL, 'e'},
        {"rcvbuf", 1, NULL, 'f'},
        {"answer", 1, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    const char *colon;
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'b':
            o->bind = optarg;
            break;
        case 'l':
            o->local_port = (uint16_t)number(optarg);
            break;
        case 'p':
            o->port = (uint16_t)number(optarg);
            break;
        case 't':
            o->to = optarg;
            break;
        case 'k':
            o->connections = (unsigned)number(optarg);
            break;
        case 'T':
            o->tcp = true;
            break;
        case 's':
            o->send_bytes = number(optarg);
            break;
        case 'r':
            o->recv_bytes = number(optarg);
            break;
        case 'a':
            o->after_bytes = number(optarg);
            break;
        case 'R':
            o->rate = number(optarg);
            break;
        case 'd':
            o->delay_ms = (int64_t)number(optarg);
            break;
        case 'P':
            o->pause_bytes = number(optarg);
            colon = strchr(optarg, ':');
            o->pause_ms = colon ? (int64_t)number(colon + 1) : 0;
            break;
        case 'B':
            parse_three(optarg, &o->burst_writes, &o->burst_bytes, &o->burst_ms);
            break;
        case 'e':
            o->read_bytes = number(optarg);
            colon = strchr(optarg, ':');
            o->read_ms = colon ? (int64_t)number(colon + 1) : 0;
            break;
        case 'w':
            parse_three(optarg, &o->answer_every, &o->answer_bytes, &o->answer_ms);
            break;
        case 'f':
            o->rcvbuf = (int)number(optarg);
            break;
        case 'h':
            o->hold_ms = (int64_t)number(optarg);
            break;
        case 'A':
            o->abort = true;
            break;
        case 'x':
            o->timeout_s = (unsigned)number(optarg);
            break;
        case 'j':
            o->json = optarg;
            break;
        case 'c':
            o->half_close = true;
            break;
        case 'H':
            fputs(HELP, stdout);
            exit(0);
        default:
            fputs(HELP, stderr);
            exit(2);
        }
    }
    if (optind + 1 != argc || o->port == 0 || o->connections > MAX_CONNECTIONS) {
        fputs(HELP, stderr);
        exit(2);
    }
    o->server = strcmp(argv[optind], "server") == 0;
    if (!o->server && (strcmp(argv[optind], "client") != 0 || !o->to)) {
        fputs(HELP, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    Options o = {.recv_bytes = UINT64_MAX, .connections = 1, .timeout_s = 20};
    Connection list[MAX_CONNECTIONS];
    unsigned n = 0;
    int status;

    parse_options(&o, argc, argv);
    for (size_t i = 0; i < sizeof buffer; i++)
        buffer[i] = (uint8_t)(i * 31 + (i >> 8));
    alarm(o.timeout_s); /* a stuck run ends by SIGALRM, without JSON */
    status = o.server ? run_server(&o, list, &n) : run_client(&o, list, &n);
    write_json(&o, list, n);
    return status;
}
