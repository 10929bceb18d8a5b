/* database.c - finished databases. */
#include "store/database.h"

#include <stdio.h>
#include <string.h>

bool mps_database_probe(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char begin[sizeof magic] = "";
    /* Only a file can be read twice: looking into a pipe would take its first bytes away. */
    FILE *file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? fopen(path, "rb") : NULL;
    const bool is_sqlite = file && fread(begin, 1, sizeof begin, file) == sizeof begin &&
                           memcmp(begin, magic, sizeof magic) == 0;

    if (file)
        fclose(file);
    return is_sqlite;
}

static int pragma(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int value = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

const char *mps_database_problem_of(sqlite3 *db)
{
    const int id = pragma(db, "PRAGMA application_id");
    const int status = sqlite3_errcode(db);

    if (id == MPS_APPLICATION_ID)
        return NULL;
    return status == SQLITE_OK || status == SQLITE_NOTADB || id >= 0
               ? "not a database of mptcpscope"
               : sqlite3_errstr(status); /* locked, unreadable */
}

const char *mps_database_problem(const char *path)
{
    sqlite3 *db = NULL;
    const int status = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    const char *problem =
        status == SQLITE_OK ? mps_database_problem_of(db) : sqlite3_errstr(status);

    sqlite3_close(db);
    return problem;
}

sqlite3 *mps_database_open(const char *path, GError **error)
{
    sqlite3 *db = NULL;
    const int status = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    const char *problem =
        status == SQLITE_OK ? mps_database_problem_of(db) : sqlite3_errstr(status);

    if (problem) {
        mps_throw(error, MPS_ERROR_OPEN, "%s: %s", path, problem);
    } else if (pragma(db, "PRAGMA user_version") != MPS_SCHEMA_VERSION) {
        mps_throw(error, MPS_ERROR_OPEN, "%s: schema version %d, this program reads %d", path,
                  pragma(db, "PRAGMA user_version"), MPS_SCHEMA_VERSION);
    } else {
        return db;
    }
    sqlite3_close(db);
    return NULL;
}
