/* capture.c - opens a capture by its magic number: classic pcap goes to libpcap, pcapng to
 * pcapng.c. */
#include "capture/capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>
#include <pcap/pcap.h>

#include "capture/pcapng.h"

/* Fewer, larger reads than the C library's default. */
#define FILE_BUFFER_BYTES (256u << 10)

enum { PCAP_FILE_HEADER_BYTES = 24, PCAP_PACKET_HEADER_BYTES = 16 };
enum { LINKTYPE_RAW = 101 };

struct _MpsCapture {
    char *path;
    FILE *file;        /* for pcapng and while opening; libpcap owns it otherwise */
    pcap_t *pcap;      /* either this */
    MpsPcapng *pcapng; /* or this */
    int link_type;     /* pcap only */
    uint64_t n_packets;
    uint64_t bytes_read; /* pcap only */
    uint64_t bytes_total;
    bool ended;
};

/* First bytes of what people hand over besides captures, and how they get at the capture. */
static const struct {
    const char *name, *tool;
    uint8_t magic[4];
    size_t magic_bytes;
} compressed[] = {
    {"gzip", "zcat", {0x1f, 0x8b}, 2},
    {"compress", "zcat", {0x1f, 0x9d}, 2},
    {"bzip2", "bzcat", {'B', 'Z', 'h'}, 3},
    {"zstd", "zstdcat", {0x28, 0xb5, 0x2f, 0xfd}, 4},
    {"xz", "xzcat", {0xfd, '7', 'z', 'X'}, 4},
    {"lz4", "lz4cat", {0x04, 0x22, 0x4d, 0x18}, 4},
    {"zip", "unzip -p", {'P', 'K', 0x03, 0x04}, 4},
};

static bool is_pcap(uint32_t magic)
{
    static const uint32_t magics[] = {
        0xa1b2c3d4, /* microseconds */
        0xa1b23c4d, /* nanoseconds */
        0xa1b2cd34, /* Kuznetzov's, read by libpcap */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
        if (magic == magics[i] || magic == GUINT32_SWAP_LE_BE(magics[i]))
            return true;
    return false;
}

static void refuse(const char *path, const uint8_t *magic, size_t n_bytes, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(compressed); i++)
        if (n_bytes >= compressed[i].magic_bytes &&
            memcmp(magic, compressed[i].magic, compressed[i].magic_bytes) == 0) {
            mps_throw(error, MPS_ERROR_OPEN,
                      "%s: compressed (%s) captures are not supported yet; decompress first, e.g. "
                      "%s %s | mptcpscope analyze -",
                      path, compressed[i].name, compressed[i].tool, path);
            return;
        }
    mps_throw(error, MPS_ERROR_OPEN, "%s: not a pcap or pcapng file", path);
}

/* Opens @path and says how large it is, if it is a file. */
static FILE *open_file(const char *path, uint64_t *bytes_total, GError **error)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : g_fopen(path, "rb");
    struct stat status;

    if (!file)
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode))
        *bytes_total = (uint64_t)status.st_size;
    setvbuf(file, NULL, _IOFBF, FILE_BUFFER_BYTES);
    return file;
}

MpsCapture *mps_capture_open(const char *path, GError **error)
{
    g_autoptr(MpsCapture) self = g_new0(MpsCapture, 1);
    char reason[PCAP_ERRBUF_SIZE] = "";
    uint8_t magic[4];
    uint32_t word;

    self->path = g_strdup(path);
    self->file = open_file(path, &self->bytes_total, error);
    if (!self->file)
        return NULL;

    const size_t n_bytes = fread(magic, 1, sizeof magic, self->file);

    if (ferror(self->file))
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    if (n_bytes == 0)
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: empty file", path);
    memcpy(&word, magic, sizeof word);
    if (n_bytes < sizeof magic || (!is_pcap(word) && word != 0x0a0d0d0a)) {
        refuse(path, magic, n_bytes, error);
        return NULL;
    }
    for (size_t i = sizeof magic; i > 0;
         i--) /* pipes do not seek; these bytes are still buffered */
        if (ungetc(magic[i - 1], self->file) == EOF)
            return mps_throw_null(error, MPS_ERROR_OPEN, "%s: cannot be read twice", path);
    if (!is_pcap(word)) {
        self->pcapng = mps_pcapng_new(self->file);
        return g_steal_pointer(&self);
    }
    self->pcap =
        pcap_fopen_offline_with_tstamp_precision(self->file, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (!self->pcap)
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, reason);
    self->file = NULL; /* pcap_close() closes it from here on */
    self->link_type = pcap_datalink(self->pcap);
    self->bytes_read = PCAP_FILE_HEADER_BYTES;
    return g_steal_pointer(&self);
}

void mps_capture_free(MpsCapture *self)
{
    if (!self)
        return;
    if (self->pcap)
        pcap_close(self->pcap);
    mps_pcapng_free(self->pcapng);
    if (self->file && self->file != stdin)
        fclose(self->file);
    g_free(self->path);
    g_free(self);
}

static MpsReadResult next_pcap(MpsCapture *self, MpsPacket *out, const char **reason)
{
    struct pcap_pkthdr *header;

    switch (pcap_next_ex(self->pcap, &header, &out->bytes)) {
    case 1:
        out->ts_ns = (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec;
        out->interface_id = 0;
        out->link_type = self->link_type;
        out->wire_bytes = header->len;
        out->captured_bytes = header->caplen;
        self->bytes_read += PCAP_PACKET_HEADER_BYTES + header->caplen;
        return MPS_READ_PACKET;
    case PCAP_ERROR_BREAK:
        return MPS_READ_END;
    default:
        *reason = pcap_geterr(self->pcap);
        if (strstr(*reason, "truncated dump file"))
            *reason = NULL;
        return MPS_READ_FAILED;
    }
}

MpsReadResult mps_capture_next(MpsCapture *self, MpsPacket *out, GError **error)
{
    const char *reason = NULL;
    MpsReadResult result;

    if (self->ended)
        return MPS_READ_END;
    result =
        self->pcap ? next_pcap(self, out, &reason) : mps_pcapng_next(self->pcapng, out, &reason);
    if (result == MPS_READ_PACKET) {
        out->number = ++self->n_packets;
        out->capture_id = 0;
        return MPS_READ_PACKET;
    }
    self->ended = true;
    if (result == MPS_READ_END)
        return MPS_READ_END;
    if (reason)
        mps_throw(error, MPS_ERROR_READ, "%s: packet %" G_GUINT64_FORMAT ": %s", self->path,
                  self->n_packets + 1, reason);
    else
        mps_throw(error, MPS_ERROR_READ, "%s: cut short in packet %" G_GUINT64_FORMAT, self->path,
                  self->n_packets + 1);
    return MPS_READ_FAILED;
}

/* libpcap names its DLT_ values, which are those of files but for this one. */
static const char *link_name(int link_type)
{
    const int dlt = link_type == LINKTYPE_RAW ? DLT_RAW : link_type;
    const char *name = dlt >= 0 ? pcap_datalink_val_to_name(dlt) : NULL;

    return name ? name : "unknown";
}

MpsCaptureInfo mps_capture_info(const MpsCapture *self)
{
    MpsCaptureInfo info = {
        .format = self->pcap ? "pcap" : "pcapng",
        .link_type = -1,
        .dropped = -1,
        .bytes_read = self->bytes_read,
        .bytes_total = self->bytes_total,
    };

    if (self->pcap) {
        info.link_type = self->link_type;
        info.snaplen_bytes = (uint32_t)pcap_snapshot(self->pcap);
    } else {
        mps_pcapng_first_interface(self->pcapng, &info.link_type, &info.snaplen_bytes);
        info.dropped = mps_pcapng_dropped(self->pcapng);
        info.bytes_read = mps_pcapng_bytes_read(self->pcapng);
    }
    info.link_name = link_name(info.link_type);
    return info;
}
