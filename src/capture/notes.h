/* notes.h - what a pcapng file says beside its packets: interfaces and what they lost, names of
 * hosts, comments; private to capture, but for its contents.
 *
 * Lives as long as somebody holds it: packets point to names of interfaces.  A file cannot fill the
 * memory with it: of the texts a megabyte is kept, of the interfaces 65536. */
#ifndef MPS_CAPTURE_NOTES_H
#define MPS_CAPTURE_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Texts are valid UTF-8, and NULL where nothing is said; counts are -1 then. */
typedef struct {
    int link_type;
    uint32_t snaplen_bytes; /* 0: not limited */
    char *name, *description, *addresses, *hardware, *os, *filter;
    int64_t speed_bps;
    uint64_t n_packets;      /* read of it */
    int64_t received;        /* by the interface, as its last statistics say */
    int64_t filter_accepted; /* of them, by the capture filter */
    int64_t delivered;       /* of them, to the capturing program */
    int64_t ifdrop, osdrop;  /* of them lost, by the interface and the operating system */
    int64_t lost_between;    /* the same, as the packets themselves say */
} MpsInterface;

typedef struct {
    char *address, *name;
} MpsHostName;

/* "comment" of a packet, an interface or a section; "application", "os", "hardware" of a section.
 */
typedef struct {
    const char *kind;     /* static */
    uint64_t packet;      /* 0: of none */
    int64_t interface_id; /* -1: of none */
    char *text;
} MpsNote;

typedef struct {
    GPtrArray *interfaces; /* MpsInterface, numbered through all sections of the file */
    GArray *host_names;    /* MpsHostName */
    GArray *notes;         /* MpsNote */
    size_t n_bytes;        /* of texts */
    uint64_t n_left_out;   /* texts beyond what is kept */
} MpsNotes;

#define MPS_INTERFACES_MAX 65536u

MpsNotes *mps_notes_new(void);
MpsNotes *mps_notes_ref(MpsNotes *self); /* NULL is fine */
void mps_notes_unref(MpsNotes *self);    /* NULL is fine */

/* The interface described next, or NULL if there are too many. */
MpsInterface *mps_notes_add_interface(MpsNotes *self);

/* Text from the file, up to a 0 if there is one, to be owned by a note; NULL if it is empty, or
 * there is no room for more. */
char *mps_notes_text(MpsNotes *self, const uint8_t *bytes, size_t n_bytes);

/* Keeps both, or drops them if one is NULL. */
void mps_notes_add_host(MpsNotes *self, char *address, char *name);
void mps_notes_add(MpsNotes *self, const char *kind, uint64_t packet, int64_t interface_id,
                   char *text);

/* Packets that @interface lost, -1 unknown. */
int64_t mps_interface_dropped(const MpsInterface *interface);

/* The same over all interfaces. */
int64_t mps_notes_dropped(const MpsNotes *self);

#endif
