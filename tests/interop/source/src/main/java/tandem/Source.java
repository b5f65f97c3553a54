package tandem;

import io.debezium.connector.postgresql.PostgresConnector;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Debezium's connector for PostgreSQL with the configuration KEY=VALUE..., without brokers. Ends after the record whose
 * topic is `until`. Records go to standard output as lines: topic, key, value, each of the two in base64 or "-" for
 * none, separated by tabs; with schema blocks when `schemas` is true. With `both` there follow key and value without them.
 */
public final class Source {
    private Source() {}

    public static void main(String[] arguments) throws Exception {
        // What libraries print must not mix with the records.
        PrintStream records = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Map<String, String> configuration = new HashMap<>();
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            configuration.put(pair[0], pair[1]);
        }
        String schemas = configuration.getOrDefault("schemas", "false");
        List<JsonConverter> converters = new ArrayList<>();
        for (boolean each : schemas.equals("both") ? new boolean[] {true, false} : new boolean[] {schemas.equals("true")}) {
            converters.add(converter(each, true));
            converters.add(converter(each, false));
        }
        source(configuration, converters, records);
        records.flush();
        System.exit(0); // Debezium leaves threads behind
    }

    private static JsonConverter converter(boolean schemas, boolean key) {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", Boolean.toString(schemas)), key);
        return converter;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
    }

    /** Keys and values in turn. */
    private static String line(SourceRecord record, List<JsonConverter> converters) {
        StringBuilder line = new StringBuilder(record.topic());
        for (int index = 0; index < converters.size(); index += 2) {
            line.append('\t').append(text(
                    converters.get(index).fromConnectData(record.topic(), record.keySchema(), record.key())));
            line.append('\t').append(text(
                    converters.get(index + 1).fromConnectData(record.topic(), record.valueSchema(), record.value())));
        }
        return line.toString();
    }

    private static void source(Map<String, String> configuration, List<JsonConverter> converters, PrintStream records)
            throws Exception {
        String until = configuration.remove("until");
        configuration.remove("schemas");
        Properties properties = new Properties();
        properties.putAll(configuration);
        properties.put("name", "interop");
        properties.put("connector.class", PostgresConnector.class.getName());
        properties.put("offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
        AtomicReference<String> failure = new AtomicReference<>();
        DebeziumEngine<?>[] engine = new DebeziumEngine<?>[1];
        ExecutorService executor = Executors.newSingleThreadExecutor();
        boolean[] ended = {false};
        engine[0] = DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                .using(properties)
                .using((success, message, error) -> {
                    if (!success) {
                        failure.set(message + " " + error);
                    }
                })
                .notifying(event -> {
                    SourceRecord record = event.record();
                    if (ended[0]) {
                        return;
                    }
                    records.println(line(record, converters));
                    if (record.topic().equals(until)) {
                        ended[0] = true;
                        records.flush();
                        new Thread(() -> {
                            try {
                                engine[0].close();
                            } catch (java.io.IOException error) {
                                failure.set(error.toString());
                            }
                        }).start();
                    }
                })
                .build();
        executor.execute(engine[0]);
        executor.shutdown();
        executor.awaitTermination(5, TimeUnit.MINUTES);
        if (failure.get() != null || !ended[0]) {
            System.err.println("interop: " + failure.get());
            System.exit(1);
        }
    }
}
