/* error.c - setting GErrors in one line. */
#include <mptcpscope/error.h>

/* The quark is a name with dashes, not a sum. */
/* clang-format off */
G_DEFINE_QUARK(mps-error-quark, mps_error)
/* clang-format on */

static void set_error(GError **error, MpsError code, const char *format, va_list arguments)
{
    if (error)
        *error = g_error_new_valist(MPS_ERROR, (int)code, format, arguments);
}

bool mps_throw(GError **error, MpsError code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_error(error, code, format, arguments);
    va_end(arguments);
    return false;
}

void *mps_throw_null(GError **error, MpsError code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_error(error, code, format, arguments);
    va_end(arguments);
    return NULL;
}
