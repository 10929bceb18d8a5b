/* image.h - the model's state between two packets, in an image. */
#ifndef MPS_MODEL_IMAGE_H
#define MPS_MODEL_IMAGE_H

#include "model/model.h"
#include "util/image.h"

/* What others keep of a connection. */
typedef struct {
    /* Enters what links may lead to; the connection's subflows are there, and nothing is known of
     * it yet. */
    void (*enter)(void *user, MpsConnection *connection, MpsImage *image);
    /* The states, when connection and subflows are complete. */
    void (*states)(void *user, MpsConnection *connection, MpsImage *image);
    void *user;
} MpsModelImage;

/* Shows all to @image; or fills @self, which is new, and had the same hooks, from it. */
void mps_model_image(MpsModel *self, const MpsModelImage *also, MpsImage *image);

#endif
