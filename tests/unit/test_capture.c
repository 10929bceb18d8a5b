/* test_capture.c - files made byte by byte: pcap, pcapng in both byte orders, cut and hostile ones,
 * and the time order of a trace. */
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "capture/capture.h"
#include "capture/trace.h"

/* A file under construction. */
typedef struct {
    GByteArray *bytes;
    bool swapped; /* fields in the other byte order */
} File;

static char *directory; /* of all files of the run */

static MpsCapture *open_file(const char *path, GError **error)
{
    MpsPacked *archive = NULL;
    MpsCapture *capture = mps_capture_open(path, -1, &archive, error);

    g_assert_null(archive);
    return capture;
}

static void put16(File *f, uint16_t value)
{
    value = (uint16_t)(f->swapped ? GUINT16_SWAP_LE_BE(value) : value);
    g_byte_array_append(f->bytes, (const uint8_t *)&value, sizeof value);
}

static void put32(File *f, uint32_t value)
{
    value = f->swapped ? GUINT32_SWAP_LE_BE(value) : value;
    g_byte_array_append(f->bytes, (const uint8_t *)&value, sizeof value);
}

static void put_bytes(File *f, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        g_byte_array_append(f->bytes, (const uint8_t[]){(uint8_t)i}, 1);
    while (f->bytes->len % 4 != 0)
        g_byte_array_append(f->bytes, (const uint8_t[]){0}, 1);
}

static File new_file(bool swapped)
{
    return (File){g_byte_array_new(), swapped};
}

/* Writes and releases the file; returns its path. */
static char *save(File *f, const char *name)
{
    char *path = g_build_filename(directory, name, NULL);

    g_assert_true(g_file_set_contents(path, (const char *)f->bytes->data, f->bytes->len, NULL));
    g_byte_array_free(f->bytes, TRUE);
    return path;
}

static void put_pcap_header(File *f, uint32_t magic, uint32_t link_type)
{
    put32(f, magic);
    put16(f, 2);
    put16(f, 4);
    put32(f, 0);
    put32(f, 0);
    put32(f, 65535);
    put32(f, link_type);
}

static void put_pcap_packet(File *f, uint32_t s, uint32_t fraction, uint32_t n_bytes)
{
    put32(f, s);
    put32(f, fraction);
    put32(f, n_bytes);
    put32(f, n_bytes + 1000);
    for (uint32_t i = 0; i < n_bytes; i++)
        g_byte_array_append(f->bytes, (const uint8_t[]){(uint8_t)i}, 1);
}

static void put_section(File *f)
{
    put32(f, 0x0a0d0d0a);
    put32(f, 28);
    put32(f, 0x1a2b3c4d);
    put16(f, 1);
    put16(f, 0);
    put32(f, 0xffffffff);
    put32(f, 0xffffffff);
    put32(f, 28);
}

/* @resolution as if_tsresol says it, 6 leaves the option out. */
static void put_interface(File *f, uint16_t link_type, uint32_t snaplen, uint8_t resolution,
                          uint32_t offset_s)
{
    const uint32_t length = 24u + (resolution != 6 ? 8u : 0u) + (offset_s ? 12u : 0u);

    put32(f, 1);
    put32(f, length);
    put16(f, link_type);
    put16(f, 0);
    put32(f, snaplen);
    if (resolution != 6) {
        put16(f, 9);
        put16(f, 1);
        g_byte_array_append(f->bytes, (const uint8_t[]){resolution, 0, 0, 0}, 4);
    }
    if (offset_s) {
        put16(f, 14);
        put16(f, 8);
        put32(f, f->swapped == (G_BYTE_ORDER == G_LITTLE_ENDIAN) ? 0 : offset_s);
        put32(f, f->swapped == (G_BYTE_ORDER == G_LITTLE_ENDIAN) ? offset_s : 0);
    }
    put32(f, 0);
    put32(f, length);
}

static void put_enhanced(File *f, uint32_t interface, uint64_t ticks, uint32_t n_bytes)
{
    const uint32_t length = 32 + ((n_bytes + 3) & ~3u);

    put32(f, 6);
    put32(f, length);
    put32(f, interface);
    put32(f, (uint32_t)(ticks >> 32));
    put32(f, (uint32_t)ticks);
    put32(f, n_bytes);
    put32(f, n_bytes + 1000);
    put_bytes(f, n_bytes);
    put32(f, length);
}

static void put_simple(File *f, uint32_t wire_bytes, uint32_t n_bytes)
{
    const uint32_t length = 16 + ((n_bytes + 3) & ~3u);

    put32(f, 3);
    put32(f, length);
    put32(f, wire_bytes);
    put_bytes(f, n_bytes);
    put32(f, length);
}

static void put_obsolete(File *f, uint16_t interface, uint16_t drops, uint64_t ticks,
                         uint32_t n_bytes)
{
    const uint32_t length = 32 + ((n_bytes + 3) & ~3u);

    put32(f, 2);
    put32(f, length);
    put16(f, interface);
    put16(f, drops);
    put32(f, (uint32_t)(ticks >> 32));
    put32(f, (uint32_t)ticks);
    put32(f, n_bytes);
    put32(f, n_bytes);
    put_bytes(f, n_bytes);
    put32(f, length);
}

static void put_statistics(File *f, uint32_t interface, uint32_t drops)
{
    const bool big = f->swapped == (G_BYTE_ORDER == G_LITTLE_ENDIAN);

    put32(f, 5);
    put32(f, 40);
    put32(f, interface);
    put32(f, 0);
    put32(f, 0);
    put16(f, 5);
    put16(f, 8);
    put32(f, big ? 0 : drops);
    put32(f, big ? drops : 0);
    put32(f, 0);
    put32(f, 40);
}

static void put_unknown(File *f)
{
    put32(f, 0x80001234);
    put32(f, 20);
    put_bytes(f, 8);
    put32(f, 20);
}

static const int64_t base_s = 1700000000, ns_per_s = 1000000000;

/* Opens @path, checks format and bytes of every packet, and compares the stamps. */
static void expect_stamps(const char *path, const int64_t *stamps, uint64_t n_stamps)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsCapture) capture = open_file(path, &error);
    MpsPacket packet;
    uint64_t n = 0;

    g_assert_no_error(error);
    g_test_message("%s", path);
    while (mps_capture_next(capture, &packet, &error) == MPS_READ_PACKET) {
        g_assert_cmpuint(packet.number, ==, ++n);
        g_assert_cmpuint(n, <=, n_stamps);
        if (n <= n_stamps)
            g_assert_cmpint(packet.ts_ns, ==, stamps[n - 1]);
        for (uint32_t i = 0; i < packet.captured_bytes; i++)
            g_assert_cmpuint(packet.bytes[i], ==, i & 0xff);
    }
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, n_stamps);
    g_assert_cmpint(mps_capture_next(capture, &packet, &error), ==, MPS_READ_END);
    g_assert_cmpuint(mps_capture_info(capture).bytes_read, ==,
                     mps_capture_info(capture).bytes_total);
}

static void test_pcap(void)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        for (int nano = 0; nano < 2; nano++) {
            File f = new_file(swapped);

            put_pcap_header(&f, nano ? 0xa1b23c4d : 0xa1b2c3d4, 113);
            put_pcap_packet(&f, (uint32_t)base_s, 123456, 60);
            put_pcap_packet(&f, (uint32_t)base_s + 1, 7, 0);

            g_autofree char *path = save(&f, "plain.pcap");
            const int64_t unit = nano ? 1 : 1000;

            expect_stamps(path,
                          (const int64_t[]){base_s * ns_per_s + 123456 * unit,
                                            (base_s + 1) * ns_per_s + 7 * unit},
                          2);

            g_autoptr(MpsCapture) capture = open_file(path, NULL);
            const MpsCaptureInfo info = mps_capture_info(capture);

            g_assert_cmpstr(info.format, ==, "pcap");
            g_assert_cmpint(info.link_type, ==, 113);
            g_assert_cmpstr(info.link_name, ==, "LINUX_SLL");
            g_assert_cmpuint(info.snaplen_bytes, ==, 65535);
            g_assert_cmpint(info.dropped, ==, -1);
        }
    }
}

static void test_pcapng(void)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        File f = new_file(swapped);
        const uint64_t us = (uint64_t)base_s * 1000000, ns = us * 1000;

        put_section(&f);
        put_unknown(&f);
        put_interface(&f, 1, 128, 6, 0);
        put_interface(&f, 101, 262144, 9, 0);
        put_interface(&f, 113, 0, 0x80 | 20, 0);
        put_interface(&f, 276, 0, 12, (uint32_t)base_s);
        put_interface(&f, 228, 0, 0, 0);
        put_interface(&f, 229, 0, 0x80 | 40, 0);
        put_enhanced(&f, 0, us + 1, 60);
        put_enhanced(&f, 1, ns + 1, 61);
        put_enhanced(&f, 2, ((uint64_t)base_s << 20) + (1u << 19), 62);
        put_enhanced(&f, 3, 1500000001999, 63);
        put_enhanced(&f, 4, (uint64_t)base_s, 0);
        put_enhanced(&f, 5, ((uint64_t)3 << 40) + ((uint64_t)1 << 38), 1);
        put_simple(&f, 500, 128);
        put_obsolete(&f, 1, 0xffff, ns + 5, 10);
        put_statistics(&f, 0, 4);
        put_statistics(&f, 0, 5);
        put_statistics(&f, 1, 6);
        f.swapped = !f.swapped;
        put_section(&f);
        put_interface(&f, 12, 0, 9, 0);
        put_enhanced(&f, 0, ns + 6, 12);
        put_statistics(&f, 0, 100);

        g_autofree char *path = save(&f, "mixed.pcapng");
        const int64_t base = base_s * ns_per_s;

        expect_stamps(path,
                      (const int64_t[]){base + 1000, base + 1, base + 500000000, base + 1500000001,
                                        base, 3250000000, 3250000000, base + 5, base + 6},
                      9);

        g_autoptr(MpsCapture) capture = open_file(path, NULL);
        static const int link_types[] = {1, 101, 113, 276, 228, 229, 1, 101, 12};
        static const uint32_t interfaces[] = {0, 1, 2, 3, 4, 5, 0, 1, 6};
        MpsPacket packet;

        for (size_t i = 0; i < G_N_ELEMENTS(link_types); i++) {
            g_assert_cmpint(mps_capture_next(capture, &packet, NULL), ==, MPS_READ_PACKET);
            g_assert_cmpint(packet.link_type, ==, link_types[i]);
            g_assert_cmpuint(packet.interface_id, ==, interfaces[i]);
            if (i == 6) {
                g_assert_cmpuint(packet.captured_bytes, ==, 128);
                g_assert_cmpuint(packet.wire_bytes, ==, 500);
            }
        }
        g_assert_cmpint(mps_capture_next(capture, &packet, NULL), ==, MPS_READ_END);
        g_assert_cmpint(mps_capture_info(capture).dropped, ==, 111);
        g_assert_cmpint(mps_capture_info(capture).link_type, ==, 1);
        g_assert_cmpuint(mps_capture_info(capture).snaplen_bytes, ==, 128);
        g_assert_cmpstr(mps_capture_info(capture).link_name, ==, "EN10MB");
    }
}

/* What packets say was lost before them, where no statistics come. */
static void test_lost_between(void)
{
    for (int statistics = 0; statistics < 2; statistics++) {
        File f = new_file(false);

        put_section(&f);
        put_interface(&f, 1, 128, 6, 0);
        put_obsolete(&f, 0, 3, 1000000, 60);
        put_obsolete(&f, 0, 0xffff, 1000001, 60); /* not known */
        put_obsolete(&f, 0, 4, 1000002, 60);
        if (statistics)
            put_statistics(&f, 0, 9);

        g_autofree char *path = save(&f, "lost.pcapng");
        g_autoptr(MpsCapture) capture = open_file(path, NULL);
        MpsPacket packet;

        for (int i = 0; i < 3; i++)
            g_assert_cmpint(mps_capture_next(capture, &packet, NULL), ==, MPS_READ_PACKET);
        g_assert_cmpint(mps_capture_next(capture, &packet, NULL), ==, MPS_READ_END);
        g_assert_cmpint(mps_capture_info(capture).dropped, ==, statistics ? 9 : 7);
    }
}

/* A block of names: 10.0.0.1 is "n", @n_names times. */
static void put_names(File *f, uint32_t n_names)
{
    const uint32_t record_bytes = 4 + 2 * n_names, padded = (record_bytes + 3) & ~3u;

    g_assert_cmpuint(record_bytes, <=, 65535);
    put32(f, 4);
    put32(f, 12 + 4 + padded + 4);
    put16(f, 1);
    put16(f, (uint16_t)record_bytes);
    g_byte_array_append(f->bytes, (const uint8_t[]){10, 0, 0, 1}, 4);
    for (uint32_t i = 0; i < n_names; i++)
        g_byte_array_append(f->bytes, (const uint8_t *)"n", 2);
    put_bytes(f, 0);
    put32(f, 0);
    put32(f, 12 + 4 + padded + 4);
}

/* A file cannot fill the memory with what it says beside its packets. */
static void test_many_notes(void)
{
    enum { BLOCKS = 10, NAMES = 30000 };
    File f = new_file(false);

    put_section(&f);
    for (int i = 0; i < BLOCKS; i++)
        put_names(&f, NAMES);
    put_interface(&f, 1, 0, 6, 0);
    put_enhanced(&f, 0, 1, 4);

    g_autofree char *path = save(&f, "names.pcapng");
    g_autoptr(MpsCapture) capture = open_file(path, NULL);
    MpsPacket packet;

    g_assert_cmpint(mps_capture_next(capture, &packet, NULL), ==, MPS_READ_PACKET);

    const MpsNotes *notes = mps_capture_info(capture).notes;

    g_assert_cmpuint(notes->n_bytes, <=, 1 << 20);
    g_assert_cmpuint(notes->host_names->len, >, 10000);
    g_assert_cmpuint(notes->n_left_out, ==, BLOCKS * NAMES - notes->host_names->len);
    g_assert_cmpstr(g_array_index(notes->host_names, MpsHostName, 0).address, ==, "10.0.0.1");
    g_assert_cmpstr(g_array_index(notes->host_names, MpsHostName, 0).name, ==, "n");
}

static void test_many_interfaces(void)
{
    File f = new_file(false);

    put_section(&f);
    for (unsigned i = 0; i <= MPS_INTERFACES_MAX; i++)
        put_interface(&f, 1, 0, 6, 0);

    g_autofree char *path = save(&f, "interfaces.pcapng");
    g_autoptr(MpsCapture) capture = open_file(path, NULL);
    g_autoptr(GError) error = NULL;
    MpsPacket packet;

    g_assert_cmpint(mps_capture_next(capture, &packet, &error), ==, MPS_READ_FAILED);
    g_assert_nonnull(strstr(error->message, "more interfaces than anybody has"));
}

/* Stamps at the end of the range stay in it. */
static void test_extreme_stamps(void)
{
    static const uint8_t resolutions[] = {
        0,   3,    6,         9,         10,        12,        28,        29,
        127, 0x80, 0x80 | 32, 0x80 | 33, 0x80 | 63, 0x80 | 64, 0x80 | 95, 0xff};

    for (size_t i = 0; i < G_N_ELEMENTS(resolutions); i++) {
        File f = new_file(false);

        put_section(&f);
        put_interface(&f, 1, 0, resolutions[i], 0xffffffff);
        put_enhanced(&f, 0, UINT64_MAX, 4);

        g_autofree char *path = save(&f, "extreme.pcapng");
        g_autoptr(MpsCapture) capture = open_file(path, NULL);
        MpsPacket packet;

        g_assert_cmpint(mps_capture_next(capture, &packet, NULL), ==, MPS_READ_PACKET);
        g_assert_cmpint(packet.ts_ns, >, 0);
    }
}

/* Reads to the end; returns the packets before it, and the error if there was one. */
static uint64_t count_packets(const char *path, char **message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsCapture) capture = open_file(path, &error);
    MpsReadResult result;
    MpsPacket packet;
    uint64_t n = 0;

    g_assert_no_error(error);
    while ((result = mps_capture_next(capture, &packet, &error)) == MPS_READ_PACKET)
        n++;
    g_assert_cmpint(result == MPS_READ_FAILED, ==, error != NULL);
    if (error)
        g_assert_true(g_error_matches(error, MPS_ERROR, MPS_ERROR_READ));
    *message = error ? g_strdup(error->message) : NULL;
    return n;
}

static File two_packets(bool pcapng)
{
    File f = new_file(false);

    if (pcapng) {
        put_section(&f);
        put_interface(&f, 1, 0, 9, 0);
        put_enhanced(&f, 0, 1, 20);
        put_enhanced(&f, 0, 2, 20);
    } else {
        put_pcap_header(&f, 0xa1b2c3d4, 1);
        put_pcap_packet(&f, 1, 0, 20);
        put_pcap_packet(&f, 2, 0, 20);
    }
    return f;
}

static void test_cut(gconstpointer data)
{
    const bool pcapng = GPOINTER_TO_INT(data);
    const guint packet_bytes = pcapng ? 52 : 36;
    File whole = two_packets(pcapng);
    const guint n_bytes = whole.bytes->len;

    g_byte_array_free(whole.bytes, TRUE);
    for (guint n = n_bytes - 2 * packet_bytes; n <= n_bytes; n++) {
        File f = two_packets(pcapng);
        g_autofree char *message = NULL;

        g_byte_array_set_size(f.bytes, n);

        g_autofree char *path = save(&f, "cut");
        const guint left = n_bytes - n;

        g_assert_cmpuint(count_packets(path, &message), ==,
                         2 - (left + packet_bytes - 1) / packet_bytes);
        if (left % packet_bytes == 0) {
            g_assert_null(message);
        } else {
            g_autofree char *expected =
                g_strdup_printf("%s: cut short in packet %d", path, left < packet_bytes ? 2 : 1);

            g_assert_cmpstr(message, ==, expected);
        }
    }
}

static const struct {
    const char *name;
    uint32_t words[8];
    size_t n_words;
    const char *reason;
} broken_blocks[] = {
    {"zero length", {6, 0, 0, 0}, 4, "impossible length"},
    {"below the least", {6, 8, 0, 0}, 4, "impossible length"},
    {"odd length", {6, 33, 0, 0, 0, 0, 0, 0}, 8, "impossible length"},
    {"huge", {6, 0xfffffffc, 0, 0}, 4, "impossible length"},
    {"large, but not there", {6, 200u << 20, 0, 0}, 4, "cut short in packet 3"},
    {"lengths disagree", {0x77, 16, 0, 20}, 4, "disagree"},
    {"packet beyond its block", {6, 32, 0, 0, 0, 1, 1, 32}, 8, "longer than its block"},
    {"huge packet", {6, 32, 0, 0, 0, 0xffffffff, 1, 32}, 8, "longer than its block"},
    {"too short for a packet", {6, 16, 0, 16}, 4, "longer than its block"},
    {"unknown interface", {6, 32, 1, 0, 0, 0, 0, 32}, 8, "not described"},
    {"interface too short", {1, 16, 1, 16}, 4, "too short"},
    {"section without byte order", {0x0a0d0d0a, 28, 0, 0}, 4, "byte order"},
};

static void test_broken_blocks(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(broken_blocks); i++) {
        File f = two_packets(true);
        g_autofree char *message = NULL;

        for (size_t w = 0; w < broken_blocks[i].n_words; w++)
            put32(&f, broken_blocks[i].words[w]);

        g_autofree char *path = save(&f, "broken.pcapng");

        g_test_message("%s", broken_blocks[i].name);
        g_assert_cmpuint(count_packets(path, &message), ==, 2);
        g_assert_nonnull(message);
        g_assert_nonnull(strstr(message ? message : "", broken_blocks[i].reason));
    }
}

/* A packet length libpcap does not believe. */
static void test_huge_pcap_packet(void)
{
    File f = two_packets(false);
    g_autofree char *message = NULL;

    put32(&f, 1);
    put32(&f, 0);
    put32(&f, 0x7fffffff);
    put32(&f, 0x7fffffff);

    g_autofree char *path = save(&f, "huge.pcap");

    g_assert_cmpuint(count_packets(path, &message), ==, 2);
    g_assert_nonnull(message);
}

static const struct {
    const char *name, *contents;
    size_t n_bytes;
    const char *reason;
} refused[] = {
    {"empty", "", 0, "empty file"},
    {"one-byte", "x", 1, "not a pcap or pcapng file"},
    {"text", "hello world, this is no capture", 31, "not a pcap or pcapng file"},
    {"gz", "\x1f\x8b\x08\x00", 4, "cut short"},
    {"gz-garbage", "\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff\xff", 11, "gzip data are"},
    {"header-cut", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8, "truncated"},
};

static void test_refused(void)
{
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(refused) + 2; i++) {
        const bool is_file = i < G_N_ELEMENTS(refused);
        const char *reason = is_file                      ? refused[i].reason
                             : i == G_N_ELEMENTS(refused) ? "a directory without files"
                                                          : "No such file";
        g_autofree char *path = is_file ? g_build_filename(directory, refused[i].name, NULL)
                                : i == G_N_ELEMENTS(refused) ? g_strdup(directory)
                                                             : g_strdup(missing);
        g_autoptr(GError) error = NULL;

        if (is_file)
            g_file_set_contents(path, refused[i].contents, (gssize)refused[i].n_bytes, NULL);

        g_autoptr(MpsCapture) capture = open_file(path, &error);

        g_assert_null(capture);
        g_assert_true(g_error_matches(error, MPS_ERROR, MPS_ERROR_OPEN) ||
                      g_error_matches(error, MPS_ERROR, MPS_ERROR_FORMAT));
        g_assert_true(g_str_has_prefix(error->message, path));
        g_assert_nonnull(strstr(error->message, reason));
    }
}

static void test_header_only(void)
{
    g_autofree char *message = NULL;
    File pcap = new_file(false), pcapng = new_file(false);

    put_pcap_header(&pcap, 0xa1b2c3d4, 1);
    put_section(&pcapng);

    g_autofree char *pcap_path = save(&pcap, "header.pcap");
    g_autofree char *pcapng_path = save(&pcapng, "header.pcapng");

    g_assert_cmpuint(count_packets(pcap_path, &message), ==, 0);
    g_assert_null(message);
    g_assert_cmpuint(count_packets(pcapng_path, &message), ==, 0);
    g_assert_null(message);

    g_autoptr(MpsCapture) capture = open_file(pcapng_path, NULL);

    g_assert_cmpint(mps_capture_info(capture).link_type, ==, -1);

    g_autoptr(MpsTrace) trace = mps_trace_open((const char *[]){pcap_path, NULL}, -1, NULL);
    MpsPacket packet;

    g_assert_cmpint(mps_trace_next(trace, &packet), ==, MPS_READ_END);
    g_assert_cmpint(mps_trace_file(trace, 0).status, ==, MPS_FILE_OK);
    g_assert_cmpstr(mps_trace_file(trace, 0).link_name, ==, "EN10MB");
}

/* A capture of packets at the given microseconds; lengths differ with the place in the file. */
static char *save_stamps(const char *name, const uint32_t *stamps_us, size_t n)
{
    File f = new_file(false);

    put_pcap_header(&f, 0xa1b2c3d4, 1);
    for (size_t i = 0; i < n; i++)
        put_pcap_packet(&f, stamps_us[i] / 1000000, stamps_us[i] % 1000000,
                        (uint32_t)(i * 37 % 1500));
    return save(&f, name);
}

static void test_merge(void)
{
    static const uint32_t a[] = {10, 30, 30, 50}, b[] = {5, 30, 20, 60};
    g_autofree char *path_a = save_stamps("a.pcap", a, 4), *path_b = save_stamps("b.pcap", b, 4);
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsTrace) trace =
        mps_trace_open((const char *[]){path_a, missing, path_b, NULL}, -1, &error);
    static const struct {
        int64_t us;
        uint32_t capture_id;
        uint64_t number;
    } expected[] = {{5, 3, 1},  {10, 1, 1}, {20, 3, 3}, {30, 1, 2},
                    {30, 1, 3}, {30, 3, 2}, {50, 1, 4}, {60, 3, 4}};
    MpsPacket packet;

    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpint(mps_trace_next(trace, &packet), ==, MPS_READ_PACKET);
        g_assert_cmpint(packet.ts_ns, ==, expected[i].us * 1000);
        g_assert_cmpuint(packet.capture_id, ==, expected[i].capture_id);
        g_assert_cmpuint(packet.number, ==, expected[i].number);
        g_assert_cmpuint(packet.captured_bytes, ==, (packet.number - 1) * 37);
        for (uint32_t n = 0; n < packet.captured_bytes; n++)
            g_assert_cmpuint(packet.bytes[n], ==, n & 0xff);
    }
    g_assert_cmpint(mps_trace_next(trace, &packet), ==, MPS_READ_END);
    g_assert_cmpint(mps_trace_next(trace, &packet), ==, MPS_READ_END);
    g_assert_cmpuint(mps_trace_n_files(trace), ==, 3);

    const MpsFileInfo info_b = mps_trace_file(trace, 2), info_missing = mps_trace_file(trace, 1);
    uint64_t bytes_read, bytes_total;

    g_assert_cmpstr(info_b.path, ==, path_b);
    g_assert_cmpuint(info_b.n_packets, ==, 4);
    g_assert_cmpint(info_b.first_ns, ==, 5000);
    g_assert_cmpint(info_b.last_ns, ==, 60000);
    g_assert_cmpint(info_b.status, ==, MPS_FILE_OK);
    g_assert_null(info_b.error);
    g_assert_cmpint(info_missing.status, ==, MPS_FILE_UNREADABLE);
    g_assert_nonnull(strstr(info_missing.error, "No such file"));
    mps_trace_progress(trace, &bytes_read, &bytes_total);
    g_assert_cmpuint(bytes_read, ==, bytes_total);
    g_assert_cmpuint(bytes_total, >, 0);

    g_autoptr(MpsTrace) none = mps_trace_open((const char *[]){missing, missing, NULL}, -1, &error);

    g_assert_null(none);
    g_assert_true(g_error_matches(error, MPS_ERROR, MPS_ERROR_OPEN));
    g_assert_nonnull(strstr(error->message, "No such file"));
}

/* Every stamp up to 1000 packets too late comes out in order, whatever the sizes. */
static void test_window(void)
{
    enum { N = 20000 };
    g_autofree uint32_t *stamps = g_new(uint32_t, N);

    for (uint32_t i = 0; i < N; i++)
        stamps[i] = 10 * i + 10000;
    for (uint32_t i = 0; i + 1000 < N; i += 1500)
        stamps[i + 1000] = stamps[i] + 1;

    g_autofree char *path = save_stamps("late.pcap", stamps, N);
    g_autoptr(MpsTrace) trace = mps_trace_open((const char *[]){path, NULL}, -1, NULL);
    int64_t last_ns = 0;
    uint64_t n = 0;
    MpsPacket packet;

    while (mps_trace_next(trace, &packet) == MPS_READ_PACKET) {
        g_assert_cmpint(packet.ts_ns, >=, last_ns);
        g_assert_cmpint(packet.ts_ns, ==, (int64_t)stamps[packet.number - 1] * 1000);
        g_assert_cmpuint(packet.captured_bytes, ==, (packet.number - 1) * 37 % 1500);
        last_ns = packet.ts_ns;
        n++;
    }
    g_assert_cmpuint(n, ==, N);
}

/* A clock set back by an hour: the packets stay in the order of the file. */
static void test_clock_set_back(void)
{
    enum { N = 6000, HALF = 3000 };
    g_autofree uint32_t *stamps = g_new(uint32_t, N);

    for (uint32_t i = 0; i < N; i++)
        stamps[i] = (i < HALF ? 3600000000u : 0) + 10 * i;

    g_autofree char *path = save_stamps("back.pcap", stamps, N);
    g_autoptr(MpsTrace) trace = mps_trace_open((const char *[]){path, NULL}, -1, NULL);
    MpsPacket packet;

    for (uint64_t n = 1; n <= N; n++) {
        g_assert_cmpint(mps_trace_next(trace, &packet), ==, MPS_READ_PACKET);
        g_assert_cmpuint(packet.number, ==, n);
    }
    g_assert_cmpint(mps_trace_next(trace, &packet), ==, MPS_READ_END);
}

/* TSO packets fill the window by bytes, not by number. */
static void test_large_packets(void)
{
    File f = new_file(false);

    put_pcap_header(&f, 0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 300; i++)
        put_pcap_packet(&f, 100 + i - (i % 7 == 6 ? 3 : 0), 0, i % 3 ? 65000 : 60);

    g_autofree char *path = save(&f, "large.pcap");
    g_autoptr(MpsTrace) trace = mps_trace_open((const char *[]){path, NULL}, -1, NULL);
    int64_t last_ns = 0;
    MpsPacket packet;
    int n = 0;

    while (mps_trace_next(trace, &packet) == MPS_READ_PACKET) {
        g_assert_cmpint(packet.ts_ns, >=, last_ns);
        g_assert_cmpuint(packet.bytes[packet.captured_bytes - 1], ==,
                         (packet.captured_bytes - 1) & 0xff);
        last_ns = packet.ts_ns;
        n++;
    }
    g_assert_cmpint(n, ==, 300);
}

/* More files than are held open, given in the wrong order, one of them cut. */
static void test_many_files(void)
{
    enum { N = 150 };
    g_auto(GStrv) paths = g_new0(char *, N + 1);
    int64_t last_ns = 0;
    uint64_t n = 0;
    MpsPacket packet;

    for (uint32_t i = 0; i < N; i++) {
        const uint32_t start = 1000 * (N - i);
        g_autofree char *name = g_strdup_printf("rotated%u.pcap", i);

        paths[i] = save_stamps(name, (const uint32_t[]){start, start + 700, start + 1200}, 3);
    }

    g_autofree char *contents = NULL;
    size_t n_bytes;

    g_assert_true(g_file_get_contents(paths[7], &contents, &n_bytes, NULL));
    g_assert_true(g_file_set_contents(paths[7], contents, (gssize)n_bytes - 1, NULL));

    g_autoptr(MpsTrace) trace = mps_trace_open((const char *const *)paths, -1, NULL);

    while (mps_trace_next(trace, &packet) == MPS_READ_PACKET) {
        g_assert_cmpint(packet.ts_ns, >=, last_ns);
        last_ns = packet.ts_ns;
        n++;
    }
    g_assert_cmpuint(n, ==, 3 * N - 1);
    for (size_t i = 0; i < N; i++) {
        const MpsFileInfo info = mps_trace_file(trace, i);

        g_assert_cmpint(info.status, ==, i == 7 ? MPS_FILE_CUT : MPS_FILE_OK);
        g_assert_cmpuint(info.n_packets, ==, i == 7 ? 2 : 3);
        g_assert_cmpint(info.error != NULL, ==, i == 7);
    }
}

/* What is below a directory and cannot be looked into is told of. */
static void test_forbidden(void)
{
    enum { NOBODY = 65534, N = 3 };
    static const char *const messages[N] = {NULL, "Permission denied", "Permission denied"};
    const bool root = geteuid() == 0; /* whom no mode keeps out */
    g_autofree char *top = g_build_filename(directory, "top", NULL);
    g_autofree char *closed = g_build_filename(top, "b-closed", NULL);
    g_autofree char *listed = g_build_filename(top, "c-listed", NULL);
    g_autofree char *inner = g_build_filename(listed, "x.pcap", NULL);

    g_assert_cmpint(g_mkdir(top, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(closed, 0), ==, 0);
    g_assert_cmpint(g_mkdir(listed, 0755), ==, 0);
    g_assert_cmpint(symlink("nowhere", inner), ==, 0); /* its name is all that can be known */

    g_autofree char *good = save_stamps("top/a.pcap", (const uint32_t[]){1, 2}, 2);

    g_chmod(directory, 0755);
    g_chmod(good, 0644);
    g_chmod(listed, 0444);
    g_assert_true(!root || seteuid(NOBODY) == 0);

    g_autoptr(MpsTrace) trace = mps_trace_open((const char *[]){top, NULL}, -1, NULL);

    g_assert_true(!root || seteuid(0) == 0);
    g_assert_cmpuint(mps_trace_n_files(trace), ==, N);
    for (size_t i = 0; i < N; i++) {
        const MpsFileInfo info = mps_trace_file(trace, i);

        g_assert_cmpint(info.status, ==, messages[i] ? MPS_FILE_UNREADABLE : MPS_FILE_OK);
        g_assert_true(!messages[i] || strstr(info.error, messages[i]));
    }
    g_chmod(listed, 0755);
    g_unlink(inner);
    g_unlink(good);
    g_rmdir(closed);
    g_rmdir(listed);
    g_rmdir(top);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    directory = g_dir_make_tmp("mptcpscope-test-XXXXXX", NULL);
    g_assert_nonnull(directory);
    g_test_add_func("/capture/pcap", test_pcap);
    g_test_add_func("/capture/pcapng", test_pcapng);
    g_test_add_func("/capture/lost between packets", test_lost_between);
    g_test_add_func("/capture/many-notes", test_many_notes);
    g_test_add_func("/capture/many-interfaces", test_many_interfaces);
    g_test_add_func("/capture/extreme-stamps", test_extreme_stamps);
    g_test_add_data_func("/capture/cut/pcap", GINT_TO_POINTER(0), test_cut);
    g_test_add_data_func("/capture/cut/pcapng", GINT_TO_POINTER(1), test_cut);
    g_test_add_func("/capture/broken-blocks", test_broken_blocks);
    g_test_add_func("/capture/huge-pcap-packet", test_huge_pcap_packet);
    g_test_add_func("/capture/refused", test_refused);
    g_test_add_func("/capture/header-only", test_header_only);
    g_test_add_func("/trace/merge", test_merge);
    g_test_add_func("/trace/window", test_window);
    g_test_add_func("/trace/clock-set-back", test_clock_set_back);
    g_test_add_func("/trace/large-packets", test_large_packets);
    g_test_add_func("/trace/many-files", test_many_files);
    g_test_add_func("/trace/forbidden", test_forbidden);

    const int result = g_test_run();
    g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);

    for (const char *name; (name = g_dir_read_name(entries));) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        g_remove(path);
    }
    g_rmdir(directory);
    g_free(directory);
    return result;
}
