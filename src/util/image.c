/* image.c - structures one behind the other, each followed by what it owns.
 *
 * In the copy of a structure a pointer is 1 where there is something and 0 where there is nothing;
 * that of an entity is its number, from 1. */
#include "util/image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "util/room.h"

/* Written in pieces of that size at least. */
enum { PIECE_BYTES = 1 << 18 };

struct _MpsImage {
    char *path;
    FILE *file;         /* NULL: it is read */
    GByteArray *bytes;  /* not written yet */
    uint8_t *contents;  /* all that is read, */
    size_t n_bytes, at; /* and how far it was */
    GHashTable *number; /* written: entity -> its number */
    GPtrArray *entity;  /* read: by number */
    GChecksum *digest;
    bool failed;
};

static bool cannot(const MpsImage *self, GError **error)
{
    return mps_throw(error, MPS_ERROR_STORE, "%s: %s", self->path, g_strerror(errno));
}

static MpsImage *new_image(const char *path)
{
    MpsImage *self = g_new0(MpsImage, 1);

    self->path = g_strdup(path);
    self->digest = g_checksum_new(G_CHECKSUM_SHA256);
    self->bytes = g_byte_array_new();
    return self;
}

MpsImage *mps_image_write(const char *path, GError **error)
{
    g_autoptr(MpsImage) self = new_image(path);

    self->number = g_hash_table_new(NULL, NULL);
    self->file = g_fopen(path, "wb");
    if (!self->file) {
        cannot(self, error);
        return NULL;
    }
    return g_steal_pointer(&self);
}

MpsImage *mps_image_read(const char *path, const char *digest, GError **error)
{
    g_autoptr(MpsImage) self = new_image(path);
    char *contents;
    gsize n_bytes;

    self->entity = g_ptr_array_new();
    if (!g_file_get_contents(path, &contents, &n_bytes, NULL)) {
        cannot(self, error);
        return NULL;
    }
    self->contents = (uint8_t *)contents;
    self->n_bytes = n_bytes;
    g_checksum_update(self->digest, self->contents, (gssize)n_bytes);
    if (strcmp(g_checksum_get_string(self->digest), digest) != 0)
        return mps_throw_null(error, MPS_ERROR_STORE, "%s: damaged", path);
    return g_steal_pointer(&self);
}

bool mps_image_restores(const MpsImage *self)
{
    return !self->file;
}

/* Writes what has come together. */
static void flush(MpsImage *self)
{
    g_checksum_update(self->digest, self->bytes->data, (gssize)self->bytes->len);
    if (fwrite(self->bytes->data, 1, self->bytes->len, self->file) != self->bytes->len)
        self->failed = true;
    g_byte_array_set_size(self->bytes, 0);
}

static void put(MpsImage *self, const void *bytes, size_t n_bytes)
{
    g_byte_array_append(self->bytes, bytes, (guint)n_bytes);
}

/* The next @n_bytes of what is read; NULL: there are not so many. */
static uint8_t *take(MpsImage *self, size_t n_bytes)
{
    uint8_t *bytes = self->contents + self->at;

    if (self->failed || self->n_bytes - self->at < n_bytes) {
        self->failed = true;
        return NULL;
    }
    self->at += n_bytes;
    return bytes;
}

void mps_image_bytes(MpsImage *self, void *bytes, size_t n_bytes)
{
    if (self->file) {
        put(self, bytes, n_bytes);
    } else {
        const uint8_t *from = take(self, n_bytes);

        if (from)
            memcpy(bytes, from, n_bytes);
        else
            memset(bytes, 0, n_bytes);
    }
}

static void *pointer_at(const void *structure, size_t at)
{
    void *pointer;

    memcpy(&pointer, (const char *)structure + at, sizeof pointer);
    return pointer;
}

static void set_pointer(void *structure, size_t at, void *pointer)
{
    memcpy((char *)structure + at, &pointer, sizeof pointer);
}

static uintptr_t number_of(const MpsImage *self, const void *entity)
{
    return entity ? GPOINTER_TO_SIZE(g_hash_table_lookup(self->number, entity)) : 0;
}

static void *entity_of(MpsImage *self, uintptr_t number)
{
    if (number > self->entity->len)
        self->failed = true;
    return number == 0 || number > self->entity->len ? NULL
                                                     : g_ptr_array_index(self->entity, number - 1);
}

/* Takes what is of this process alone out of @copy, a structure on its way to the file. */
static void bleach(const MpsImage *self, char *copy, const MpsLink *links)
{
    for (const MpsLink *link = links; link && link->kind; link++) {
        const void *pointer = NULL;
        uintptr_t mark = 0;

        if (link->kind == MPS_LINK_PART) {
            for (size_t i = 0; i < link->n; i++)
                bleach(self, copy + link->at + i * link->item_bytes, link->of);
            continue;
        }
        pointer = pointer_at(copy, link->at);
        if (link->kind == MPS_LINK_ENTITY)
            mark = number_of(self, pointer);
        else if (link->kind != MPS_LINK_KEPT && link->kind != MPS_LINK_OTHER)
            mark = pointer != NULL;
        memcpy(copy + link->at, &mark, sizeof mark);
        if (link->kind == MPS_LINK_ROOM) {
            MpsRoom room;

            memcpy(&room, copy + link->room, sizeof room);
            room = (MpsRoom){.n_items = room.n_items};
            memcpy(copy + link->room, &room, sizeof room);
        }
    }
}

/* Puts into @copy, a structure on its way from the file, what shall stay as it is in @live. */
static void keep(char *copy, const char *live, const MpsLink *links)
{
    for (const MpsLink *link = links; link && link->kind; link++) {
        if (link->kind == MPS_LINK_KEPT)
            memcpy(copy + link->at, live + link->at, sizeof(void *));
        for (size_t i = 0; link->kind == MPS_LINK_PART && i < link->n; i++)
            keep(copy + link->at + i * link->item_bytes, live + link->at + i * link->item_bytes,
                 link->of);
    }
}

static void follow(MpsImage *self, char *structure, const MpsLink *links);

static void put_items(MpsImage *self, const void *items, size_t n, size_t item_bytes,
                      const MpsLink *of)
{
    const guint at = self->bytes->len;

    if (n == 0)
        return;
    put(self, items, n * item_bytes);
    for (size_t i = 0; of && i < n; i++)
        bleach(self, (char *)self->bytes->data + at + i * item_bytes, of);
    for (size_t i = 0; of && i < n; i++)
        follow(self, (char *)(uintptr_t)items + i * item_bytes, of);
}

/* Fills @items, or what is made for @capacity of them where that is NULL. */
static void *take_items(MpsImage *self, void *items, size_t n, size_t capacity, size_t item_bytes,
                        const MpsLink *of)
{
    uint8_t *copy = n <= self->n_bytes / item_bytes ? take(self, n * item_bytes) : NULL;

    if (!copy) {
        self->failed = true;
        return items;
    }
    if (!items)
        items = g_malloc0_n(MAX(n, capacity), item_bytes);
    else
        for (size_t i = 0; i < n; i++)
            keep((char *)copy + i * item_bytes, (char *)items + i * item_bytes, of);
    memcpy(items, copy, n * item_bytes);
    for (size_t i = 0; of && i < n; i++)
        follow(self, (char *)items + i * item_bytes, of);
    return items;
}

static void put_text(MpsImage *self, const char *text)
{
    uint64_t n_bytes = strlen(text);

    MPS_IMAGE(self, n_bytes);
    put(self, text, n_bytes);
}

static char *take_text(MpsImage *self)
{
    uint64_t n_bytes;
    const uint8_t *bytes;

    MPS_IMAGE(self, n_bytes);
    bytes = take(self, n_bytes);
    return bytes ? g_strndup((const char *)bytes, n_bytes) : NULL;
}

static uint32_t items_in(const char *structure, const MpsLink *link)
{
    return ((const MpsRoom *)(const void *)(structure + link->room))->n_items;
}

static void put_owned(MpsImage *self, const char *structure, const MpsLink *link)
{
    const void *owned = pointer_at(structure, link->at);

    if (!owned)
        return;
    switch (link->kind) {
    case MPS_LINK_ITEMS:
        put_items(self, owned, link->count ? link->count(structure) : link->n, link->item_bytes,
                  link->of);
        break;
    case MPS_LINK_ROOM:
        put_items(self, owned, items_in(structure, link), link->item_bytes, link->of);
        break;
    case MPS_LINK_ARRAY:
    case MPS_LINK_ZEROED_ARRAY: {
        const GArray *array = owned;
        uint64_t n = array->len;

        MPS_IMAGE(self, n);
        put_items(self, array->data, n, link->item_bytes, link->of);
        break;
    }
    case MPS_LINK_TEXT:
    case MPS_LINK_WORD:
        put_text(self, owned);
        break;
    case MPS_LINK_PART:
    case MPS_LINK_ENTITY:
    case MPS_LINK_KEPT:
    case MPS_LINK_OTHER:
        break;
    }
}

static GArray *take_array(MpsImage *self, const MpsLink *link)
{
    GArray *array =
        g_array_new(FALSE, link->kind == MPS_LINK_ZEROED_ARRAY, (guint)link->item_bytes);
    uint64_t n;

    MPS_IMAGE(self, n);
    if (n > self->n_bytes / link->item_bytes) {
        self->failed = true;
        return array;
    }
    g_array_set_size(array, (guint)n);
    if (n > 0) {
        memset(array->data, 0, n * link->item_bytes);
        take_items(self, array->data, n, n, link->item_bytes, link->of);
    }
    return array;
}

static void take_owned(MpsImage *self, char *structure, const MpsLink *link)
{
    const uintptr_t mark = (uintptr_t)pointer_at(structure, link->at);
    void *owned = NULL;

    if (link->kind == MPS_LINK_PART || link->kind == MPS_LINK_KEPT || mark == 0)
        return;
    switch (link->kind) {
    case MPS_LINK_ITEMS: {
        const size_t n = link->count ? link->count(structure) : link->n;
        const size_t capacity = link->capacity ? link->capacity(structure) : n;

        owned = n > 0 ? take_items(self, NULL, n, capacity, link->item_bytes, link->of) : NULL;
        break;
    }
    case MPS_LINK_ROOM: {
        const uint32_t n = items_in(structure, link);

        owned = n > 0 ? take_items(self, NULL, n, n, link->item_bytes, link->of) : NULL;
        break;
    }
    case MPS_LINK_ARRAY:
    case MPS_LINK_ZEROED_ARRAY:
        owned = take_array(self, link);
        break;
    case MPS_LINK_TEXT:
        owned = take_text(self);
        break;
    case MPS_LINK_WORD: {
        g_autofree char *word = take_text(self);

        owned = (void *)(uintptr_t)g_intern_string(word);
        break;
    }
    case MPS_LINK_ENTITY:
        owned = entity_of(self, mark);
        break;
    case MPS_LINK_PART:
    case MPS_LINK_KEPT:
    case MPS_LINK_OTHER:
        break;
    }
    set_pointer(structure, link->at, owned);
}

/* What @structure owns. */
static void follow(MpsImage *self, char *structure, const MpsLink *links)
{
    for (const MpsLink *link = links; link && link->kind; link++) {
        for (size_t i = 0; link->kind == MPS_LINK_PART && i < link->n; i++)
            follow(self, structure + link->at + i * link->item_bytes, link->of);
        if (self->file)
            put_owned(self, structure, link);
        else
            take_owned(self, structure, link);
    }
}

void mps_image_structure(MpsImage *self, void *structure, size_t n_bytes, const MpsLink *links)
{
    if (n_bytes == 0)
        return;
    if (!self->file) {
        take_items(self, structure, 1, 1, n_bytes, links);
        return;
    }
    put_items(self, structure, 1, n_bytes, links);
    if (self->bytes->len >= PIECE_BYTES)
        flush(self);
}

void mps_image_enter(MpsImage *self, void *entity)
{
    if (self->file)
        g_hash_table_insert(self->number, entity,
                            GSIZE_TO_POINTER(g_hash_table_size(self->number) + 1));
    else
        g_ptr_array_add(self->entity, entity);
}

void mps_image_entity(MpsImage *self, void **entity)
{
    uint64_t number = self->file ? number_of(self, *entity) : 0;

    MPS_IMAGE(self, number);
    if (!self->file)
        *entity = entity_of(self, number);
}

char *mps_image_end(MpsImage *self, GError **error)
{
    if (self->file) {
        flush(self);
        if (fclose(self->file) != 0)
            self->failed = true;
        self->file = NULL;
        if (self->failed) {
            cannot(self, error);
            return NULL;
        }
    } else if (self->failed || self->at != self->n_bytes) {
        return mps_throw_null(error, MPS_ERROR_STORE, "%s: not a state of this program",
                              self->path);
    }
    return g_strdup(g_checksum_get_string(self->digest));
}

void mps_image_free(MpsImage *self)
{
    if (!self)
        return;
    if (self->file)
        fclose(self->file);
    if (self->number)
        g_hash_table_unref(self->number);
    if (self->entity)
        g_ptr_array_unref(self->entity);
    g_byte_array_unref(self->bytes);
    g_free(self->contents);
    g_checksum_free(self->digest);
    g_free(self->path);
    g_free(self);
}
