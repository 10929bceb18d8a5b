/* feed.c - see feed.h. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "capture/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mptcpscope/error.h>

/* Whether bytes can be read; false: an early end is wanted. */
static bool wait_for_bytes(MpsFeed *feed)
{
    struct pollfd files[] = {{.fd = feed->fd, .events = POLLIN},
                             {.fd = feed->stop_fd, .events = POLLIN},
                             {.fd = feed->quit_fd, .events = POLLIN}};

    while (poll(files, G_N_ELEMENTS(files), -1) < 0)
        if (errno != EINTR)
            return true; /* the read will say what is wrong */
    if (files[1].revents)
        feed->stopped = true;
    return !files[1].revents && !files[2].revents;
}

static ssize_t read_file(MpsFeed *feed, void *bytes, size_t n_bytes)
{
    ssize_t got;

    do {
        if (!wait_for_bytes(feed))
            return 0;
        got = read(feed->fd, bytes, n_bytes);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* A file is looked into; a pipe gives its bytes once only. */
static bool read_head(MpsFeed *feed)
{
    const off_t start = feed->live ? -1 : lseek(feed->fd, 0, SEEK_CUR);

    while (feed->n_head < sizeof feed->head) {
        const ssize_t got =
            read_file(feed, feed->head + feed->n_head, sizeof feed->head - feed->n_head);

        if (got < 0)
            return false;
        if (got == 0)
            break;
        feed->n_head += (size_t)got;
    }
    if (start < 0)
        feed->n_replay = feed->n_head;
    return start < 0 || lseek(feed->fd, start, SEEK_SET) == start;
}

MpsFeed *mps_feed_open(const char *path, int stop_fd, GError **error)
{
    g_autoptr(MpsFeed) feed = g_new0(MpsFeed, 1);
    struct stat status;

    feed->stop_fd = stop_fd;
    feed->quit_fd = -1;
    feed->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                      : open(path, O_RDONLY | O_CLOEXEC);
    if (feed->fd >= 0)
        feed->quit_fd = eventfd(0, EFD_CLOEXEC);
    if (feed->quit_fd < 0 || fstat(feed->fd, &status) != 0)
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    if (S_ISDIR(status.st_mode)) /* of others, the files are opened */
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: a directory without files", path);
    feed->live = !S_ISREG(status.st_mode);
    feed->bytes_total = feed->live ? 0 : (uint64_t)status.st_size;
    if (!read_head(feed))
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    return g_steal_pointer(&feed);
}

ssize_t mps_feed_read(void *source, void *bytes, size_t n_bytes)
{
    MpsFeed *feed = source;
    ssize_t got;

    if (feed->n_replay > 0) {
        const size_t some = MIN(n_bytes, feed->n_replay);

        memcpy(bytes, feed->head + feed->n_head - feed->n_replay, some);
        feed->n_replay -= some;
        got = (ssize_t)some;
    } else {
        got = read_file(feed, bytes, n_bytes);
    }
    if (got > 0)
        feed->bytes_read += (uint64_t)got;
    return got;
}

void mps_feed_quit(MpsFeed *feed)
{
    (void)eventfd_write(feed->quit_fd, 1);
}

void mps_feed_free(MpsFeed *feed)
{
    if (!feed)
        return;
    if (feed->fd >= 0)
        close(feed->fd);
    if (feed->quit_fd >= 0)
        close(feed->quit_fd);
    g_free(feed);
}
