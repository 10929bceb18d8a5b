/* notes.c - see notes.h. */
#include "pipeline/notes.h"

#include "capture/capture.h"

enum {
    CAPTURE,
    ID,
    NAME,
    DESCRIPTION,
    ADDRESSES,
    LINK_TYPE,
    SNAPLEN,
    SPEED,
    HARDWARE,
    OS,
    FILTER,
    PACKETS,
    RECEIVED,
    ACCEPTED,
    DELIVERED,
    IFDROP,
    OSDROP,
    DROPPED,
    N_INTERFACE,
};

static const MpsColumn interface_columns[] = {
    [CAPTURE] = {"capture_id", MPS_INT, "the file", "capture(capture_id)"},
    [ID] = {"interface_id", MPS_INT, "0, 1, ... in the order of the file, through all sections"},
    [NAME] = {"name", MPS_TEXT, "as the capturing host calls it"},
    [DESCRIPTION] = {"description", MPS_TEXT, "in words"},
    [ADDRESSES] = {"addresses", MPS_TEXT, "its IP addresses"},
    [LINK_TYPE] = {"link_type", MPS_TEXT, "libpcap's name"},
    [SNAPLEN] = {"snaplen_bytes", MPS_INT, "most bytes captured of a packet; NULL: no limit"},
    [SPEED] = {"speed_bps", MPS_INT, "[bit/s]"},
    [HARDWARE] = {"hardware", MPS_TEXT, "what it is"},
    [OS] = {"os", MPS_TEXT, "operating system of its host"},
    [FILTER] = {"filter", MPS_TEXT, "capture filter"},
    [PACKETS] = {"packets", MPS_INT, "in the file"},
    [RECEIVED] = {"received", MPS_INT, "packets that came in while capturing (isb_ifrecv)"},
    [ACCEPTED] = {"filter_accepted", MPS_INT, "of them passed the filter (isb_filteraccept)"},
    [DELIVERED] = {"delivered", MPS_INT, "of them reached the capturing program (isb_usrdeliv)"},
    [IFDROP] = {"ifdrop", MPS_INT, "lost by the interface (isb_ifdrop)"},
    [OSDROP] = {"osdrop", MPS_INT, "lost by the operating system (isb_osdrop)"},
    [DROPPED] = {"dropped", MPS_INT,
                 "lost by both; without statistics, what the packets say was lost between them"},
    {0},
};

const MpsTable mps_interface_table = {
    .name = "interface",
    .help = "Interfaces that pcapng files describe, and what they lost; NULL: not said.",
    .columns = interface_columns,
    .primary_key = "capture_id, interface_id",
};

static const MpsColumn host_name_columns[] = {
    {"capture_id", MPS_INT, "the file", "capture(capture_id)"},
    {"address", MPS_TEXT, "IPv4 or IPv6"},
    {"name", MPS_TEXT, "one of its names, when the file was written"},
    {0},
};

const MpsTable mps_host_name_table = {
    .name = "host_name",
    .help = "Names of addresses that pcapng files hold (name resolution blocks).",
    .columns = host_name_columns,
};

static const MpsColumn note_columns[] = {
    {"capture_id", MPS_INT, "the file", "capture(capture_id)"},
    {"kind", MPS_TEXT,
     "comment; or of a file: application, os, hardware it was made with; or left_out: how many "
     "texts were too many to keep"},
    {"packet", MPS_INT, "the packet commented, or NULL"},
    {"interface_id", MPS_INT, "the interface commented, or NULL"},
    {"text", MPS_TEXT, "what it says"},
    {0},
};

const MpsTable mps_file_note_table = {
    .name = "file_note",
    .help = "Comments in pcapng files, and what made the files.",
    .columns = note_columns,
};

static MpsValue known(int64_t count)
{
    return mps_int_if(count >= 0, count);
}

static void write_interface(const MpsInterface *interface, int64_t capture_id, int64_t id,
                            MpsRowSink *rows)
{
    MpsValue values[N_INTERFACE];

    values[CAPTURE] = mps_int(capture_id);
    values[ID] = mps_int(id);
    values[NAME] = mps_text(interface->name);
    values[DESCRIPTION] = mps_text(interface->description);
    values[ADDRESSES] = mps_text(interface->addresses);
    values[LINK_TYPE] = mps_text(mps_capture_link_name(interface->link_type));
    values[SNAPLEN] = mps_int_if(interface->snaplen_bytes > 0, interface->snaplen_bytes);
    values[SPEED] = known(interface->speed_bps);
    values[HARDWARE] = mps_text(interface->hardware);
    values[OS] = mps_text(interface->os);
    values[FILTER] = mps_text(interface->filter);
    values[PACKETS] = mps_count(interface->n_packets);
    values[RECEIVED] = known(interface->received);
    values[ACCEPTED] = known(interface->filter_accepted);
    values[DELIVERED] = known(interface->delivered);
    values[IFDROP] = known(interface->ifdrop);
    values[OSDROP] = known(interface->osdrop);
    values[DROPPED] = known(mps_interface_dropped(interface));
    rows->add(rows, &mps_interface_table, values);
}

static void write_file(const MpsNotes *notes, int64_t capture_id, MpsRowSink *rows)
{
    for (guint i = 0; i < notes->interfaces->len; i++)
        write_interface(g_ptr_array_index(notes->interfaces, i), capture_id, i, rows);
    for (guint i = 0; i < notes->host_names->len; i++) {
        const MpsHostName *host = &g_array_index(notes->host_names, MpsHostName, i);

        rows->add(rows, &mps_host_name_table,
                  (MpsValue[]){mps_int(capture_id), mps_text(host->address), mps_text(host->name)});
    }
    for (guint i = 0; i < notes->notes->len; i++) {
        const MpsNote *note = &g_array_index(notes->notes, MpsNote, i);

        rows->add(rows, &mps_file_note_table,
                  (MpsValue[]){mps_int(capture_id), mps_text(note->kind),
                               mps_int_if(note->packet > 0, (int64_t)note->packet),
                               known(note->interface_id), mps_text(note->text)});
    }
    if (notes->n_left_out > 0) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, notes->n_left_out);

        rows->add(rows, &mps_file_note_table,
                  (MpsValue[]){mps_int(capture_id), mps_text("left_out"), mps_null(), mps_null(),
                               mps_text(text)});
    }
}

void mps_notes_write(const MpsTrace *trace, MpsRowSink *rows)
{
    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);

        if (file.notes)
            write_file(file.notes, (int64_t)i + 1, rows);
    }
}
