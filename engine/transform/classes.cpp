// Which class names there are, and what each stands for.

#include "engine/transform/kinds.hpp"

#include <algorithm>
#include <array>

namespace tandem::connect {
namespace {

template <auto Make, record_side Side>
outcome<transformation_ptr> of_side(settings const& by) {
    return Make(by, Side);
}

template <auto Make>
constexpr auto of_key = &of_side<Make, record_side::key>;
template <auto Make>
constexpr auto of_value = &of_side<Make, record_side::value>;

constexpr std::array transformations{
    transformation_class{"io.debezium.transforms.ContentBasedRouter",
                         content_based_router_definitions, make_content_based_router},
    transformation_class{"io.debezium.transforms.ExtractNewRecordState",
                         new_record_state_definitions, make_new_record_state},
    transformation_class{"io.debezium.transforms.Filter", scripted_filter_definitions,
                         make_scripted_filter},
    transformation_class{"org.apache.kafka.connect.transforms.DropHeaders",
                         drop_headers_definitions, make_drop_headers},
    transformation_class{"org.apache.kafka.connect.transforms.ExtractField$Key",
                         extract_field_definitions, of_key<make_extract_field>},
    transformation_class{"org.apache.kafka.connect.transforms.ExtractField$Value",
                         extract_field_definitions, of_value<make_extract_field>},
    transformation_class{"org.apache.kafka.connect.transforms.Filter", filter_definitions,
                         make_filter},
    transformation_class{"org.apache.kafka.connect.transforms.HeaderFrom$Key",
                         header_from_definitions, of_key<make_header_from>},
    transformation_class{"org.apache.kafka.connect.transforms.HeaderFrom$Value",
                         header_from_definitions, of_value<make_header_from>},
    transformation_class{"org.apache.kafka.connect.transforms.InsertField$Key",
                         insert_field_definitions, of_key<make_insert_field>},
    transformation_class{"org.apache.kafka.connect.transforms.InsertField$Value",
                         insert_field_definitions, of_value<make_insert_field>},
    transformation_class{"org.apache.kafka.connect.transforms.InsertHeader",
                         insert_header_definitions, make_insert_header},
    transformation_class{"org.apache.kafka.connect.transforms.MaskField$Key",
                         mask_field_definitions, of_key<make_mask_field>},
    transformation_class{"org.apache.kafka.connect.transforms.MaskField$Value",
                         mask_field_definitions, of_value<make_mask_field>},
    transformation_class{"org.apache.kafka.connect.transforms.RegexRouter",
                         regex_router_definitions, make_regex_router},
    transformation_class{"org.apache.kafka.connect.transforms.ReplaceField$Key",
                         replace_field_definitions, of_key<make_replace_field>},
    transformation_class{"org.apache.kafka.connect.transforms.ReplaceField$Value",
                         replace_field_definitions, of_value<make_replace_field>},
    transformation_class{"org.apache.kafka.connect.transforms.TimestampConverter$Key",
                         timestamp_converter_definitions, of_key<make_timestamp_converter>},
    transformation_class{"org.apache.kafka.connect.transforms.TimestampConverter$Value",
                         timestamp_converter_definitions, of_value<make_timestamp_converter>},
    transformation_class{"org.apache.kafka.connect.transforms.TimestampRouter",
                         timestamp_router_definitions, make_timestamp_router},
    transformation_class{"org.apache.kafka.connect.transforms.ValueToKey", value_to_key_definitions,
                         make_value_to_key},
};

constexpr std::array predicates{
    predicate_class{"org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
                    has_header_key_definitions, make_has_header_key},
    predicate_class{"org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
                    record_is_tombstone_definitions, make_record_is_tombstone},
    predicate_class{"org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
                    topic_name_matches_definitions, make_topic_name_matches},
};

} // namespace

std::span<transformation_class const> transformation_classes() {
    return transformations;
}

std::span<predicate_class const> predicate_classes() {
    return predicates;
}

transformation_class const* find_transformation(std::string_view class_name) {
    auto const* const found =
        std::ranges::find(transformations, class_name, &transformation_class::name);
    return found == transformations.end() ? nullptr : found;
}

predicate_class const* find_predicate(std::string_view class_name) {
    auto const* const found = std::ranges::find(predicates, class_name, &predicate_class::name);
    return found == predicates.end() ? nullptr : found;
}

} // namespace tandem::connect
