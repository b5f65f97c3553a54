package tandem;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * Records through chains of Kafka's transformations. Each argument is a chain, its properties KEY=VALUE separated by
 * ";" and named as a connector names them: transforms, transforms.NAME.type, ...; `schemas` says whether what leaves it
 * has schema blocks. Records with schema blocks come from standard input as lines: topic, key, value, each of the two in
 * base64 or "-" for none, separated by tabs. What the chains made of them leaves so, behind the number of the chain, one chain
 * after the other.
 */
public final class Transform {
    private Transform() {}

    public static void main(String[] arguments) throws Exception {
        // What libraries print must not mix with the records.
        PrintStream records = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        List<SourceRecord> given = given();
        for (int number = 0; number < arguments.length; ++number) {
            Map<String, String> properties = properties(arguments[number]);
            boolean schemas = Boolean.parseBoolean(properties.get("schemas"));
            JsonConverter keys = converter(schemas, true);
            JsonConverter values = converter(schemas, false);
            List<Transformation<SourceRecord>> chain = chain(properties);
            for (SourceRecord record : given) {
                SourceRecord made = through(chain, record);
                if (made != null) {
                    records.println(number + "\t" + made.topic() + "\t"
                            + text(keys.fromConnectData(made.topic(), made.keySchema(), made.key())) + "\t"
                            + text(values.fromConnectData(made.topic(), made.valueSchema(), made.value())));
                }
            }
        }
        records.flush();
        System.exit(0);
    }

    private static List<SourceRecord> given() throws Exception {
        JsonConverter keys = converter(true, true);
        JsonConverter values = converter(true, false);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<SourceRecord> records = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t");
            SchemaAndValue key = keys.toConnectData(parts[0], bytes(parts[1]));
            SchemaAndValue value = values.toConnectData(parts[0], bytes(parts[2]));
            records.add(new SourceRecord(Map.of(), Map.of(), parts[0], 0, key.schema(), key.value(), value.schema(),
                    value.value()));
        }
        return records;
    }

    private static Map<String, String> properties(String argument) {
        Map<String, String> properties = new HashMap<>();
        for (String each : argument.split(";")) {
            String[] pair = each.split("=", 2);
            properties.put(pair[0], pair[1]);
        }
        return properties;
    }

    @SuppressWarnings("unchecked")
    private static List<Transformation<SourceRecord>> chain(Map<String, String> properties) throws Exception {
        List<Transformation<SourceRecord>> chain = new ArrayList<>();
        for (String name : properties.getOrDefault("transforms", "").split(",")) {
            if (name.isEmpty()) {
                continue;
            }
            String prefix = "transforms." + name + ".";
            Map<String, String> own = new HashMap<>();
            properties.forEach((key, value) -> {
                if (key.startsWith(prefix)) {
                    own.put(key.substring(prefix.length()), value);
                }
            });
            Transformation<SourceRecord> made = (Transformation<SourceRecord>) Class.forName(own.remove("type"))
                    .getDeclaredConstructor().newInstance();
            made.configure(own);
            chain.add(made);
        }
        return chain;
    }

    private static SourceRecord through(List<Transformation<SourceRecord>> chain, SourceRecord record) {
        SourceRecord at = record;
        for (Transformation<SourceRecord> each : chain) {
            at = at == null ? null : each.apply(at);
        }
        return at;
    }

    private static JsonConverter converter(boolean schemas, boolean key) {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", Boolean.toString(schemas)), key);
        return converter;
    }

    private static byte[] bytes(String text) {
        return text.equals("-") ? null : Base64.getDecoder().decode(text);
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
    }
}
