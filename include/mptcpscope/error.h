/* error.h - what can make a run fail.  A bad packet is data and never an error; a bad file is. */
#ifndef MPTCPSCOPE_ERROR_H
#define MPTCPSCOPE_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define MPS_ERROR (mps_error_quark())

typedef enum {
    MPS_ERROR_OPEN,        /* a file cannot be opened, or is not what it should be */
    MPS_ERROR_FORMAT,      /* a file is no capture at all */
    MPS_ERROR_READ,        /* a file ends in mid-packet or cannot be read further */
    MPS_ERROR_STORE,       /* the results cannot be written or read */
    MPS_ERROR_TOOL,        /* an external program (gnuplot) is missing or failed */
    MPS_ERROR_INTERRUPTED, /* a signal ended the run; nothing was written */
    MPS_ERROR_ABSENT,      /* the data lack what was asked for, such as connection 9 */
    MPS_ERROR_USAGE,       /* the command line asks for something that does not exist anywhere */
} MpsError;

GQuark mps_error_quark(void);

/* Set @error and return false / NULL, so that a failing function can say both in one line. */
bool mps_throw(GError **error, MpsError code, const char *format, ...) G_GNUC_PRINTF(3, 4);
void *mps_throw_null(GError **error, MpsError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
