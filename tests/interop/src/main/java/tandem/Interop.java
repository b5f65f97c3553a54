package tandem;

import io.debezium.connector.postgresql.PostgresConnector;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.BufferedReader;
import java.io.InputStreamReader;
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
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.apache.kafka.connect.sink.SinkTaskContext;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Real Debezium and Kafka Connect parts without brokers. Records go as lines: topic, key, value, each of the two
 * in base64 or "-" for none, separated by tabs.
 *
 * <pre>
 * source KEY=VALUE...   Debezium's connector with that configuration; ends after the record whose topic is `until`
 * sink   KEY=VALUE...   records from standard input into Debezium's JDBC sink
 * </pre>
 */
public final class Interop {
    private Interop() {}

    public static void main(String[] arguments) throws Exception {
        // What libraries print must not mix with the records.
        PrintStream records = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Map<String, String> configuration = new HashMap<>();
        for (int index = 1; index < arguments.length; ++index) {
            String[] pair = arguments[index].split("=", 2);
            configuration.put(pair[0], pair[1]);
        }
        boolean schemas = Boolean.parseBoolean(configuration.getOrDefault("schemas", "false"));
        switch (arguments[0]) {
            case "source" -> source(configuration, schemas, records);
            case "sink" -> sink(configuration, schemas);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
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

    private static void source(Map<String, String> configuration, boolean schemas, PrintStream records)
            throws Exception {
        String until = configuration.remove("until");
        configuration.remove("schemas");
        Properties properties = new Properties();
        properties.putAll(configuration);
        properties.put("name", "interop");
        properties.put("connector.class", PostgresConnector.class.getName());
        properties.put("offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
        JsonConverter keys = converter(schemas, true);
        JsonConverter values = converter(schemas, false);
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
                    records.println(record.topic() + "\t"
                            + text(keys.fromConnectData(record.topic(), record.keySchema(), record.key())) + "\t"
                            + text(values.fromConnectData(record.topic(), record.valueSchema(), record.value())));
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

    private static void sink(Map<String, String> configuration, boolean schemas) throws Exception {
        configuration.remove("schemas");
        JsonConverter keys = converter(schemas, true);
        JsonConverter values = converter(schemas, false);
        SinkTask task = (SinkTask) Class.forName("io.debezium.connector.jdbc.JdbcSinkConnectorTask")
                .getDeclaredConstructor().newInstance();
        task.initialize(new Context(configuration));
        task.start(configuration);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<SinkRecord> records = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t");
            SchemaAndValue key = keys.toConnectData(parts[0], bytes(parts[1]));
            SchemaAndValue value = values.toConnectData(parts[0], bytes(parts[2]));
            records.add(new SinkRecord(parts[0], 0, key.schema(), key.value(), value.schema(), value.value(),
                    records.size(), 0L, TimestampType.CREATE_TIME));
        }
        task.put(records);
        task.put(List.of()); // what failed in the first is reported by the next
        task.flush(Map.of());
        task.stop();
    }

    private static byte[] bytes(String text) {
        return text.equals("-") ? null : Base64.getDecoder().decode(text);
    }

    /** A sink task's view of its worker; nothing of it is used here. */
    private record Context(Map<String, String> configs) implements SinkTaskContext {
        @Override
        public void offset(Map<org.apache.kafka.common.TopicPartition, Long> offsets) {}

        @Override
        public void offset(org.apache.kafka.common.TopicPartition partition, long offset) {}

        @Override
        public void timeout(long milliseconds) {}

        @Override
        public java.util.Set<org.apache.kafka.common.TopicPartition> assignment() {
            return java.util.Set.of();
        }

        @Override
        public void pause(org.apache.kafka.common.TopicPartition... partitions) {}

        @Override
        public void resume(org.apache.kafka.common.TopicPartition... partitions) {}

        @Override
        public void requestCommit() {}
    }
}
