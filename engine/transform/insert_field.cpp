// InsertField: adds what the record itself says, or a fixed text, as fields.
// https://kafka.apache.org/39/documentation/#org.apache.kafka.connect.transforms.InsertField

#include "engine/transform/kinds.hpp"
#include "engine/transform/plan_cache.hpp"
#include "engine/transform/requirements.hpp"
#include "engine/transform/shared_definitions.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace tandem::connect {
namespace {

constexpr std::string_view purpose = "field insertion";

struct insertion {
    std::string name;
    bool optional = true;
};

// "name!" is required, "name?" and "name" are not.
std::optional<insertion> insertion_of(settings const& by, std::string_view setting_name) {
    auto name = by.string_or_none(setting_name);
    if (!name) {
        return std::nullopt;
    }
    bool const required = name->ends_with('!');
    if (required || name->ends_with('?')) {
        name->pop_back();
    }
    return insertion{std::move(*name), !required};
}

class insert_field final : public transformation {
public:
    insert_field(settings const& by, record_side side)
        : side_{side},
          topic_{insertion_of(by, "topic.field")},
          partition_{insertion_of(by, "partition.field")},
          offset_{insertion_of(by, "offset.field")},
          timestamp_{insertion_of(by, "timestamp.field")},
          fixed_{insertion_of(by, "static.field")},
          fixed_text_{by.string_or_none("static.value")},
          null_with_default_{by.boolean(null_with_default_name)} {}

    [[nodiscard]] std::optional<problem> wrong() const {
        if (!topic_ && !partition_ && !offset_ && !timestamp_ && !fixed_) {
            return problem{problem_kind::config, "No field insertion configured"};
        }
        if (fixed_ && !fixed_text_) {
            return problem{problem_kind::config,
                           invalid_value("static.value", "null",
                                         fmt::format("No value specified for static field: {}",
                                                     fixed_->name))};
        }
        return std::nullopt;
    }

    outcome<bool> apply(record& of, arena& memory) override {
        auto& side = side_of(of, side_);
        if (side.what.is_null()) {
            return true;
        }
        if (auto wrong = side.of == nullptr ? require_map(side.what, purpose)
                                            : require_structure(side.what, purpose)) {
            return *wrong;
        }
        return side.of == nullptr ? without_schema(of, side, memory)
                                  : with_schema(of, side, memory);
    }

private:
    [[nodiscard]] std::optional<problem> no_offset(record const& of) const {
        return offset_ && !of.offset ? std::optional{data_problem(fmt::format(
                                           "Only SinkRecord supported for [{}], found: "
                                           "org.apache.kafka.connect.source.SourceRecord",
                                           purpose))}
                                     : std::nullopt;
    }

    // Calls each(insertion, its type, its value) for what is configured, in the order of the fields.
    template <class Each>
    void insertions(record const& of, bool schema, Each&& each) const {
        auto const integer = [](auto const& number, value_kind kind) {
            return number ? value::of_integer(kind, *number) : value{};
        };
        if (topic_) {
            each(*topic_, schema_type::string, value::of_string(of.topic));
        }
        if (partition_) {
            each(*partition_, schema_type::int32, integer(of.partition, value_kind::int32));
        }
        if (offset_) {
            each(*offset_, schema_type::int64, integer(of.offset, value_kind::int64));
        }
        if (timestamp_) {
            each(*timestamp_, schema_type::structure, // a Timestamp
                 integer(of.timestamp_ms, schema ? value_kind::date : value_kind::int64));
        }
        if (fixed_) {
            each(*fixed_, schema_type::string, value::of_string(*fixed_text_));
        }
    }

    outcome<bool> without_schema(record const& of, data& side, arena& memory) const {
        if (auto wrong = no_offset(of)) {
            return *wrong;
        }
        map_builder made{side.what};
        insertions(of, false, [&](insertion const& which, schema_type, value const& what) {
            if (!what.is_null()) {
                made.put(which.name, what);
            }
        });
        side.what = made.made(memory);
        return true;
    }

    outcome<bool> with_schema(record const& of, data& side, arena& memory) {
        auto const* plan = plans_.find(side.of);
        if (plan == nullptr) {
            auto made = widened(of, *side.of);
            if (!made) {
                return made.error();
            }
            plan = &plans_.keep(side.of, std::move(*made));
        }
        if (auto wrong = no_offset(of)) {
            return *wrong;
        }
        auto const fields = make_array<value>(memory, (*plan)->fields.size());
        std::size_t index = 0;
        for (; index < side.of->fields.size(); ++index) {
            fields[index] = field_value(side.what, index, null_with_default_);
            if (must_not_be_null((*plan)->fields[index], fields[index])) {
                return invalid_null((*plan)->fields[index]);
            }
        }
        insertions(of, true, [&](insertion const&, schema_type, value const& what) {
            fields[index++] = what;
        });
        side.of = *plan;
        side.what = value::of_structure(*side.of, fields.data());
        return true;
    }

    outcome<schema_ptr> widened(record const& of, schema const& original) const {
        auto made = basics_of(original);
        made->fields = original.fields;
        std::optional<problem> wrong;
        insertions(of, true, [&](insertion const& which, schema_type type, value const&) {
            auto const added = add_field(*made, which.name,
                                         type == schema_type::structure
                                             ? logical_schema(timestamp_name, which.optional)
                                             : plain_schema(type, which.optional));
            if (!added && !wrong) {
                wrong = added.error();
            }
        });
        return wrong ? outcome<schema_ptr>{*wrong} : outcome<schema_ptr>{std::move(made)};
    }

    record_side side_;
    std::optional<insertion> topic_;
    std::optional<insertion> partition_;
    std::optional<insertion> offset_;
    std::optional<insertion> timestamp_;
    std::optional<insertion> fixed_;
    std::optional<std::string> fixed_text_;
    bool null_with_default_;
    plan_cache<schema_ptr> plans_;
};

setting_definition field_definition(std::string name, std::string doc) {
    return {std::move(name), setting_type::string, setting{}, importance::medium,
            std::move(doc) + "Suffix with <code>!</code> to make this a required field, or "
                             "<code>?</code> to keep it optional (the default)."};
}

} // namespace

setting_definitions insert_field_definitions() {
    return {
        field_definition("topic.field", "Field name for Kafka topic. "),
        field_definition("partition.field", "Field name for Kafka partition. "),
        field_definition("offset.field", "Field name for Kafka offset - only applicable to sink "
                                         "connectors.<br/>"),
        field_definition("timestamp.field", "Field name for record timestamp. "),
        field_definition("static.field", "Field name for static data field. "),
        {"static.value", setting_type::string, setting{}, importance::medium,
         "Static field value, if field name configured."},
        null_with_default_definition(),
    };
}

outcome<transformation_ptr> make_insert_field(settings const& by, record_side side) {
    auto made = std::make_unique<insert_field>(by, side);
    if (auto wrong = made->wrong()) {
        return *wrong;
    }
    return transformation_ptr{std::move(made)};
}

} // namespace tandem::connect
