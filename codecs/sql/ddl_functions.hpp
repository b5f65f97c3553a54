#pragma once
// What a node needs so that its DDL is carried to the others, and theirs to it (R17, R18). Pure text.
//
// tandem.shape keeps how every object looked last. Behind a DDL command the event triggers compare, write what changed
// into the stream as a transactional logical message (before PostgreSQL 14: a row of tandem.ddl_queue), put new tables into the publication, and send the rows that the
// command changed without publishing them. https://www.postgresql.org/docs/15/event-triggers.html

#include <string>
#include <vector>

namespace tandem::sql {

// Tables and functions that every node has, whoever set it up.
[[nodiscard]] std::vector<std::string> ddl_shape_statements();
// By which a node tells its stream of DDL: also one without event triggers says what of the others' it has carried out.
[[nodiscard]] std::vector<std::string> ddl_tell_statements(int server_version);
// For a superuser: the event triggers, and how everything looks now. `server_version` as PostgreSQL counts: 150020.
[[nodiscard]] std::vector<std::string> ddl_trigger_statements(int server_version);
// What the triggers call, alone: of a node that an older tandem set up.
[[nodiscard]] std::vector<std::string> ddl_trigger_functions(int server_version);
[[nodiscard]] std::vector<std::string> drop_ddl_trigger_statements();

} // namespace tandem::sql
