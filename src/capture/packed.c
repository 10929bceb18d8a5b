/* packed.c - libarchive unpacks in a thread; a ring of bytes lies between it and the reader. */
#include "capture/packed.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include <mptcpscope/error.h>

#include "capture/gunzip.h"
#include "util/thread.h"

#define INPUT_BYTES (256u << 10)
#define RING_BYTES  (2u << 20)

struct _MpsPacked {
    MpsFeed *feed;
    MpsGunzip *gunzip; /* if the file is gzip data, or NULL */
    char *path;
    struct archive *archive;
    struct archive *inner; /* of an archive's member, which may be compressed itself */
    uint8_t *input;        /* INPUT_BYTES as stored */
    bool is_archive;
    unsigned member;
    bool begun; /* the member at hand was read from */
    char *name;
    uint64_t member_bytes;                  /* as stored */
    atomic_uint_fast64_t member_bytes_read; /* of an archive's member */

    int64_t next_offset; /* where the next block of the member has to begin */

    GThread *thread;
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t changed;
    uint8_t *ring;
    uint64_t n_put, n_taken;
    bool ended, stop;
    char *problem;
};

static la_ssize_t read_input(struct archive *archive, void *user, const void **bytes)
{
    MpsPacked *self = user;
    ssize_t got;

    *bytes = self->input;
    got = self->gunzip ? mps_gunzip_read(self->gunzip, bytes)
                       : mps_feed_read(self->feed, self->input, INPUT_BYTES);
    if (got < 0)
        archive_set_error(archive, errno, "%s", g_strerror(errno));
    return got;
}

static la_int64_t skip_input(struct archive *archive G_GNUC_UNUSED, void *user, la_int64_t n_bytes)
{
    MpsPacked *self = user;

    if (lseek(self->feed->fd, n_bytes, SEEK_CUR) < 0)
        return 0; /* then it is read */
    self->feed->bytes_read += (uint64_t)n_bytes;
    return n_bytes;
}

static la_int64_t seek_input(struct archive *archive G_GNUC_UNUSED, void *user, la_int64_t offset,
                             int whence)
{
    MpsPacked *self = user;
    const off_t at = lseek(self->feed->fd, offset, whence);

    return at < 0 ? ARCHIVE_FATAL : at;
}

/* Named one by one: all of them would include some that start programs. */
static struct archive *new_reader(void)
{
    struct archive *archive = archive_read_new();

    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_lz4(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_lzma(archive);
    archive_read_support_filter_compress(archive);
    archive_read_support_format_raw(archive);
    return archive;
}

/* What is wrong; the outermost layer knows best. */
static const char *reason_of(const MpsPacked *self)
{
    struct archive *archive =
        self->inner && archive_errno(self->inner) ? self->inner : self->archive;
    const char *text = self->gunzip ? mps_gunzip_problem(self->gunzip) : NULL;

    if (!text)
        text = archive_error_string(archive);
    return text ? text : "cannot be unpacked";
}

/* Goes to the next file.  ARCHIVE_OK, ARCHIVE_EOF, or what libarchive says. */
static int next_file(MpsPacked *self)
{
    struct archive_entry *entry;
    int result;

    do
        result = archive_read_next_header(self->archive, &entry);
    while (result == ARCHIVE_RETRY ||
           (result >= ARCHIVE_WARN && result != ARCHIVE_EOF &&
            archive_format(self->archive) != ARCHIVE_FORMAT_RAW &&
            (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))));
    if (result == ARCHIVE_EOF || result < ARCHIVE_WARN)
        return result;
    self->is_archive = archive_format(self->archive) != ARCHIVE_FORMAT_RAW;
    g_clear_pointer(&self->name, g_free);
    self->member_bytes_read = 0;
    if (self->is_archive) {
        const char *name = archive_entry_pathname(entry);

        self->member++;
        self->begun = false;
        self->name = g_strdup(name ? name : "?");
        self->member_bytes =
            archive_entry_size_is_set(entry) ? (uint64_t)MAX(0, archive_entry_size(entry)) : 0;
    }
    return ARCHIVE_OK;
}

MpsPacked *mps_packed_open(MpsFeed *feed, const char *path, GError **error)
{
    g_autoptr(MpsPacked) self = g_atomic_rc_box_new0(MpsPacked);
    int result;

    self->feed = feed;
    self->path = g_strdup(path);
    self->input = g_malloc(INPUT_BYTES);
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->changed, NULL);
    self->archive = new_reader();
    archive_read_support_format_tar(self->archive);
    archive_read_support_format_zip(self->archive);
    archive_read_set_read_callback(self->archive, read_input);
    if (mps_gunzip_probe(feed)) {
        self->gunzip = mps_gunzip_new(feed);
    } else if (!feed->live) {
        archive_read_set_skip_callback(self->archive, skip_input);
        archive_read_set_seek_callback(self->archive, seek_input);
    }
    archive_read_set_callback_data(self->archive, self);
    result = archive_read_open1(self->archive);
    if (result >= ARCHIVE_WARN)
        result = next_file(self);
    if (result >= ARCHIVE_WARN && result != ARCHIVE_EOF &&
        (self->is_archive || self->gunzip || archive_filter_count(self->archive) > 1))
        return g_steal_pointer(&self);
    if (result == ARCHIVE_EOF)
        return mps_throw_null(error, MPS_ERROR_FORMAT, "%s: an archive without files", path);
    if (result >= ARCHIVE_WARN)
        return mps_throw_null(error, MPS_ERROR_FORMAT, "%s: not a pcap or pcapng file", path);
    return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, reason_of(self));
}

bool mps_packed_next(MpsPacked *self, GError **error)
{
    int result = ARCHIVE_EOF;

    g_assert(!self->thread);
    if (self->is_archive)
        result = next_file(self);
    if (result < ARCHIVE_WARN)
        mps_throw(error, MPS_ERROR_READ, "%s: behind file %u: %s", self->path, self->member,
                  reason_of(self));
    return result == ARCHIVE_OK;
}

unsigned mps_packed_member(const MpsPacked *self)
{
    return self->member;
}

bool mps_packed_can_reach(const MpsPacked *self, unsigned member)
{
    return self->member < member || (self->member == member && !self->begun);
}

const char *mps_packed_name(const MpsPacked *self)
{
    return self->name;
}

/* The next unpacked bytes of the archive's member.  ARCHIVE_OK, ARCHIVE_EOF, or less. */
static int read_member(MpsPacked *self, const void **bytes, size_t *n_bytes)
{
    la_int64_t offset;
    int result;

    result = archive_read_data_block(self->archive, bytes, n_bytes, &offset);
    if (result == ARCHIVE_EOF || result < ARCHIVE_WARN)
        return result;
    if (offset != self->next_offset) {
        archive_set_error(self->archive, EINVAL, "a sparse file");
        return ARCHIVE_FATAL;
    }
    self->next_offset += (int64_t)*n_bytes;
    self->member_bytes_read += *n_bytes;
    return ARCHIVE_OK;
}

static la_ssize_t read_inner(struct archive *inner, void *user, const void **bytes)
{
    MpsPacked *self = user;
    size_t n_bytes = 0;
    int result;

    do
        result = read_member(self, bytes, &n_bytes);
    while (result == ARCHIVE_OK && n_bytes == 0);
    if (result < ARCHIVE_OK)
        archive_set_error(inner, archive_errno(self->archive), "%s", reason_of(self));
    return result == ARCHIVE_OK ? (la_ssize_t)n_bytes : result == ARCHIVE_EOF ? 0 : -1;
}

static int read_unpacked(MpsPacked *self, const void **bytes, size_t *n_bytes)
{
    la_int64_t offset;

    return self->inner ? archive_read_data_block(self->inner, bytes, n_bytes, &offset)
                       : read_member(self, bytes, n_bytes);
}

/* Hands @bytes to the reader; false: nobody wants them. */
static bool put(MpsPacked *self, const uint8_t *bytes, size_t n_bytes)
{
    while (n_bytes > 0) {
        pthread_mutex_lock(&self->mutex);
        while (!self->stop && self->n_put - self->n_taken == RING_BYTES)
            pthread_cond_wait(&self->changed, &self->mutex);

        const size_t at = self->n_put % RING_BYTES;
        const size_t room = RING_BYTES - (size_t)(self->n_put - self->n_taken);
        const size_t some = MIN(MIN(n_bytes, room), RING_BYTES - at);
        const bool stop = self->stop;

        pthread_mutex_unlock(&self->mutex);
        if (stop)
            return false;
        memcpy(self->ring + at, bytes, some); /* the reader stays clear of it */
        bytes += some;
        n_bytes -= some;
        pthread_mutex_lock(&self->mutex);
        self->n_put += some;
        pthread_cond_signal(&self->changed);
        pthread_mutex_unlock(&self->mutex);
    }
    return true;
}

static gpointer unpack(gpointer user)
{
    MpsPacked *self = user;
    const void *bytes;
    size_t n_bytes;
    int result;

    do
        result = read_unpacked(self, &bytes, &n_bytes);
    while (result == ARCHIVE_RETRY ||
           (result != ARCHIVE_EOF && result >= ARCHIVE_WARN && put(self, bytes, n_bytes)));
    pthread_mutex_lock(&self->mutex);
    if (result < ARCHIVE_WARN || (self->gunzip && mps_gunzip_problem(self->gunzip)))
        self->problem = g_strdup(reason_of(self));
    self->ended = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

ssize_t mps_packed_read(void *packed, void *bytes, size_t n_bytes)
{
    MpsPacked *self = packed;

    pthread_mutex_lock(&self->mutex);
    while (self->n_put == self->n_taken && !self->ended)
        pthread_cond_wait(&self->changed, &self->mutex);

    const size_t at = self->n_taken % RING_BYTES;
    const size_t some = MIN(MIN(n_bytes, (size_t)(self->n_put - self->n_taken)), RING_BYTES - at);
    const bool failed = some == 0 && self->problem;

    pthread_mutex_unlock(&self->mutex);
    memcpy(bytes, self->ring + at, some);
    pthread_mutex_lock(&self->mutex);
    self->n_taken += some;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    errno = EIO;
    return failed ? -1 : (ssize_t)some;
}

/* Reads a member of the archive as if it were a file, compressed or not. */
static bool open_inner(MpsPacked *self, const char *name, GError **error)
{
    struct archive_entry *entry;

    self->inner = new_reader();
    archive_read_set_read_callback(self->inner, read_inner);
    archive_read_set_callback_data(self->inner, self);
    if (archive_read_open1(self->inner) >= ARCHIVE_WARN &&
        archive_read_next_header(self->inner, &entry) >= ARCHIVE_WARN)
        return true;
    if (self->member_bytes == 0)
        return mps_throw(error, MPS_ERROR_FORMAT, "%s: empty file", name);
    return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", name, reason_of(self));
}

bool mps_packed_begin(MpsPacked *self, const char *name, GError **error)
{
    g_assert(!self->thread);
    self->begun = true;
    self->n_put = self->n_taken = 0;
    self->next_offset = 0;
    self->ended = self->stop = false;
    g_clear_pointer(&self->problem, g_free);
    if (self->is_archive && !open_inner(self, name, error)) {
        g_clear_pointer(&self->inner, archive_read_free);
        return false;
    }
    if (!self->ring)
        self->ring = g_malloc(RING_BYTES);
    self->thread = mps_thread_start("unpack", unpack, self);
    return true;
}

void mps_packed_end(MpsPacked *self)
{
    if (!self->thread)
        return;
    pthread_mutex_lock(&self->mutex);
    self->stop = true;
    if (!self->ended && self->feed->live)
        mps_feed_quit(self->feed); /* the thread may wait in it; it cannot be read again anyway */
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    g_thread_join(g_steal_pointer(&self->thread));
    g_clear_pointer(&self->inner, archive_read_free);
}

const char *mps_packed_problem(MpsPacked *self)
{
    const char *problem;

    pthread_mutex_lock(&self->mutex);
    problem = self->problem;
    pthread_mutex_unlock(&self->mutex);
    return problem;
}

uint64_t mps_packed_bytes_read(const MpsPacked *self)
{
    return self->is_archive ? self->member_bytes_read : self->feed->bytes_read;
}

uint64_t mps_packed_bytes_total(const MpsPacked *self)
{
    return self->is_archive ? self->member_bytes : self->feed->bytes_total;
}

const MpsFeed *mps_packed_feed(const MpsPacked *self)
{
    return self->feed;
}

static void clear(gpointer user)
{
    MpsPacked *self = user;

    mps_packed_end(self);
    archive_read_free(self->archive);
    mps_gunzip_free(self->gunzip);
    mps_feed_free(self->feed);
    pthread_mutex_destroy(&self->mutex);
    pthread_cond_destroy(&self->changed);
    g_free(self->problem);
    g_free(self->input);
    g_free(self->ring);
    g_free(self->name);
    g_free(self->path);
}

MpsPacked *mps_packed_ref(MpsPacked *self)
{
    return g_atomic_rc_box_acquire(self);
}

void mps_packed_unref(MpsPacked *self)
{
    if (self)
        g_atomic_rc_box_release_full(self, clear);
}
