/* image.h - the state of a run, kept in a file and made live again by the same program.
 *
 * One walk over the state serves both: what it shows the image is written to the file, or filled
 * from it.  Structures are copied as they lie in memory; their links (mptcpscope/shape.h) tell of
 * their pointers.  Only the build that wrote an image can read it. */
#ifndef MPS_UTIL_IMAGE_H
#define MPS_UTIL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include <mptcpscope/error.h>
#include <mptcpscope/shape.h>

typedef struct _MpsImage MpsImage;

/* One that is written to @path, which is replaced.  NULL and MPS_ERROR_STORE. */
MpsImage *mps_image_write(const char *path, GError **error);

/* One that is read from @path, whose digest is known.  NULL and MPS_ERROR_STORE, also if it is
 * another. */
MpsImage *mps_image_read(const char *path, const char *digest, GError **error);

/* Whether the walk fills the state, or shows it. */
bool mps_image_restores(const MpsImage *self);

/* The next @n_bytes, without pointers. */
void mps_image_bytes(MpsImage *self, void *bytes, size_t n_bytes);
#define MPS_IMAGE(image, object) mps_image_bytes((image), &(object), sizeof(object))

/* The next structure, with all that it owns.  Restored, what it owned before is not freed. */
void mps_image_structure(MpsImage *self, void *structure, size_t n_bytes, const MpsLink *links);

/* Gives @entity the next number: both walks enter the same ones in the same order, before the first
 * structure with an MPS_LINK_ENTITY to one.  Links to what was not entered become NULL. */
void mps_image_enter(MpsImage *self, void *entity);

/* The same for a pointer by itself. */
void mps_image_entity(MpsImage *self, void **entity);

/* Ends the walk.  Returns the digest of what was written or read, owned by the caller; NULL and
 * MPS_ERROR_STORE: it could not be written, or does not fit the state. */
char *mps_image_end(MpsImage *self, GError **error);

void mps_image_free(MpsImage *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsImage, mps_image_free)

#endif
