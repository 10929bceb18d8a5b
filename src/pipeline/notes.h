/* notes.h - what capture files say beside their packets, as rows. */
#ifndef MPS_PIPELINE_NOTES_H
#define MPS_PIPELINE_NOTES_H

#include <mptcpscope/row.h>

#include "capture/trace.h"

extern const MpsTable mps_interface_table, mps_host_name_table, mps_file_note_table;

/* Adds the rows of all files. */
void mps_notes_write(const MpsTrace *trace, MpsRowSink *rows);

#endif
