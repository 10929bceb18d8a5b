/* connection_json.c - see connection_json.h. */
#include "views/connection_json.h"

#include "views/json.h"
#include "views/query.h"

/* A key with an array of the rows that belong to the object being written. */
static bool nested(sqlite3 *db, const char *key, const char *sql, int64_t id, FILE *out,
                   GError **error)
{
    fprintf(out, ",\n\"%s\":[", key);
    if (!mps_json_rows(db, sql, id, ",", out, error))
        return false;
    fputc(']', out);
    return true;
}

static bool subflows(sqlite3 *db, int64_t connection_id, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query =
        mps_query_new(db, "SELECT * FROM subflow WHERE connection_id = ?1 ORDER BY ordinal");

    mps_query_bind_int(query, 1, connection_id);
    fputs(",\n\"subflow\":[", out);
    for (const char *before = ""; mps_query_next(query); before = ",") {
        fprintf(out, "%s\n", before);
        if (!mps_json_open_row(db, query->statement, out, error) ||
            !nested(db, "subflow_direction",
                    "SELECT * FROM subflow_direction WHERE subflow_id = ?1 ORDER BY direction",
                    mps_query_int(query, "subflow_id"), out, error))
            return false;
        fputc('}', out);
    }
    fputc(']', out);
    return mps_query_finish(query, error);
}

bool mps_connection_json(sqlite3 *db, int64_t connection_id, bool rows, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(
        db, "SELECT * FROM connection WHERE ?1 < 0 OR connection_id = ?1 ORDER BY connection_id");

    mps_query_bind_int(query, 1, connection_id);
    for (const char *before = ""; mps_query_next(query); before = ",") {
        const int64_t id = mps_query_int(query, "connection_id");

        fprintf(out, "%s\n", before);
        if (!mps_json_open_row(db, query->statement, out, error) ||
            !nested(
                db, "connection_direction",
                "SELECT * FROM connection_direction WHERE connection_id = ?1 ORDER BY direction",
                id, out, error) ||
            !subflows(db, id, out, error))
            return false;
        if (rows &&
            (!nested(db, "diagnosis",
                     "SELECT rank, kind, subflow_id, direction, ts_ns, capture_id, packet, sentence"
                     " FROM v_diagnosis WHERE connection_id = ?1 ORDER BY rank, ts_ns",
                     id, out, error) ||
             !nested(db, "reinjection",
                     "SELECT * FROM reinjection WHERE connection_id = ?1 ORDER BY ts_ns", id, out,
                     error) ||
             !nested(db, "address", "SELECT * FROM address WHERE connection_id = ?1 ORDER BY ts_ns",
                     id, out, error) ||
             !nested(db, "stall", "SELECT * FROM stall WHERE connection_id = ?1 ORDER BY start_ns",
                     id, out, error) ||
             !nested(db, "head_of_line",
                     "SELECT * FROM head_of_line WHERE connection_id = ?1"
                     " ORDER BY direction, subflow_id",
                     id, out, error) ||
             !nested(db, "option_count",
                     "SELECT * FROM option_count WHERE connection_id = ?1 ORDER BY first_ns", id,
                     out, error) ||
             !nested(db, "event", "SELECT * FROM event WHERE connection_id = ?1 ORDER BY ts_ns", id,
                     out, error)))
            return false;
        fputc('}', out);
    }
    return mps_query_finish(query, error);
}
