/* finding.c - the view of what the rules found, one row per rule and connection, and several where
 * a rule was broken in several ways. */
#include "store/schema.h"

/* SQL has its own lines. */
/* clang-format off */

/* Where the RFC of the connection's version says so; an appendix needs no other word. */
#define SECTION \
    "replace(CASE WHEN c.version IS 0 THEN coalesce('RFC 6824 section ' || r.section_v0,\n" \
    "    'RFC 8684 section ' || r.section_v1) ELSE coalesce('RFC 8684 section ' || r.section_v1,\n" \
    "    'RFC 6824 section ' || r.section_v0) END, 'section App.', 'App.')"

const char mps_schema_finding[] =
    "CREATE VIEW finding (rule_id, connection_id, subflow_id, verdict, strict_verdict, count,\n"
    "    capture_id, packet, ts_ns, suspect, host, field, expected, seen, earlier_capture_id,\n"
    "    earlier_packet, missing, section, evidence) AS\n"
    "SELECT f.rule_id, f.connection_id, f.subflow_id, f.verdict, f.strict_verdict, f.count,\n"
    "    f.capture_id, f.packet, f.ts_ns, f.suspect, f.host, f.field, f.expected, f.seen,\n"
    "    f.earlier_capture_id, f.earlier_packet, f.missing, " SECTION ",\n"
    "    f.field || coalesce(': expected ' || f.expected, '') || coalesce(', seen ' || f.seen, '')\n"
    "    || coalesce(' (see packet ' || f.earlier_packet || CASE WHEN (SELECT count(*) FROM capture) > 1\n"
    "        THEN (SELECT ' of ' || e.path FROM capture e WHERE e.capture_id = f.earlier_capture_id)\n"
    "        ELSE '' END || ')', '')\n"
    "    || coalesce('; not in this capture: ' || f.missing, '')\n"
    "FROM fault f JOIN rule r USING (rule_id)\n"
    "LEFT JOIN connection c ON c.connection_id = f.connection_id\n"
    "UNION ALL\n"
    "SELECT r.rule_id, j.connection_id, NULL, 'pass', 'pass', p.value, NULL, NULL, NULL, NULL, NULL,\n"
    "    NULL, NULL, NULL, NULL, NULL, NULL, " SECTION ", NULL\n"
    "FROM judgement j, json_each(j.passed) p JOIN rule r ON r.number = CAST(p.key AS INTEGER)\n"
    "LEFT JOIN connection c ON c.connection_id = j.connection_id\n"
    "UNION ALL\n"
    "SELECT r.rule_id, j.connection_id, NULL, 'not_checkable', 'not_checkable', NULL, NULL, NULL, NULL,\n"
    "    NULL, NULL, NULL, NULL, NULL, NULL, NULL, u.value, " SECTION ",\n"
    "    'not in this capture: ' || u.value\n"
    "FROM judgement j, json_each(j.unchecked) u JOIN rule r ON r.number = CAST(u.key AS INTEGER)\n"
    "LEFT JOIN connection c ON c.connection_id = j.connection_id;\n";
