package tandem;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.apache.kafka.connect.json.JsonConverter;

/**
 * What programs of the JVM need for the rows of a shape that write_shapes leaves in FOLDER. One of, each in a JVM of
 * its own so that it is compiled for itself:
 *
 *   parse FOLDER SHAPE REPETITIONS SECONDS    Debezium's decoder, which reads the table at the server of
 *                                             TANDEM_TEST_PG_URI
 *   decode FOLDER SHAPE REPETITIONS SECONDS   Kafka's JsonConverter without schemas, the faster of its two ways: with
 *                                             them it reads a schema in each event
 *
 * Answers are checked before they are timed, after a warm-up. One line of JSON per benchmark: medians of the
 * process's CPU time, the garbage collector's included.
 */
final class Peers {
    /** A column as a relation message describes it. */
    record Column(String name, int type) { }

    private static final double WARM_UP_SECONDS = 6;

    interface Pass {
        void run() throws Exception;
    }

    static void fail(String why) {
        System.err.println("peers: " + why);
        System.exit(1);
    }

    static List<byte[]> messages(Path file) throws IOException {
        ByteBuffer from = ByteBuffer.wrap(Files.readAllBytes(file));
        List<byte[]> found = new ArrayList<>();
        while (from.hasRemaining()) {
            byte[] message = new byte[from.getInt()];
            from.get(message);
            found.add(message);
        }
        return found;
    }

    private static String zeroTerminated(ByteBuffer from) {
        int start = from.position();
        while (from.get() != 0) {
            continue;
        }
        return new String(from.array(), start, from.position() - start - 1, StandardCharsets.UTF_8);
    }

    static List<Column> columns(byte[] relation) {
        ByteBuffer from = ByteBuffer.wrap(relation);
        from.position(5); // 'R', its oid
        zeroTerminated(from); // schema
        zeroTerminated(from); // name
        from.get(); // replica identity
        List<Column> columns = new ArrayList<>();
        for (int left = from.getShort(); left > 0; --left) {
            from.get(); // whether it is of the key
            String name = zeroTerminated(from);
            columns.add(new Column(name, from.getInt()));
            from.getInt(); // modifier
        }
        return columns;
    }

    /** The values of an insert as text, null where they are. */
    static String[] texts(byte[] insert) {
        ByteBuffer from = ByteBuffer.wrap(insert, 6, insert.length - 6); // 'I', relation, 'N'
        String[] values = new String[from.getShort()];
        for (int column = 0; column < values.length; ++column) {
            if (from.get() == 't') {
                byte[] text = new byte[from.getInt()];
                from.get(text);
                values[column] = new String(text, StandardCharsets.UTF_8);
            }
        }
        return values;
    }

    private static double cpuSeconds() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    private static double seconds(Pass all, double atLeast) throws Exception {
        double begun = cpuSeconds();
        int passes = 0;
        while (cpuSeconds() - begun < atLeast) {
            all.run();
            ++passes;
        }
        return (cpuSeconds() - begun) / passes;
    }

    static void measure(String name, int rows, String[] arguments, Pass all) throws Exception {
        seconds(all, WARM_UP_SECONDS);
        double[] times = new double[Integer.parseInt(arguments[3])];
        for (int index = 0; index < times.length; ++index) {
            System.gc();
            times[index] = seconds(all, Double.parseDouble(arguments[4])) / rows;
        }
        double[] ordered = times.clone();
        Arrays.sort(ordered);
        String list = DoubleStream.of(times).mapToObj(Double::toString).collect(Collectors.joining(", "));
        System.out.println("{\"benchmark\": \"" + name + "/" + arguments[2] + "\", \"time_per_row\": " + ordered[times.length / 2]
            + ", \"rows\": " + rows + ", \"repetitions\": [" + list + "]}");
    }

    private static Map<?, ?> after(JsonConverter converter, byte[] event) {
        return (Map<?, ?>) ((Map<?, ?>) converter.toConnectData("chat", event).value()).get("after");
    }

    private static long sum;

    private static void decode(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[1]);
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "false"), false);
        List<byte[]> messages = messages(folder.resolve(arguments[2] + ".pgoutput"));
        List<Column> columns = columns(messages.get(1));
        List<byte[]> rows = messages.subList(2, messages.size());
        byte[][] events = messages(folder.resolve(arguments[2] + ".events")).toArray(byte[][]::new);
        for (int row = 0; row < rows.size(); ++row) {
            Map<?, ?> after = after(converter, events[row]);
            String[] expected = texts(rows.get(row));
            for (int column = 0; column < expected.length; ++column) {
                Object value = after.get(columns.get(column).name());
                String text = value instanceof Boolean ? ((Boolean) value ? "t" : "f") : String.valueOf(value);
                if (!text.equals(String.valueOf(expected[column]))) {
                    fail("JsonConverter reads " + value + " as " + columns.get(column).name() + " of row " + row + " where "
                        + expected[column] + " stands, so its time means nothing");
                }
            }
        }
        measure("decode_json_converter", events.length, arguments, () -> {
            for (byte[] event : events) {
                for (Object value : after(converter, event).values()) {
                    sum += value instanceof String ? ((String) value).length()
                        : value instanceof Long ? (Long) value : 0;
                }
            }
        });
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 5) {
            fail("usage: peers parse|decode FOLDER SHAPE REPETITIONS SECONDS");
        }
        if (arguments[0].equals("parse")) {
            DebeziumParser.run(arguments);
        } else {
            decode(arguments);
        }
        System.exit(0);
    }
}
