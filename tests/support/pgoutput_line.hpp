#pragma once
// A decoded message as the line that plain_pgoutput makes of its bytes.

#include "codecs/pgoutput/message.hpp"

#include <string>
#include <string_view>

namespace tandem::wire {

class pgoutput_line {
public:
    static std::string of(pgoutput::message const& read, bool in_block) {
        pgoutput_line one{in_block};
        std::visit([&one](auto const& message) { one.show(message); }, read);
        return one.line_;
    }

private:
    explicit pgoutput_line(bool in_block) : in_block_{in_block} {}

    template <class Change>
    void start(char tag, Change const& change) {
        line_ = std::string(1, tag);
        if (in_block_) {
            number(change.streamed.value);
        }
    }
    void show(pgoutput::begin const& read) {
        line_ = "B";
        numbers(read.final_lsn.value, time(read.commit_time), read.transaction.value);
    }
    void show(pgoutput::commit const& read) {
        line_ = "C 0";
        numbers(read.commit_lsn.value, read.end_lsn.value, time(read.commit_time));
    }
    void show(pgoutput::origin const& read) {
        line_ = "O";
        number(read.origin_lsn.value);
        string(read.name);
    }
    void show(pgoutput::relation const& read) {
        start('R', read);
        number(read.id.value);
        string(read.schema);
        string(read.name);
        letter(read.replica_identity);
        number(read.column_count);
        pgoutput::relation::column_cursor cursor{read};
        for (std::uint32_t left = read.column_count; left > 0; --left) {
            auto const column = cursor.next();
            number(column.key ? 1 : 0);
            string(column.name);
            numbers(column.type.value, static_cast<std::uint32_t>(column.type_modifier));
        }
    }
    void show(pgoutput::type const& read) {
        start('Y', read);
        number(read.id.value);
        string(read.schema);
        string(read.name);
    }
    void show(pgoutput::insert const& read) {
        start('I', read);
        number(read.relation_id.value);
        letter('N');
        tuple(read.new_row);
    }
    void show(pgoutput::update const& read) {
        start('U', read);
        number(read.relation_id.value);
        if (read.old_kind != pgoutput::old_row_kind::none) {
            letter(static_cast<char>(read.old_kind));
            tuple(read.old_row);
        }
        letter('N');
        tuple(read.new_row);
    }
    void show(pgoutput::remove const& read) {
        start('D', read);
        number(read.relation_id.value);
        letter(static_cast<char>(read.old_kind));
        tuple(read.old_row);
    }
    void show(pgoutput::truncate const& read) {
        start('T', read);
        numbers(read.relation_count, (read.cascade ? 1U : 0U) + (read.restart_identity ? 2U : 0U));
        for (std::uint32_t index = 0; index < read.relation_count; ++index) {
            number(read.relation_id(index).value);
        }
    }
    void show(pgoutput::logical_message const& read) {
        start('M', read);
        numbers(read.transactional ? 1U : 0U, read.position.value);
        string(read.prefix);
        counted(read.content);
    }
    void show(pgoutput::stream_start const& read) {
        line_ = "S";
        numbers(read.transaction.value, read.first_block ? 1U : 0U);
    }
    void show(pgoutput::stream_stop const&) { line_ = "E"; }
    void show(pgoutput::stream_commit const& read) {
        line_ = "c";
        numbers(read.transaction.value, 0U, read.commit_lsn.value, read.end_lsn.value,
                time(read.commit_time));
    }
    void show(pgoutput::stream_abort const& read) {
        line_ = "A";
        numbers(read.transaction.value, read.subtransaction.value);
        if (read.positioned) {
            numbers(read.abort_lsn.value, time(read.abort_time));
        }
    }
    template <class Prepared>
    void prepared(Prepared const& read) {
        numbers(read.prepare_lsn.value, read.end_lsn.value, time(read.prepare_time),
                read.transaction.value);
        string(read.gid);
    }
    void show(pgoutput::begin_prepare const& read) {
        line_ = "b";
        prepared(read);
    }
    void show(pgoutput::prepare const& read) {
        line_ = "P 0";
        prepared(read);
    }
    void show(pgoutput::stream_prepare const& read) {
        line_ = "p 0";
        prepared(read);
    }
    void show(pgoutput::commit_prepared const& read) {
        line_ = "K 0";
        numbers(read.commit_lsn.value, read.end_lsn.value, time(read.commit_time),
                read.transaction.value);
        string(read.gid);
    }
    void show(pgoutput::rollback_prepared const& read) {
        line_ = "r 0";
        numbers(read.prepare_end_lsn.value, read.rollback_end_lsn.value, time(read.prepare_time),
                time(read.rollback_time), read.transaction.value);
        string(read.gid);
    }

    static std::uint64_t time(pg_time instant) { return static_cast<std::uint64_t>(instant.us); }
    void number(std::uint64_t value) { line_ += ' ' + std::to_string(value); }
    template <class... Values>
    void numbers(Values... values) {
        (number(values), ...);
    }
    void letter(char value) {
        line_ += ' ';
        line_ += value;
    }
    void string(std::string_view text) { line_ += " \"" + std::string{text} + '"'; }
    void counted(std::string_view bytes) {
        number(bytes.size());
        line_ += " '" + std::string{bytes} + "'";
    }
    void tuple(pgoutput::tuple_view row) {
        number(row.column_count());
        pgoutput::tuple_view::cursor cursor{row};
        for (std::uint32_t left = row.column_count(); left > 0; --left) {
            auto const column = cursor.next();
            letter(static_cast<char>(column.kind));
            if (column.kind == pgoutput::column_kind::text ||
                column.kind == pgoutput::column_kind::binary) {
                counted(column.bytes);
            }
        }
    }

    bool in_block_;
    std::string line_;
};

} // namespace tandem::wire
