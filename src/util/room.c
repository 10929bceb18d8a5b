/* room.c - one allocation: free places, items, free places. */
#include "util/room.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

enum { FIRST_ITEMS = 4, MOST_ITEMS = 1 << 29 };

/* Moves the items to a larger block, with the new free places on the side that needs them. */
static char *grow(char *items, MpsRoom *room, bool at_front, size_t item_bytes)
{
    /* By half: arrays of short connections stay small. */
    const uint32_t more = MAX(room->n_items / 2, FIRST_ITEMS);
    const uint32_t n_front = room->n_front + (at_front ? more : 0);
    const uint32_t n_back = room->n_back + (at_front ? 0 : more);
    char *block;

    g_assert(room->n_items < MOST_ITEMS);

    if (!at_front) { /* the usual way: the block may grow in place */
        block = g_realloc_n(items ? items - room->n_front * item_bytes : NULL,
                            (gsize)n_front + room->n_items + n_back, item_bytes);
    } else {
        block = g_malloc_n((gsize)n_front + room->n_items + n_back, item_bytes);
        if (items) {
            memcpy(block + n_front * item_bytes, items, room->n_items * item_bytes);
            g_free(items - room->n_front * item_bytes);
        }
    }
    room->n_front = n_front;
    room->n_back = n_back;
    return block + n_front * item_bytes;
}

/* Slides the items to the begin of their block: dropping from the front had left half of it free.
 */
static char *slide(char *items, MpsRoom *room, size_t item_bytes)
{
    char *block = items - room->n_front * item_bytes;

    memmove(block, items, room->n_items * item_bytes);
    room->n_back += room->n_front;
    room->n_front = 0;
    return block;
}

void *mps_room_insert_slow(void *items, MpsRoom *room, size_t index, size_t item_bytes)
{
    const bool at_front = index < room->n_items / 2;
    char *at = items;

    if (!at_front && room->n_back == 0 && room->n_front > room->n_items)
        at = slide(at, room, item_bytes);
    else if ((at_front ? room->n_front : room->n_back) == 0)
        at = grow(at, room, at_front, item_bytes);
    if (at_front) {
        memmove(at - item_bytes, at, index * item_bytes);
        at -= item_bytes;
        room->n_front--;
    } else {
        memmove(at + (index + 1) * item_bytes, at + index * item_bytes,
                (room->n_items - index) * item_bytes);
        room->n_back--;
    }
    room->n_items++;
    room->inserted = (uint32_t)index;
    return at;
}

void *mps_room_erase_slow(void *items, MpsRoom *room, size_t index, size_t n, size_t item_bytes)
{
    char *at = items;

    if (index == 0) {
        at += n * item_bytes;
        room->n_front += (uint32_t)n;
    } else {
        memmove(at + index * item_bytes, at + (index + n) * item_bytes,
                (room->n_items - index - n) * item_bytes);
        room->n_back += (uint32_t)n;
    }
    room->n_items -= (uint32_t)n;
    return at;
}

void mps_room_free(void *items, MpsRoom *room, size_t item_bytes)
{
    if (items)
        g_free((char *)items - room->n_front * item_bytes);
    *room = (MpsRoom){0};
}
