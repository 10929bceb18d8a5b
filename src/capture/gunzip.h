/* gunzip.h - gzip data as a stream; private to capture.
 *
 * Not libarchive's: that one throws away up to 64 kB that it has unpacked when the file is cut, and
 * so all of a small one, and does not verify check sums. */
#ifndef MPS_CAPTURE_GUNZIP_H
#define MPS_CAPTURE_GUNZIP_H

#include "capture/feed.h"

typedef struct _MpsGunzip MpsGunzip;

/* Whether @feed is gzip data. */
bool mps_gunzip_probe(const MpsFeed *feed);

MpsGunzip *mps_gunzip_new(MpsFeed *feed); /* borrowed */
void mps_gunzip_free(MpsGunzip *self);    /* NULL is fine */

/* The next unpacked bytes, which die with the next call; 0 at the end; -1: the file cannot be read,
 * see errno. */
ssize_t mps_gunzip_read(MpsGunzip *self, const void **bytes);

/* What ended the data early; NULL: nothing.  Static. */
const char *mps_gunzip_problem(const MpsGunzip *self);

#endif
