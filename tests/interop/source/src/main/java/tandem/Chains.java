package tandem;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Values;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/** Records through chains of Kafka's transformations; transform_tool.cpp says what it reads and writes. */
public final class Chains {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Chains() {}

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        // What libraries print must not mix with the answers.
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
        }
        answers.flush();
        System.exit(0);
    }

    private static ObjectNode answer(JsonNode asked) {
        ObjectNode told = JSON.createObjectNode();
        String step = "config";
        try {
            Map<String, Object> properties = new HashMap<>();
            asked.get("chain").fields().forEachRemaining(each -> properties.put(each.getKey(), each.getValue().asText()));
            Chain<?> chain = asked.hasNonNull("offset") ? new Chain<SinkRecord>(properties) : new Chain<SourceRecord>(properties);
            step = "read";
            JsonConverter converter = converter(asked, asked.get("schemas").asBoolean());
            JsonConverter headers = converter(asked, true);
            ConnectRecord<?> given = record(asked, converter);
            step = "error";
            ConnectRecord<?> made = chain.applied(given);
            if (made == null) {
                return told.put("dropped", true);
            }
            step = "write";
            told.put("topic", made.topic());
            told.put("partition", made.kafkaPartition());
            told.put("timestamp", made.timestamp());
            told.put("key", text(converter.fromConnectData(made.topic(), made.keySchema(), made.key())));
            told.put("value", text(converter.fromConnectData(made.topic(), made.valueSchema(), made.value())));
            ArrayNode all = told.putArray("headers");
            for (Header each : made.headers()) {
                ArrayNode one = all.addArray();
                one.add(each.key());
                one.add(text(headers.fromConnectData(made.topic(), each.schema(), each.value())));
                one.add(each.value() == null ? null : Values.convertToString(each.schema(), each.value()));
            }
            if (asked.has("convert")) {
                ArrayNode converted = told.putArray("converted");
                for (JsonNode name : asked.get("convert")) {
                    converted.add(converted(name.asText(), made, headers));
                }
            }
            return told;
        } catch (Exception failed) {
            told.removeAll();
            told.putArray(step).add(failed.getClass().getName()).add(failed.getMessage());
            return told;
        }
    }

    private static ArrayNode converted(String name, ConnectRecord<?> record, JsonConverter json) throws Exception {
        ArrayNode told = JSON.createArrayNode();
        try {
            Object made = Class.forName(name).getDeclaredConstructor().newInstance();
            byte[] bytes;
            SchemaAndValue again;
            if (made instanceof org.apache.kafka.connect.storage.Converter) {
                var with = (org.apache.kafka.connect.storage.Converter) made;
                with.configure(Map.of(), false);
                bytes = with.fromConnectData("t", record.valueSchema(), record.value());
                again = with.toConnectData("t", bytes);
            } else {
                var with = (org.apache.kafka.connect.storage.HeaderConverter) made;
                bytes = with.fromConnectHeader("t", "h", record.valueSchema(), record.value());
                again = with.toConnectHeader("t", "h", bytes);
            }
            told.add(bytes == null ? null : java.util.HexFormat.of().formatHex(bytes));
            try {
                told.add(again == null ? null : text(json.fromConnectData("t", again.schema(), again.value())));
            } catch (RuntimeException failed) {
                told.addArray().add(failed.getClass().getName()).add(failed.getMessage());
            }
        } catch (RuntimeException failed) {
            told.add(failed.getClass().getName()).add(failed.getMessage());
        }
        return told;
    }

    private static JsonConverter converter(JsonNode asked, boolean schemas) {
        JsonConverter made = new JsonConverter();
        Map<String, Object> by = new HashMap<>();
        by.put("schemas.enable", Boolean.toString(schemas));
        by.put("decimal.format", asked.path("numeric").asBoolean(false) ? "NUMERIC" : "BASE64");
        by.put("replace.null.with.default", Boolean.toString(asked.path("defaults").asBoolean(true)));
        made.configure(by, false);
        return made;
    }

    private static ConnectRecord<?> record(JsonNode asked, JsonConverter converter) {
        String topic = asked.get("topic").asText();
        Integer partition = asked.hasNonNull("partition") ? asked.get("partition").asInt() : null;
        Long timestamp = asked.hasNonNull("timestamp") ? asked.get("timestamp").asLong() : null;
        SchemaAndValue key = converter.toConnectData(topic, bytes(asked.path("key")));
        SchemaAndValue value = converter.toConnectData(topic, bytes(asked.path("value")));
        ConnectHeaders headers = new ConnectHeaders();
        for (JsonNode each : asked.path("headers")) {
            headers.add(each.get(0).asText(), Values.parseString(each.get(1).asText()));
        }
        if (asked.hasNonNull("offset")) {
            return new SinkRecord(topic, partition, key.schema(), key.value(), value.schema(), value.value(),
                    asked.get("offset").asLong(), timestamp, TimestampType.CREATE_TIME, headers);
        }
        return new SourceRecord(null, null, topic, partition, key.schema(), key.value(), value.schema(), value.value(),
                timestamp, headers);
    }

    private static byte[] bytes(JsonNode text) {
        return text.isTextual() ? text.asText().getBytes(StandardCharsets.UTF_8) : null;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    /** As the worker puts it together. */
    private static final class Chain<R extends ConnectRecord<R>> {
        private final java.util.List<Transformation<R>> transformations = new java.util.ArrayList<>();
        private final java.util.List<Predicate<R>> predicates = new java.util.ArrayList<>();
        private final java.util.List<Boolean> negated = new java.util.ArrayList<>();

        @SuppressWarnings("unchecked")
        Chain(Map<String, Object> properties) throws Exception {
            for (String alias : properties.getOrDefault("transforms", "").toString().split(",")) {
                if (alias.isEmpty()) {
                    continue;
                }
                Map<String, Object> own = own(properties, "transforms." + alias + ".");
                Object predicate = own.remove("predicate");
                Object negate = own.remove("negate");
                Transformation<R> made = (Transformation<R>) Class.forName(own.remove("type").toString())
                        .getDeclaredConstructor().newInstance();
                made.configure(own);
                transformations.add(made);
                negated.add(negate != null && Boolean.parseBoolean(negate.toString()));
                if (predicate == null) {
                    predicates.add(null);
                    continue;
                }
                Map<String, Object> its = own(properties, "predicates." + predicate + ".");
                Predicate<R> when = (Predicate<R>) Class.forName(its.remove("type").toString())
                        .getDeclaredConstructor().newInstance();
                when.configure(its);
                predicates.add(when);
            }
        }

        private static Map<String, Object> own(Map<String, Object> properties, String prefix) {
            Map<String, Object> made = new HashMap<>();
            properties.forEach((name, text) -> {
                if (name.startsWith(prefix)) {
                    made.put(name.substring(prefix.length()), text);
                }
            });
            return made;
        }

        @SuppressWarnings("unchecked")
        ConnectRecord<?> applied(ConnectRecord<?> record) {
            R at = (R) record;
            for (int each = 0; each < transformations.size() && at != null; ++each) {
                Predicate<R> when = predicates.get(each);
                if (when == null || negated.get(each) ^ when.test(at)) {
                    at = transformations.get(each).apply(at);
                }
            }
            return at;
        }
    }
}
