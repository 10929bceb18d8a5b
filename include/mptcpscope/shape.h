/* shape.h - where a structure has pointers, and what they point to: all that has to be said of it
 * so that an image of it can be kept in a file and made live again (util/image.h).
 *
 * A structure is its size and its links, ended by { 0 }; one without pointers has none, NULL.  A
 * pointer that is not among the links of its structure would be dangling after a restart. */
#ifndef MPTCPSCOPE_SHAPE_H
#define MPTCPSCOPE_SHAPE_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    MPS_LINK_PART = 1,     /* no pointer: structures with links lie in it, @n of them */
    MPS_LINK_ITEMS,        /* owns @n items, or as many as @count says; from g_malloc() */
    MPS_LINK_ROOM,         /* owns the items of the MpsRoom at @room */
    MPS_LINK_ARRAY,        /* owns a GArray */
    MPS_LINK_ZEROED_ARRAY, /* owns a GArray that clears what is added */
    MPS_LINK_TEXT,         /* owns a string */
    MPS_LINK_WORD,         /* a string that is static, or lives as long as the run */
    MPS_LINK_ENTITY,       /* something that has a number: see mps_image_enter() */
    MPS_LINK_KEPT,         /* belongs to who makes the structure: left as it is */
    MPS_LINK_OTHER,        /* NULL until its owner makes it live */
} MpsLinkKind;

typedef struct _MpsLink MpsLink;
struct _MpsLink {
    MpsLinkKind kind;
    size_t at, room;
    size_t n, item_bytes;
    const MpsLink *of; /* of the items */
    size_t (*count)(const void *structure);
    size_t (*capacity)(const void *structure); /* there is room for so many; NULL: @count */
};

#define MPS_MEMBER_BYTES(Type, member) sizeof(((Type *)0)->member)
#define MPS_ITEM_BYTES(Type, member)   sizeof(*((Type *)0)->member)
#define MPS_LINK(link_kind, Type, member, ...)                                                     \
    {                                                                                              \
        .kind = MPS_LINK_##link_kind, .at = offsetof(Type, member), __VA_ARGS__                    \
    }

#define MPS_PART(Type, member, n_of, links)                                                        \
    MPS_LINK(PART, Type, member, .n = (n_of),                                                      \
             .item_bytes = MPS_MEMBER_BYTES(Type, member) / (n_of), .of = (links))
#define MPS_ITEMS(Type, member, n_of, links)                                                       \
    MPS_LINK(ITEMS, Type, member, .n = (n_of), .item_bytes = MPS_ITEM_BYTES(Type, member),         \
             .of = (links))
/* One of @Item, which is all that the structure, a pointer, consists of. */
#define MPS_RARE(Item, links)                                                                      \
    {                                                                                              \
        .kind = MPS_LINK_ITEMS, .n = 1, .item_bytes = sizeof(Item), .of = (links)                  \
    }
#define MPS_COUNTED(Type, member, count_of, links)                                                 \
    MPS_LINK(ITEMS, Type, member, .count = (count_of), .item_bytes = MPS_ITEM_BYTES(Type, member), \
             .of = (links))
#define MPS_GROWING(Type, member, count_of, capacity_of, links)                                    \
    MPS_LINK(ITEMS, Type, member, .count = (count_of), .capacity = (capacity_of),                  \
             .item_bytes = MPS_ITEM_BYTES(Type, member), .of = (links))
#define MPS_ROOM(Type, member, room_of, links)                                                     \
    MPS_LINK(ROOM, Type, member, .room = offsetof(Type, room_of),                                  \
             .item_bytes = MPS_ITEM_BYTES(Type, member), .of = (links))
#define MPS_ARRAY(Type, member, Item, links)                                                       \
    MPS_LINK(ARRAY, Type, member, .item_bytes = sizeof(Item), .of = (links))
#define MPS_ZEROED_ARRAY(Type, member, Item, links)                                                \
    MPS_LINK(ZEROED_ARRAY, Type, member, .item_bytes = sizeof(Item), .of = (links))
#define MPS_OWN_TEXT(Type, member) MPS_LINK(TEXT, Type, member, .n = 1)
#define MPS_WORD(Type, member)     MPS_LINK(WORD, Type, member, .n = 1)
#define MPS_ENTITY(Type, member)   MPS_LINK(ENTITY, Type, member, .n = 1)
#define MPS_KEPT(Type, member)     MPS_LINK(KEPT, Type, member, .n = 1)
#define MPS_OTHER(Type, member)    MPS_LINK(OTHER, Type, member, .n = 1)

#endif
