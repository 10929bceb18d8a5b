/* connection_json.h - connections as nested JSON: the rows of other tables that belong to one are
 * inside of it, under the name of their table. */
#ifndef MPS_VIEWS_CONNECTION_JSON_H
#define MPS_VIEWS_CONNECTION_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>
#include <sqlite3.h>

/* Objects, one per connection, separated by commas; for one or MPS_ALL_CONNECTIONS.  @rows: with
 * reinjections and events, too. */
bool mps_connection_json(sqlite3 *db, int64_t connection_id, bool rows, FILE *out, GError **error);

#endif
