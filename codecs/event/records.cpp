#include "codecs/event/records.hpp"

namespace tandem::event {
namespace {

class maker {
public:
    maker(relation_events const& relation, transaction_part const& transaction,
          event_time const& now, bool keyed, arena& into, transaction_counter* counter) noexcept
        : relation_{relation},
          transaction_{transaction},
          now_{now},
          keyed_{keyed},
          into_{into},
          counter_{counter} {}

    // The first error sticks.
    [[nodiscard]] std::optional<std::string_view> key(pgoutput::tuple_view row) {
        return keyed_ ? std::optional{kept(relation_.key(row, into_))} : std::nullopt;
    }
    [[nodiscard]] std::string_view value(relation_events::change made) {
        if (counter_ != nullptr) {
            made.order = counter_->count(relation_.collection());
            ++counted_;
        }
        return kept(relation_.value(made, transaction_, now_, into_));
    }
    [[nodiscard]] result<record_list> verdict(record_list const& made) {
        if (error_.code == codec_errc::ok) {
            return made;
        }
        for (; counted_ > 0; --counted_) {
            counter_->take_back(relation_.collection());
        }
        return error_;
    }

private:
    std::string_view kept(result<std::string_view> const& made) {
        if (!made && error_.code == codec_errc::ok) {
            error_ = made.error();
        }
        return made ? *made : std::string_view{};
    }

    relation_events const& relation_;
    transaction_part const& transaction_;
    event_time const& now_;
    bool keyed_;
    arena& into_;
    transaction_counter* counter_;
    int counted_ = 0; // events of this change
    codec_error error_;
};

} // namespace

result<record_list> records_of(relation_events const& relation,
                               relation_events::change const& given,
                               transaction_part const& transaction, event_time const& now,
                               record_options const& options, arena& into,
                               transaction_counter* counter) {
    maker make{relation, transaction, now, options.keyed, into, counter};
    record_list list;
    relation_events::change made = given;
    made.new_row = relation.complete(given, into);
    auto const old_key_row = given.old_key_row.empty() ? made.old_row : given.old_key_row;
    auto new_key_row = made.new_row;
    if (!given.new_key_row.empty()) {
        relation_events::change keys = given;
        keys.old_row = given.old_key_row;
        keys.new_row = given.new_key_row;
        new_key_row = relation.complete(keys, into);
    }
    if (made.op == operation::truncate) {
        if (!options.skip_truncate) {
            list.add({std::nullopt, make.value(made), {}});
        }
    } else if (made.op == operation::remove) {
        auto const key = make.key(old_key_row);
        list.add({key, make.value(made), {}});
        if (options.tombstones) {
            list.add({key, std::nullopt, {}});
        }
    } else if (options.keyed && made.op == operation::update &&
               relation.key_differs(old_key_row, new_key_row)) {
        auto const old_key = *make.key(old_key_row);
        auto const new_key = *make.key(new_key_row);
        relation_events::change ended = made;
        ended.op = operation::remove;
        ended.new_row = {};
        relation_events::change begun = made;
        begun.op = operation::create;
        if (made.old_is_key || !options.old_row_of_moved) {
            begun.old_row = {};
        }
        record_header const moved{"__debezium.newkey", relation.key_alone(new_key)};
        list.add({old_key, make.value(ended), moved});
        if (options.tombstones) {
            list.add({old_key, std::nullopt, moved});
        }
        list.add({new_key, make.value(begun), {"__debezium.oldkey", relation.key_alone(old_key)}});
    } else {
        list.add({make.key(new_key_row), make.value(made), {}});
    }
    return make.verdict(list);
}

} // namespace tandem::event
