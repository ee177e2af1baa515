package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import cl.smarterbot.hub.database.HubDatabase;
import cl.smarterbot.hub.door.DoorServer;
import cl.smarterbot.hub.sandbox.ChatwootSandbox.Upload;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.sandbox.SandboxTrouble;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import cl.smarterbot.hub.schedule.ScheduleAdmin;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.TenantAdmin;
import cl.smarterbot.hub.tenancy.TenantDetails;
import cl.smarterbot.hub.tenancy.TenantField;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** From a customer's file in Chatwoot to an object in the tenant's storage, over real HTTP. */
@SpringBootTest(classes = HubApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext
@DisplayName("Files of conversations")
class ConversationAttachmentsTest {

    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";
    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final byte[] PICTURE = "bytes of a picture".getBytes(StandardCharsets.US_ASCII);
    private static final Upload PHOTO = new Upload("foto de la boleta.png", "image/png", PICTURE);

    @TempDir
    static Path data;

    @Autowired
    private HubDatabase database;

    @Autowired
    private SandboxServer vendors;

    @Autowired
    private ScheduleAdmin schedules;

    @Autowired
    private TenantAdmin tenants;

    @Autowired
    private TenantRegistry registry;

    @Autowired
    private SecretStore secrets;

    @Autowired
    private DoorServer door;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        registry.add("hub.sandbox.port", () -> port);
        for (String vendor : List.of("chatwoot", "odoo", "resend", "botpress", "storage")) {
            registry.add("hub." + vendor + ".url", () -> "http://127.0.0.1:" + port);
        }
        registry.add("hub.demo.webhooks", () -> false);
        registry.add("hub.storage.max-size", () -> "100KB");
        registry.add("hub.retry.initial-delay", () -> 50);
        registry.add("hub.door.port", () -> 0);
        registry.add("hub.database.data-dir", () -> data.toString());
        registry.add("hub.admin.data-dir", () -> data.toString());
        registry.add("hub.admin.password", () -> "a-password-for-tests");
        registry.add("hub.secrets.file", () -> data.resolve("secrets.enc").toString());
    }

    @BeforeEach
    void webhooks() {
        vendors.reset();
        for (int account = 1; account <= 2; account++) {
            vendors.chatwoot()
                    .webhook(
                            account,
                            "http://127.0.0.1:" + door.port() + "/webhooks/chatwoot/demo-cw-" + account,
                            "demo-chatwoot-secret-" + account,
                            "message_created");
        }
    }

    @AfterEach
    void healthy() {
        vendors.trouble().clear();
        settled();
    }

    private JdbcTemplate jdbc() {
        return new JdbcTemplate(new DriverManagerDataSource(
                "jdbc:postgresql://127.0.0.1:" + database.embeddedPort() + "/postgres", "postgres", ""));
    }

    private int count(String sql, Object... values) {
        return jdbc().queryForObject("select count(*) from " + sql, Integer.class, values);
    }

    private void settled() {
        await().atMost(BOUND).until(() -> count("hub.delivery where state not in ('done', 'dead')") == 0);
    }

    private Map<String, Object> send(int account, Upload... files) {
        return vendors.chatwoot().say(account, "eva-" + UUID.randomUUID() + "@ejemplo.cl", "Le envío esto", files);
    }

    private void recorded(String rut, Object message) {
        await().atMost(BOUND)
                .until(() ->
                        count("public.messages where tenant_rut = ? and chatwoot_message_id = ?", rut, message) == 1);
        settled();
    }

    private List<Map<String, Object>> attachments(String rut, Object message) {
        recorded(rut, message);
        try {
            return new ObjectMapper()
                    .readValue(
                            jdbc().queryForObject(
                                            "select attachments::text from public.messages where tenant_rut = ?"
                                                    + " and chatwoot_message_id = ?",
                                            String.class,
                                            rut,
                                            message),
                            new TypeReference<List<Map<String, Object>>>() {});
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private String folder(String rut, Map<String, Object> said) {
        return rut + "/conversations/" + said.get("conversation") + "/" + said.get("message") + "/";
    }

    @Test
    @DisplayName("are stored below the tenant's folder, and the message's row says where, how large and of which type")
    void stored() {
        Map<String, Object> said = send(1, PHOTO, new Upload("Cotización.pdf", "application/pdf", PICTURE));
        List<Map<String, Object>> files = attachments(SUR, said.get("message"));
        assertThat(files).hasSize(2).allSatisfy(file -> {
            String path = (String) file.get("stored_path");
            assertThat(path).startsWith(folder(SUR, said) + file.get("id") + "-");
            assertThat(vendors.storage().object(path)).isEqualTo(PICTURE);
            assertThat(file)
                    .containsEntry("stored_size", PICTURE.length)
                    .containsKeys("data_url", "file_type")
                    .doesNotContainKey("refused");
        });
        assertThat(files.get(0)).containsEntry("stored_type", "image/png");
        assertThat((String) files.get(0).get("stored_path")).endsWith("-foto_de_la_boleta.png");
        assertThat(files.get(1)).containsEntry("stored_type", "application/pdf");
    }

    @Test
    @DisplayName("are stored once, though Storage fails, answers too late or the message comes twice")
    void once() {
        vendors.trouble()
                .add(Rule.of(SandboxTrouble.Kind.STATUS).on("objects", "upload").times(2));
        vendors.trouble()
                .add(Rule.of(SandboxTrouble.Kind.LOST_ANSWER)
                        .on("objects", "upload")
                        .times(1));
        Map<String, Object> said = send(1, PHOTO, PHOTO);
        List<Map<String, Object>> files = attachments(SUR, said.get("message"));
        assertThat(files).hasSize(2).allSatisfy(file -> assertThat(file).containsKey("stored_path"));
        assertThat(vendors.storage().objects(Map.of())).hasSize(2);
        // The first was written again after its lost answer; the second, after it, but once.
        assertThat(vendors.storage().objects(Map.of()).stream().mapToInt(o -> (Integer) o.get("versions")))
                .containsExactlyInAnyOrder(2, 1);
        assertThat(count("hub.attempt a join hub.delivery d on d.id = a.delivery_id where a.outcome = 'retry' and"
                        + " d.subscription = 'conversation-attachments'"))
                .isPositive();
        schedules.run("test", "chatwoot-reconciliation", SUR);
        settled();
        assertThat(count(
                        "public.events where type = 'conversation.attachments_received' and event_key = ?",
                        "message-" + said.get("message")))
                .isEqualTo(1);
    }

    @Test
    @DisplayName("that are too large or of another type are recorded with their reason, and not tried again")
    void refused() {
        Map<String, Object> said = send(
                1,
                new Upload("grande.png", "image/png", new byte[100 * 1024 + 1]),
                new Upload("pagina.html", "text/html", PICTURE),
                PHOTO);
        List<Map<String, Object>> files = attachments(SUR, said.get("message"));
        assertThat(files.get(0)).containsEntry("refused", "too_large").doesNotContainKey("stored_path");
        assertThat(files.get(1)).containsEntry("refused", "type_not_allowed").doesNotContainKey("stored_path");
        assertThat(files.get(2)).containsKey("stored_path");
        assertThat(vendors.storage().objects(Map.of())).hasSize(1);
        assertThat(count(
                        "hub.attempt a join hub.delivery d on d.id = a.delivery_id join public.events e on e.id = d.event_id"
                                + " where e.event_key = ?",
                        "message-" + said.get("message")))
                .isEqualTo(1);
    }

    @Test
    @DisplayName("of one tenant are where no other tenant's are")
    void fence() {
        Map<String, Object> sur = send(1, PHOTO);
        Map<String, Object> norte = send(2, PHOTO);
        assertThat((String) attachments(SUR, sur.get("message")).get(0).get("stored_path"))
                .startsWith(SUR + "/");
        assertThat((String) attachments(NORTE, norte.get("message")).get(0).get("stored_path"))
                .startsWith(NORTE + "/");
    }

    @Test
    @DisplayName("whose names are hostile stay in their folder under a harmless name")
    void hostileNames() {
        Map<String, Object> said = send(
                1,
                new Upload("../../77000005-K/robo.png", "image/png", PICTURE),
                new Upload("%2e%2e%2f%00.png", "image/png", PICTURE));
        assertThat(attachments(SUR, said.get("message")))
                .allSatisfy(file -> assertThat((String) file.get("stored_path"))
                        .startsWith(folder(SUR, said) + file.get("id") + "-")
                        .matches("[A-Za-z0-9/_.-]+")
                        .doesNotContain("..", "//"));
    }

    @Test
    @DisplayName("make no event and no delivery when there are none")
    void none() {
        Map<String, Object> said = send(1);
        recorded(SUR, said.get("message"));
        assertThat(count(
                        "public.events where type = 'conversation.attachments_received' and event_key = ?",
                        "message-" + said.get("message")))
                .isZero();
    }

    @Test
    @DisplayName("of a tenant with a project of its own wait for its key, and never get the deployment's")
    void ownProject() {
        tenants.upsert(
                "test",
                TenantDetails.of(NORTE)
                        .with(TenantField.STORAGE_URL, vendors.uri().toString())
                        .with(TenantField.STORAGE_BUCKET, "norte"));
        try {
            registry.refresh();
            vendors.storage().bucket("norte", 0);
            Map<String, Object> said = send(2, PHOTO);
            await().atMost(BOUND)
                    .until(() -> count(
                                    "hub.attempt a join hub.delivery d on d.id = a.delivery_id join public.events e"
                                            + " on e.id = d.event_id where a.outcome = 'retry' and e.event_key = ?",
                                    "message-" + said.get("message"))
                            > 0);
            assertThat(vendors.storage().stats()).containsEntry("calls", Map.of());
            secrets.put(NORTE, "supabase", "SERVICE_ROLE", Secret.of("demo-storage"));
            assertThat(attachments(NORTE, said.get("message")).get(0)).containsKey("stored_path");
            assertThat(vendors.storage().objects(Map.of())).singleElement().satisfies(object -> assertThat(object)
                    .containsEntry("bucket", "norte"));
        } finally {
            jdbc().update(
                            "update hub.tenant_settings set storage_url = null, storage_bucket = null where tenant_rut = ?",
                            NORTE);
            registry.refresh();
        }
    }
}
