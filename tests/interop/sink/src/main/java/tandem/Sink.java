package tandem;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.apache.kafka.connect.sink.SinkTaskContext;

/**
 * Debezium's JDBC sink with the configuration KEY=VALUE..., without brokers. Records with schema blocks come from
 * standard input as lines: topic, key, value, each of the two in base64 or "-" for none, separated by tabs. Says for
 * each record how it ended: "ok", or the last cause.
 */
public final class Sink {
    private final JsonConverter keys = converter(true);
    private final JsonConverter values = converter(false);
    private final Map<String, String> configuration;
    private SinkTask task;

    private Sink(Map<String, String> configuration) {
        this.configuration = configuration;
    }

    public static void main(String[] arguments) throws Exception {
        // What libraries print must not mix with the answers.
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        Map<String, String> configuration = new HashMap<>();
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            configuration.put(pair[0], pair[1]);
        }
        Sink sink = new Sink(configuration);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        long offset = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(sink.write(line.split("\t"), offset++));
        }
        sink.stop();
        answers.flush();
        System.exit(0); // its connection pool leaves threads behind
    }

    private static JsonConverter converter(boolean key) {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "true"), key);
        return converter;
    }

    /** One record by itself. A task that failed is not used again. */
    private String write(String[] parts, long offset) throws Exception {
        try {
            SchemaAndValue key = keys.toConnectData(parts[0], bytes(parts[1]));
            SchemaAndValue value = values.toConnectData(parts[0], bytes(parts[2]));
            if (task == null) {
                task = (SinkTask) Class.forName("io.debezium.connector.jdbc.JdbcSinkConnectorTask")
                        .getDeclaredConstructor().newInstance();
                task.initialize(new Context(configuration));
                task.start(configuration);
            }
            task.put(List.of(new SinkRecord(parts[0], 0, key.schema(), key.value(), value.schema(), value.value(), offset,
                    0L, TimestampType.CREATE_TIME)));
            task.put(List.of()); // what failed in the first is reported by the next
            return "ok";
        } catch (RuntimeException failed) {
            Throwable cause = failed;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            stop();
            return String.valueOf(cause.getMessage()).replaceAll("\\s+", " ");
        }
    }

    private void stop() {
        if (task != null) {
            task.stop();
            task = null;
        }
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
