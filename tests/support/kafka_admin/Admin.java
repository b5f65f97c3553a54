import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Administrator, reader and writer of the cluster named by the first argument. Reads requests, one JSON object a line,
 * from standard input and answers each with a line: {"ok": value} or {"error": class, "text": why}. Records that are read
 * come as lines before that, [offset, timestamp, key, value, headers], bytes in base64.
 */
public final class Admin {
    private static final long PATIENCE_MS = 30_000;

    private final ObjectMapper json = new ObjectMapper();
    private final String bootstrap;
    private final PrintStream answers;
    private final org.apache.kafka.clients.admin.Admin admin;
    private final Map<String, KafkaConsumer<byte[], byte[]>> readers = new HashMap<>();
    private KafkaProducer<byte[], byte[]> writer;

    private Admin(String bootstrap, PrintStream answers) {
        this.bootstrap = bootstrap;
        this.answers = answers;
        this.admin = org.apache.kafka.clients.admin.Admin.create(settings(Map.of()));
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err); // what libraries print must not mix with the answers
        Admin self = new Admin(arguments[0], answers);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            self.answer(line);
        }
        System.exit(0); // clients would wait for requests that nobody answers any more
    }

    private Map<String, Object> settings(Map<String, Object> more) {
        Map<String, Object> all = new HashMap<>(Map.of(
                "bootstrap.servers", bootstrap,
                "request.timeout.ms", "5000", // a frozen broker does not answer: ask another
                "default.api.timeout.ms", Long.toString(PATIENCE_MS),
                "metadata.max.age.ms", "1000",
                "reconnect.backoff.max.ms", "200"));
        all.putAll(more);
        return all;
    }

    private void answer(String line) throws IOException {
        Map<String, Object> said = new HashMap<>();
        try {
            said.put("ok", done(json.readTree(line)));
        } catch (Exception failure) {
            Throwable cause = failure instanceof ExecutionException ? failure.getCause() : failure;
            said.put("error", cause.getClass().getSimpleName());
            said.put("text", String.valueOf(cause.getMessage()));
        }
        answers.println(json.writeValueAsString(said));
        answers.flush();
    }

    private Object done(JsonNode request) throws Exception {
        String what = request.get("do").asText();
        switch (what) {
            case "create_topic":
                return createTopic(request);
            case "delete_topic":
                return admin.deleteTopics(List.of(topic(request))).all().get();
            case "topics":
                return admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
            case "describe":
                return describe(topic(request));
            case "config":
                return config(topic(request));
            case "set_config":
                return setConfig(request);
            case "add_partitions":
                return admin.createPartitions(Map.of(topic(request), NewPartitions.increaseTo(request.get("total").asInt())))
                        .all().get();
            case "delete_records":
                return deleteRecords(partition(request), request.get("before").asLong());
            case "elect":
                return elect(partition(request));
            case "offsets":
                return offsets(partition(request));
            case "read":
                return read(request);
            case "produce":
                return produce(request);
            case "set_scram":
                return setScram(request);
            case "brokers":
                return admin.describeCluster().nodes().get().stream().map(Node::id).toArray();
            case "quorum":
                return quorum();
            default:
                throw new IllegalArgumentException("unknown request " + what);
        }
    }

    private static String topic(JsonNode request) {
        return request.get("topic").asText();
    }

    private static TopicPartition partition(JsonNode request) {
        return new TopicPartition(topic(request), request.get("partition").asInt());
    }

    // --- topics ---------------------------------------------------------------------------------------------------
    private Object createTopic(JsonNode request) throws Exception {
        Map<String, String> config = new HashMap<>();
        request.get("config").fields().forEachRemaining(pair -> config.put(pair.getKey(), pair.getValue().asText()));
        NewTopic fresh = new NewTopic(topic(request), Optional.of(request.get("partitions").asInt()),
                request.hasNonNull("factor") ? Optional.of((short) request.get("factor").asInt()) : Optional.empty());
        return admin.createTopics(List.of(fresh.configs(config))).all().get();
    }

    private Object describe(String topic) throws Exception {
        List<Object> partitions = new ArrayList<>();
        for (TopicPartitionInfo each : admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()) {
            Map<String, Object> facts = new HashMap<>();
            facts.put("leader", each.leader() == null || each.leader().isEmpty() ? null : each.leader().id());
            facts.put("replicas", each.replicas().stream().map(Node::id).toArray());
            facts.put("isr", each.isr().stream().map(Node::id).toArray());
            partitions.add(facts);
        }
        return partitions;
    }

    private Object config(String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Map<String, String> found = new TreeMap<>();
        for (ConfigEntry each : admin.describeConfigs(List.of(resource)).all().get().get(resource).entries()) {
            found.put(each.name(), each.value());
        }
        return found;
    }

    private Object setConfig(JsonNode request) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        request.get("config").fields().forEachRemaining(pair -> changes.add(new AlterConfigOp(
                new ConfigEntry(pair.getKey(), pair.getValue().isNull() ? null : pair.getValue().asText()),
                pair.getValue().isNull() ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET)));
        return admin.incrementalAlterConfigs(
                Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic(request)), changes)).all().get();
    }

    private Object setScram(JsonNode request) throws Exception {
        ScramMechanism mechanism = ScramMechanism.fromMechanismName(request.get("mechanism").asText());
        return admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(request.get("user").asText(),
                new ScramCredentialInfo(mechanism, 4096), request.get("password").asText()))).all().get();
    }

    private Object deleteRecords(TopicPartition where, long before) throws Exception {
        return admin.deleteRecords(Map.of(where, RecordsToDelete.beforeOffset(before)))
                .lowWatermarks().get(where).get().lowWatermark();
    }

    private Object elect(TopicPartition where) throws Exception {
        Optional<Throwable> failure = admin.electLeaders(ElectionType.PREFERRED, java.util.Set.of(where))
                .partitions().get().get(where);
        if (failure.isPresent() && !(failure.get() instanceof ElectionNotNeededException)) {
            throw new ExecutionException(failure.get());
        }
        return null;
    }

    private Object quorum() throws Exception {
        QuorumInfo info = admin.describeMetadataQuorum().quorumInfo().get();
        Map<String, Object> voters = new TreeMap<>();
        info.voters().forEach(each -> voters.put(Integer.toString(each.replicaId()), each.logEndOffset()));
        return Map.of("leader", info.leaderId(), "epoch", info.leaderEpoch(), "voters", voters);
    }

    // --- records --------------------------------------------------------------------------------------------------
    private long offset(TopicPartition where, OffsetSpec spec) throws Exception {
        ListOffsetsResultInfo info = admin.listOffsets(Map.of(where, spec)).partitionResult(where).get();
        return info.offset();
    }

    private Object offsets(TopicPartition where) throws Exception {
        return List.of(offset(where, OffsetSpec.earliest()), offset(where, OffsetSpec.latest()));
    }

    private KafkaConsumer<byte[], byte[]> reader(String isolation) {
        return readers.computeIfAbsent(isolation, unused -> new KafkaConsumer<>(settings(Map.of(
                "isolation.level", isolation, "auto.offset.reset", "none", "enable.auto.commit", "false",
                "allow.auto.create.topics", "false", "fetch.max.wait.ms", "20", "max.poll.records", "10000")),
                new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    }

    /** All from `from` (default: where the log starts) to `to` (default: where it ends now); the last is not included. */
    private Object read(JsonNode request) throws Exception {
        TopicPartition where = partition(request);
        KafkaConsumer<byte[], byte[]> reader = reader(request.get("committed").asBoolean() ? "read_committed" : "read_uncommitted");
        long to = request.hasNonNull("to") ? request.get("to").asLong() : offset(where, OffsetSpec.latest());
        reader.assign(List.of(where));
        reader.seek(where, request.hasNonNull("from") ? request.get("from").asLong() : offset(where, OffsetSpec.earliest()));
        long count = 0;
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        while (reader.position(where) < to) { // not the last record's offset: markers of transactions have one too
            for (ConsumerRecord<byte[], byte[]> each : reader.poll(Duration.ofMillis(200)).records(where)) {
                deadline = System.currentTimeMillis() + PATIENCE_MS;
                if (each.offset() < to) {
                    answers.println(json.writeValueAsString(shown(each)));
                    ++count;
                }
            }
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("read " + count + " records, at " + reader.position(where) + " of " + to);
            }
        }
        return count;
    }

    private static Object shown(ConsumerRecord<byte[], byte[]> record) {
        List<Object> headers = new ArrayList<>();
        for (Header each : record.headers()) {
            headers.add(pair(each.key(), each.value()));
        }
        List<Object> shown = new ArrayList<>(List.of(record.offset(), record.timestamp()));
        shown.add(record.key()); // byte[] is written in base64
        shown.add(record.value());
        shown.add(headers);
        return shown;
    }

    private static List<Object> pair(String key, byte[] value) {
        List<Object> both = new ArrayList<>(List.of(key));
        both.add(value);
        return both;
    }

    private static byte[] bytes(JsonNode node) throws IOException {
        return node == null || node.isNull() ? null : node.binaryValue();
    }

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        return new KafkaProducer<>(settings(more), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** [partition, offset] of each; without `end` by one idempotent producer, else in a transaction that ends like that. */
    private Object produce(JsonNode request) throws Exception {
        if (!request.hasNonNull("end")) {
            if (writer == null) {
                writer = producer(Map.of("delivery.timeout.ms", Long.toString(PATIENCE_MS)));
            }
            return sent(writer, request);
        }
        try (KafkaProducer<byte[], byte[]> one = producer(Map.of("transactional.id", UUID.randomUUID().toString()))) {
            one.initTransactions();
            one.beginTransaction();
            Object places = sent(one, request);
            if (request.get("end").asText().equals("commit")) {
                one.commitTransaction();
            } else {
                one.abortTransaction();
            }
            return places;
        }
    }

    private static Object sent(KafkaProducer<byte[], byte[]> producer, JsonNode request) throws Exception {
        List<Future<RecordMetadata>> reports = new ArrayList<>();
        for (JsonNode each : request.get("records")) {
            ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic(request),
                    each.hasNonNull("partition") ? each.get("partition").asInt() : null,
                    each.hasNonNull("timestamp") ? each.get("timestamp").asLong() : null,
                    bytes(each.get("key")), bytes(each.get("value")));
            for (JsonNode header : each.get("headers")) {
                record.headers().add(header.get(0).asText(), bytes(header.get(1)));
            }
            reports.add(producer.send(record));
        }
        producer.flush();
        List<Object> places = new ArrayList<>();
        for (Future<RecordMetadata> report : reports) {
            places.add(List.of(report.get().partition(), report.get().offset()));
        }
        return places;
    }
}
