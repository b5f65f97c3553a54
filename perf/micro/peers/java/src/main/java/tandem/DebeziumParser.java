package tandem;

import io.debezium.config.CommonConnectorConfig;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.PostgresValueConverter;
import io.debezium.connector.postgresql.TypeRegistry;
import io.debezium.connector.postgresql.connection.MessageDecoderContext;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.PostgresDefaultValueConverter;
import io.debezium.connector.postgresql.connection.ReplicationMessage;
import io.debezium.connector.postgresql.connection.ReplicationStream.ReplicationMessageProcessor;
import io.debezium.connector.postgresql.connection.pgoutput.PgOutputMessageDecoder;
import io.debezium.relational.TableId;
import io.debezium.spi.topic.TopicNamingStrategy;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Debezium's decoder of pgoutput. Its values are lazy: parse_debezium leaves them the text that the decoder made of
 * each, as far as our parser goes; parse_debezium_values asks for each, which makes numbers and times of them.
 */
final class DebeziumParser {
    /** Sees the row of a message. */
    private static final class Row implements ReplicationMessageProcessor {
        List<ReplicationMessage.Column> columns;
        long rows;
        long values;
        Object last; // what a pass has read, so that it is not optimised away

        @Override
        public void process(ReplicationMessage message) {
            columns = message.getNewTupleList();
            ++rows;
            values += columns.size();
        }
    }

    /** The connector makes its schema in its own package. */
    private static final class Schema extends PostgresSchema {
        Schema(PostgresConnectorConfig config, PostgresDefaultValueConverter defaults,
            TopicNamingStrategy<TableId> topics, PostgresValueConverter values) {
            super(config, defaults, topics, values);
        }
    }

    private static PostgresConnectorConfig config() {
        URI server = URI.create(System.getenv("TANDEM_TEST_PG_URI"));
        return new PostgresConnectorConfig(Configuration.create()
            .with("topic.prefix", "chat").with("plugin.name", "pgoutput")
            .with("database.hostname", server.getHost()).with("database.port", server.getPort())
            .with("database.user", server.getUserInfo()).with("database.dbname", server.getPath().substring(1))
            .build());
    }

    private static PgOutputMessageDecoder decoder(PostgresConnectorConfig config, PostgresConnection connection) {
        TopicNamingStrategy<TableId> topics = config.getTopicNamingStrategy(CommonConnectorConfig.TOPIC_NAMING_STRATEGY);
        TypeRegistry types = connection.getTypeRegistry();
        Schema schema = new Schema(config, connection.getDefaultValueConverter(), topics,
            PostgresValueConverter.of(config, StandardCharsets.UTF_8, types));
        return new PgOutputMessageDecoder(new MessageDecoderContext(config, schema), connection);
    }

    /** The text that a value was made of: what a column says of itself ends with it. */
    private static String text(ReplicationMessage.Column column) {
        if (column.getValue(null, false) == null) {
            return null;
        }
        String shown = column.toString();
        return shown.substring(shown.indexOf(")=") + 2);
    }

    private static void check(PgOutputMessageDecoder decoder, List<byte[]> rows, TypeRegistry types, Path sums)
        throws Exception {
        long[] got = new long[4];
        Row row = new Row();
        for (byte[] message : rows) {
            decoder.processNotEmptyMessage(ByteBuffer.wrap(message), row, types);
            String[] values = row.columns.stream().map(DebeziumParser::text).toArray(String[]::new);
            if (!Arrays.equals(values, Peers.texts(message))) {
                Peers.fail("Debezium reads " + row.columns + " where " + Arrays.toString(Peers.texts(message))
                    + " stands, so its time means nothing");
            }
            for (String value : values) {
                byte[] bytes = value == null ? new byte[0] : value.getBytes(StandardCharsets.UTF_8);
                got[2] += bytes.length;
                got[3] += bytes.length == 0 ? 0 : bytes[0] & 0xff;
            }
        }
        got[0] = row.rows;
        got[1] = row.values;
        long[] expected = Arrays.stream(Files.readString(sums).trim().split(" ")).mapToLong(Long::parseLong).toArray();
        if (!Arrays.equals(got, expected)) {
            Peers.fail("Debezium reads " + Arrays.toString(got) + " where " + Arrays.toString(expected)
                + " stands, so its time means nothing");
        }
    }

    /** The statement that makes the table of the shape; its first column is the key. */
    private static String table(String shape, List<Peers.Column> columns) {
        Map<Integer, String> types = Map.of(16, "boolean", 20, "bigint", 23, "int", 25, "text", 1184, "timestamptz",
            3802, "jsonb");
        String described = columns.stream().map(each -> each.name() + " " + types.get(each.type()))
            .collect(Collectors.joining(", "));
        return "CREATE TABLE IF NOT EXISTS public." + shape + " (" + described + ", PRIMARY KEY ("
            + columns.get(0).name() + "))";
    }

    static void run(String[] arguments) throws Exception {
        PostgresConnectorConfig config = config();
        try (PostgresConnection connection = new PostgresConnection(config.getJdbcConfig(),
            types -> PostgresValueConverter.of(config, StandardCharsets.UTF_8, types), "peers")) {
            List<byte[]> messages = Peers.messages(Path.of(arguments[1], arguments[2] + ".pgoutput"));
            connection.execute(table(arguments[2], Peers.columns(messages.get(1))));
            PgOutputMessageDecoder decoder = decoder(config, connection);
            TypeRegistry types = connection.getTypeRegistry();
            decoder.processNotEmptyMessage(ByteBuffer.wrap(messages.get(0)), message -> { }, types);
            decoder.processNotEmptyMessage(ByteBuffer.wrap(messages.get(1)), message -> { }, types);
            List<byte[]> rows = messages.subList(2, messages.size());
            check(decoder, rows, types, Path.of(arguments[1], arguments[2] + ".answer"));
            Row row = new Row();
            Peers.measure("parse_debezium", rows.size(), arguments, () -> {
                for (byte[] message : rows) {
                    decoder.processNotEmptyMessage(ByteBuffer.wrap(message), row, types);
                }
            });
            Peers.measure("parse_debezium_values", rows.size(), arguments, () -> {
                for (byte[] message : rows) {
                    decoder.processNotEmptyMessage(ByteBuffer.wrap(message), row, types);
                    for (ReplicationMessage.Column column : row.columns) {
                        row.last = column.getValue(null, false);
                    }
                }
            });
        }
    }
}
