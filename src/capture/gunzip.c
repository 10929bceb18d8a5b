/* gunzip.c - GLib's decompressor, fed piece by piece; parts that were strung together are one. */
#include "capture/gunzip.h"

#include <gio/gio.h>

enum { BUFFER_BYTES = 256 << 10 };

struct _MpsGunzip {
    MpsFeed *feed;
    GConverter *converter;
    uint8_t *in, *out;
    size_t at, n_in; /* what was not converted yet */
    bool began;      /* the part at hand */
    unsigned n_parts;
    const char *problem;
};

bool mps_gunzip_probe(const MpsFeed *feed)
{
    return feed->n_head >= 2 && feed->head[0] == 0x1f && feed->head[1] == 0x8b;
}

MpsGunzip *mps_gunzip_new(MpsFeed *feed)
{
    MpsGunzip *self = g_new0(MpsGunzip, 1);

    self->feed = feed;
    self->converter = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    self->in = g_malloc(BUFFER_BYTES);
    self->out = g_malloc(BUFFER_BYTES);
    return self;
}

void mps_gunzip_free(MpsGunzip *self)
{
    if (!self)
        return;
    g_object_unref(self->converter);
    g_free(self->in);
    g_free(self->out);
    g_free(self);
}

/* Whether there is something to convert; *failed: the file cannot be read. */
static bool refill(MpsGunzip *self, bool *failed)
{
    ssize_t got;

    if (self->at < self->n_in)
        return true;
    got = mps_feed_read(self->feed, self->in, BUFFER_BYTES);
    *failed = got < 0;
    self->at = 0;
    self->n_in = got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* Up to the end of the part, the input or the room.  What follows the last part and is none, as the
 * padding of tapes, is not looked at. */
static size_t convert(MpsGunzip *self)
{
    g_autoptr(GError) reason = NULL;
    gsize n_read = 0, n_written = 0;
    const GConverterResult result =
        g_converter_convert(self->converter, self->in + self->at, self->n_in - self->at, self->out,
                            BUFFER_BYTES, G_CONVERTER_NO_FLAGS, &n_read, &n_written, &reason);

    self->at += n_read;
    self->began = true;
    if (result == G_CONVERTER_FINISHED) {
        g_converter_reset(self->converter);
        self->began = false;
        self->n_parts++;
    } else if (g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT)) {
        self->at = self->n_in;
    } else if (result == G_CONVERTER_ERROR) {
        self->problem = "the gzip data are damaged";
    }
    return n_written;
}

ssize_t mps_gunzip_read(MpsGunzip *self, const void **bytes)
{
    bool failed = false;
    size_t n_bytes = 0;

    *bytes = self->out;
    while (n_bytes == 0 && !self->problem) {
        if (!refill(self, &failed)) {
            if (!failed && self->began)
                self->problem = "the gzip data are cut short";
            return failed ? -1 : 0;
        }
        if (!self->began && self->n_parts > 0 && self->in[self->at] != 0x1f)
            return 0;
        n_bytes = convert(self);
    }
    return (ssize_t)n_bytes;
}

const char *mps_gunzip_problem(const MpsGunzip *self)
{
    return self->problem;
}
