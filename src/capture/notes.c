/* notes.c - see notes.h. */
#include "capture/notes.h"

#include <string.h>

/* All texts of a file, each with what it costs to keep it. */
#define TEXTS_MAX_BYTES (1u << 20)
#define NOTE_BYTES      sizeof(MpsNote)

static void free_interface(gpointer user)
{
    MpsInterface *interface = user;

    g_free(interface->name);
    g_free(interface->description);
    g_free(interface->addresses);
    g_free(interface->hardware);
    g_free(interface->os);
    g_free(interface->filter);
    g_free(interface);
}

static void clear_host_name(gpointer user)
{
    g_free(((MpsHostName *)user)->address);
    g_free(((MpsHostName *)user)->name);
}

static void clear_note(gpointer user)
{
    g_free(((MpsNote *)user)->text);
}

MpsNotes *mps_notes_new(void)
{
    MpsNotes *self = g_atomic_rc_box_new0(MpsNotes);

    self->interfaces = g_ptr_array_new_with_free_func(free_interface);
    self->host_names = g_array_new(FALSE, FALSE, sizeof(MpsHostName));
    g_array_set_clear_func(self->host_names, clear_host_name);
    self->notes = g_array_new(FALSE, FALSE, sizeof(MpsNote));
    g_array_set_clear_func(self->notes, clear_note);
    return self;
}

static void clear(gpointer user)
{
    MpsNotes *self = user;

    g_ptr_array_unref(self->interfaces);
    g_array_unref(self->host_names);
    g_array_unref(self->notes);
}

MpsNotes *mps_notes_ref(MpsNotes *self)
{
    return self ? g_atomic_rc_box_acquire(self) : NULL;
}

void mps_notes_unref(MpsNotes *self)
{
    if (self)
        g_atomic_rc_box_release_full(self, clear);
}

MpsInterface *mps_notes_add_interface(MpsNotes *self)
{
    MpsInterface *interface;

    if (self->interfaces->len >= MPS_INTERFACES_MAX)
        return NULL;
    interface = g_new0(MpsInterface, 1);
    interface->speed_bps = interface->received = interface->filter_accepted = -1;
    interface->delivered = interface->ifdrop = interface->osdrop = interface->lost_between = -1;
    g_ptr_array_add(self->interfaces, interface);
    return interface;
}

char *mps_notes_text(MpsNotes *self, const uint8_t *bytes, size_t n_bytes)
{
    const char *const text = (const char *)bytes;
    const size_t length = n_bytes > 0 ? strnlen(text, n_bytes) : 0;

    if (length == 0)
        return NULL;
    if (length + NOTE_BYTES > TEXTS_MAX_BYTES - self->n_bytes) {
        self->n_left_out++;
        return NULL;
    }
    self->n_bytes += length + NOTE_BYTES;
    return g_utf8_make_valid(text, (gssize)length);
}

void mps_notes_add_host(MpsNotes *self, char *address, char *name)
{
    const MpsHostName host_name = {address, name};

    if (address && name) {
        g_array_append_val(self->host_names, host_name);
    } else {
        g_free(address);
        g_free(name);
    }
}

void mps_notes_add(MpsNotes *self, const char *kind, uint64_t packet, int64_t interface_id,
                   char *text)
{
    const MpsNote note = {kind, packet, interface_id, text};

    if (text)
        g_array_append_val(self->notes, note);
}

/* Sum that keeps "unknown" (-1) apart from 0 and stays below the end of the range. */
static int64_t add(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return MAX(a, b);
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

int64_t mps_interface_dropped(const MpsInterface *interface)
{
    const int64_t dropped = add(interface->ifdrop, interface->osdrop);

    /* Statistics are made at the end, and know of all. */
    return dropped >= 0 ? dropped : interface->lost_between;
}

int64_t mps_notes_dropped(const MpsNotes *self)
{
    int64_t sum = -1;

    for (guint i = 0; i < self->interfaces->len; i++)
        sum = add(sum, mps_interface_dropped(g_ptr_array_index(self->interfaces, i)));
    return sum;
}
