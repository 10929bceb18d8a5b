/* room.h - sorted arrays that grow at both ends: inserting moves the shorter side, dropping from
 * the front moves nothing.  Numbers of a protocol arrive in order nearly always, and in reverse
 * order where somebody means harm. */
#ifndef MPS_UTIL_ROOM_H
#define MPS_UTIL_ROOM_H

#include <stddef.h>
#include <stdint.h>

/* Beside a typed pointer to the items.  Zeroed memory, with a NULL pointer, is an empty array. */
typedef struct {
    uint32_t n_items;
    uint32_t n_front, n_back; /* free places before and behind the items */
    uint32_t inserted;        /* index of the item inserted last */
} MpsRoom;

/* The general cases of the two functions below. */
void *mps_room_insert_slow(void *items, MpsRoom *room, size_t index, size_t item_bytes);
void *mps_room_erase_slow(void *items, MpsRoom *room, size_t index, size_t n, size_t item_bytes);

/* Makes room for one item before @index (at most n_items), and returns where the items are now; the
 * new one is not initialized. */
static inline void *mps_room_insert(void *items, MpsRoom *room, size_t index, size_t item_bytes)
{
    if (index != room->n_items || room->n_back == 0)
        return mps_room_insert_slow(items, room, index, item_bytes);
    room->n_back--;
    room->inserted = room->n_items++;
    return items;
}

/* Removes @n items from @index on, and returns where the items are now. */
static inline void *mps_room_erase(void *items, MpsRoom *room, size_t index, size_t n,
                                   size_t item_bytes)
{
    return n == 0 ? items : mps_room_erase_slow(items, room, index, n, item_bytes);
}

/* Frees all memory. */
void mps_room_free(void *items, MpsRoom *room, size_t item_bytes);

/* The same for a typed pointer, which they keep up to date. */
#define MPS_ROOM_INSERT(items, room, index)                                                        \
    ((items) = mps_room_insert((items), (room), (index), sizeof *(items)),                         \
     &(items)[(room)->inserted])
#define MPS_ROOM_ERASE(items, room, index, n)                                                      \
    ((items) = mps_room_erase((items), (room), (index), (n), sizeof *(items)))
#define MPS_ROOM_FREE(items, room) (mps_room_free((items), (room), sizeof *(items)), (items) = NULL)

/* Defines a function that finds in sorted, disjoint @Item with a member .end the index of the first
 * one that ends above @position; n_items if none does.  Gallops from the end, where numbers usually
 * are. */
#define MPS_ROOM_DEFINE_FIND(name, Item, Position)                                                 \
    static inline size_t name(const Item *items, size_t n_items, Position position)                \
    {                                                                                              \
        size_t low = n_items, high = n_items, step = 1;                                            \
                                                                                                   \
        while (low > 0 && items[low - 1].end > position) {                                         \
            high = low - 1;                                                                        \
            low = low > step ? low - step : 0;                                                     \
            step *= 2;                                                                             \
        }                                                                                          \
        while (low < high) {                                                                       \
            const size_t middle = low + (high - low) / 2;                                          \
                                                                                                   \
            if (items[middle].end <= position)                                                     \
                low = middle + 1;                                                                  \
            else                                                                                   \
                high = middle;                                                                     \
        }                                                                                          \
        return low;                                                                                \
    }

#endif
