package cl.smarterbot.hub.resend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import cl.smarterbot.hub.rest.AddressPolicy;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.sandbox.SandboxServer;
import cl.smarterbot.hub.secrets.EncryptedFileSecretStore;
import cl.smarterbot.hub.secrets.Secret;
import cl.smarterbot.hub.secrets.SecretStore;
import cl.smarterbot.hub.tenancy.RutPolicy;
import cl.smarterbot.hub.tenancy.TenantBoundDataSource;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.testing.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** Mails over real HTTP to the sandbox's Resend, with the real database deciding. */
@DisplayName("A mail")
class ResendMailerTest {

    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";
    private static final String ESTE = "76000013-2";

    @TempDir
    static Path folder;

    private static final HikariDataSource APP = new HikariDataSource();
    private static final RestClient REST = new RestClient(AddressPolicy.allowing(List.of("127.0.0.1")));
    private static final List<MailPace> PACES = new ArrayList<>();
    private static JdbcTemplate superuser;
    private static SandboxServer vendor;
    private static TenantRegistry registry;
    private static SecretStore secrets;

    @BeforeAll
    static void open() {
        TestDatabase database = TestDatabase.fresh();
        superuser = new JdbcTemplate(database.as("postgres"));
        superuser.execute("insert into public.tenants (rut, business_name) values ('" + SUR + "', 'Ferretería Sur'), ('"
                + NORTE + "', 'Pastelería Norte'), ('" + ESTE + "', 'Librería Este')");
        superuser.execute(
                "insert into hub.tenant_settings (tenant_rut, plan, limits, mail_from, mail_admin) values ('" + SUR
                        + "', 'unlimited', '{\"mails_per_recipient_per_day\":2}', 'Ferretería Sur <no@sur.example>', 'ventas@sur.example'), ('"
                        + NORTE + "', 'unlimited', '{}', null, 'ventas@norte.example'), ('"
                        + ESTE + "', 'unlimited', '{\"mails_per_day\":3}', null, 'ventas@este.example')");
        APP.setDataSource(database.as("hub_app"));
        APP.setMaximumPoolSize(8);
        registry = new TenantRegistry(database.as("hub_registry"), RutPolicy.STRICT, false);
        registry.refresh();
        secrets = EncryptedFileSecretStore.open(folder.resolve("secrets.enc"));
        vendor = SandboxServer.start(0);
    }

    @AfterAll
    static void close() {
        PACES.forEach(MailPace::close);
        REST.close();
        vendor.close();
        APP.close();
    }

    @BeforeEach
    void fresh() {
        vendor.reset();
        superuser.execute("truncate hub.mail_suppression, hub.mail_admission, hub.mail_pace, hub.mail_template");
    }

    private static ResendMailer mailer(double perSecond) {
        return mailer(new ResendSettings(
                vendor.uri() + "/",
                "re_demo",
                "El hub <hub@hub.example>",
                perSecond,
                "https://sitio.example/?a=1&b=2"));
    }

    private static ResendMailer mailer(ResendSettings settings) {
        TenantBoundDataSource bound = new TenantBoundDataSource(APP);
        MailPace pace = new MailPace(bound, settings.perSecond(), REST.executor());
        PACES.add(pace);
        return new ResendMailer(registry, secrets, new MailTemplates(bound), new MailGate(bound), pace, REST, settings);
    }

    /** An id as of now, as the log makes them. */
    private static UUID event() {
        return event(Instant.now());
    }

    private static UUID event(Instant born) {
        return new UUID(born.toEpochMilli() << 16 | 0x7000, UUID.randomUUID().getLeastSignificantBits());
    }

    private static ResendMailer.Request mail(String rut, String kind, UUID event, String to, String... contact) {
        Map<String, String> values = new HashMap<>(Map.of("name", "Ana", "email", to, "message", "Hola"));
        for (int i = 0; i < contact.length; i += 2) {
            values.put(contact[i], contact[i + 1]);
        }
        return new ResendMailer.Request(rut, kind, event, "contact.received", to, null, null, values);
    }

    private static ResendMailer.Result send(ResendMailer mailer, ResendMailer.Request mail) throws Exception {
        return mailer.send(mail).get(20, TimeUnit.SECONDS);
    }

    private static ResendException failure(ResendMailer mailer, ResendMailer.Request mail) {
        Throwable failure = catchThrowable(
                () -> mailer.send(mail).orTimeout(20, TimeUnit.SECONDS).join());
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        assertThat(cause).isInstanceOf(ResendException.class);
        return (ResendException) cause;
    }

    private static List<Map<String, Object>> sent(String to) {
        return vendor.resend().mails(Map.of("to", to));
    }

    private static String text(Map<String, Object> mail, String field) {
        return String.valueOf(mail.get(field));
    }

    @Test
    @DisplayName("to a visitor thanks by name, with the message, from the tenant's mailbox, under the key of its event")
    void visitor() throws Exception {
        UUID event = event();
        ResendMailer.Result result =
                send(mailer(0), mail(SUR, "visitor", event, "ana@ejemplo.cl", "message", "¿Tienen taladros?\nGracias"));
        Map<String, Object> mail = sent("ana@ejemplo.cl").get(0);
        assertThat(result.id()).isEqualTo(mail.get("id"));
        assertThat(mail.get("subject")).isEqualTo("Gracias por contactar a Ferretería Sur");
        assertThat(text(mail, "from")).contains("no@sur.example");
        assertThat(mail.get("idempotency_key")).isEqualTo(SUR + "/contact.received/" + event + "/visitor");
        assertThat(text(mail, "html"))
                .contains("Hola Ana:", "¿Tienen taladros?<br>\nGracias")
                .contains("href=\"https://sitio.example/?a&#x3D;1&amp;b&#x3D;2\"");
        assertThat(text(mail, "text"))
                .contains("Hola Ana:", "¿Tienen taladros?\nGracias", "https://sitio.example/?a=1&b=2");
    }

    @Test
    @DisplayName("to the admin names the contact in subject and table, and is answered to the visitor")
    void admin() throws Exception {
        ResendMailer.Request request = mail(
                NORTE,
                "admin",
                event(),
                "ventas@norte.example",
                "email",
                "ana@ejemplo.cl",
                "phone",
                "+56 9 8765 4321",
                "source",
                "smarterbot.cl",
                "company",
                "Soto SpA");
        send(
                mailer(0),
                new ResendMailer.Request(
                        NORTE,
                        "admin",
                        request.event(),
                        request.eventType(),
                        request.to(),
                        null,
                        "ana@ejemplo.cl",
                        request.contact()));
        Map<String, Object> mail = sent("ventas@norte.example").get(0);
        assertThat(mail.get("subject")).isEqualTo("Nuevo contacto: Ana <ana@ejemplo.cl>");
        assertThat(text(mail, "from")).as("the deployment's").contains("hub@hub.example");
        assertThat(text(mail, "reply_to")).contains("ana@ejemplo.cl");
        assertThat(text(mail, "html"))
                .contains("+56 9 8765 4321", "smarterbot.cl", "Soto SpA")
                .doesNotContain(">RUT<", ">Sitio<");
    }

    @Test
    @DisplayName("keeps HTML, expressions and templates in a name or message as text")
    void injection() throws Exception {
        String name = "<img src=x onerror=alert(1)> ${sys:user.home} {{message}} {{{email}}} #{7*7}";
        send(
                mailer(0),
                mail(
                        SUR,
                        "visitor",
                        event(),
                        "eva@ejemplo.cl",
                        "name",
                        name,
                        "message",
                        "</td><script>x</script>{{name}}"));
        Map<String, Object> mail = sent("eva@ejemplo.cl").get(0);
        assertThat(text(mail, "html"))
                .contains(
                        "&lt;img src&#x3D;x onerror&#x3D;alert(1)&gt; ${sys:user.home} {{message}} {{{email}}} #{7*7}")
                .contains("&lt;/td&gt;&lt;script&gt;x&lt;/script&gt;{{name}}")
                .doesNotContain("<img", "<script");
        assertThat(text(mail, "text")).contains("Hola " + name + ":");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Ana\r\nBcc: otro@ejemplo.cl",
                "Ana\nBcc: otro@ejemplo.cl",
                "Ana\u0085Bcc: otro@ejemplo.cl",
                "Ana\u2028Bcc: otro@ejemplo.cl",
                "Ana\u0000\u001b[31mBcc: otro@ejemplo.cl"
            })
    @DisplayName("has one line of subject, whatever is in a name")
    void headerInjection(String name) throws Exception {
        ResendMailer.Request request =
                mail(SUR, "admin", event(), "ventas@sur.example", "email", "ana@ejemplo.cl", "name", name);
        send(mailer(0), request);
        Map<String, Object> mail = sent("ventas@sur.example").get(0);
        assertThat(text(mail, "subject"))
                .startsWith("Nuevo contacto: Ana ")
                .endsWith("Bcc: otro@ejemplo.cl <ana@ejemplo.cl>")
                .doesNotContainPattern("[\\p{Cntrl}\\u0085\\u2028]");
        assertThat(vendor.resend().mails(Map.of())).hasSize(1);
    }

    @Test
    @DisplayName("has a subject of at most 200 characters, cut between characters")
    void longSubject() throws Exception {
        send(mailer(0), mail(SUR, "admin", event(), "ventas@sur.example", "email", "a@b.cl", "name", "😀".repeat(300)));
        String subject = text(sent("ventas@sur.example").get(0), "subject");
        assertThat(subject.codePointCount(0, subject.length())).isEqualTo(200);
        assertThat(subject).endsWith("😀");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ana", "ana@b.cl, eva@b.cl", "Ana <ana@b.cl>", "ana@b.cl\r\nBcc: eva@b.cl", "a b@c.cl"})
    @DisplayName("goes to one plain address or nowhere")
    void recipients(String to) {
        assertThat(failure(mailer(0), mail(SUR, "visitor", event(), to)).isTransient())
                .isFalse();
        assertThat(vendor.resend().mails(Map.of())).isEmpty();
    }

    @Test
    @DisplayName("whose answer was lost is sent once: the retry carries the same key and the same words")
    void lostAnswer() throws Exception {
        UUID event = event();
        ResendMailer mailer = mailer(0);
        ResendMailer.Result first = send(mailer, mail(SUR, "visitor", event, "ana@ejemplo.cl"));
        // As if nobody had heard.
        ResendMailer.Result again = send(mailer, mail(SUR, "visitor", event, "ana@ejemplo.cl"));
        assertThat(again).isEqualTo(first);
        assertThat(sent("ana@ejemplo.cl")).hasSize(1);
    }

    @Test
    @DisplayName("whose words changed between two tries counts as sent")
    void changedWords() throws Exception {
        UUID event = event();
        ResendMailer mailer = mailer(0);
        send(mailer, mail(SUR, "visitor", event, "ana@ejemplo.cl"));
        assertThat(send(mailer, mail(SUR, "visitor", event, "ana@ejemplo.cl", "name", "Otra")))
                .isEqualTo(new ResendMailer.Result(null, "sent"));
        assertThat(sent("ana@ejemplo.cl")).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "rate_limit_exceeded, true, 1",
        "concurrent_idempotent_requests, true, 1",
        "daily_quota_exceeded, true, 3600",
        "monthly_quota_exceeded, true, 3600",
        "internal_server_error, true, 0",
        "application_error, true, 0",
        "validation_error, false, 0",
        "invalid_from_address, false, 0",
        "missing_required_field, false, 0",
        "restricted_api_key, false, 0",
        "invalid_api_key, false, 0",
        "security_error, false, 0"
    })
    @DisplayName("that Resend refuses waits or is given up, by Resend's name for the reason")
    void refusals(String name, boolean passing, long atLeastSeconds) throws Exception {
        vendor.resend().fail(name, 1);
        ResendMailer mailer = mailer(0);
        UUID event = event();
        ResendException failure = failure(mailer, mail(SUR, "visitor", event, "ana@ejemplo.cl"));
        assertThat(failure.isTransient()).isEqualTo(passing);
        assertThat(failure.getMessage()).contains(name).doesNotContain("ana@");
        assertThat(failure.retryAfter().orElse(Duration.ZERO))
                .isGreaterThanOrEqualTo(Duration.ofSeconds(atLeastSeconds));
        assertThat(send(mailer, mail(SUR, "visitor", event, "ana@ejemplo.cl")).id())
                .as("the next try")
                .isNotNull();
    }

    @Test
    @DisplayName("uses the tenant's own key if there is one, and waits for one where there is none")
    void keys() throws Exception {
        secrets.put(NORTE, "resend", "api_key", Secret.of("re_unknown"));
        assertThat(failure(mailer(0), mail(NORTE, "visitor", event(), "ana@ejemplo.cl"))
                        .isTransient())
                .isFalse();
        secrets.put(NORTE, "resend", "api_key", Secret.of("re_demo_sending"));
        assertThat(send(mailer(0), mail(NORTE, "visitor", event(), "ana@ejemplo.cl"))
                        .id())
                .isNotNull();
        ResendMailer without = mailer(new ResendSettings(vendor.uri().toString(), "", "a@b.cl", 0, ""));
        assertThat(failure(without, mail(SUR, "visitor", event(), "ana@ejemplo.cl"))
                        .isTransient())
                .isTrue();
        ResendMailer noSender = mailer(new ResendSettings(vendor.uri().toString(), "re_demo", "", 0, ""));
        assertThat(failure(noSender, mail(NORTE, "visitor", event(), "ana@ejemplo.cl"))
                        .isTransient())
                .isTrue();
    }

    @Test
    @DisplayName("is not sent to an address on the suppression list of its tenant, in any letter case")
    void suppressed() throws Exception {
        superuser.update(
                "insert into hub.mail_suppression (tenant_rut, address_hash, reason) values (?, sha256('ana@ejemplo.cl'), 'bounced')",
                SUR);
        assertThat(send(mailer(0), mail(SUR, "visitor", event(), "Ana@Ejemplo.CL")))
                .isEqualTo(new ResendMailer.Result(null, "suppressed"));
        assertThat(send(mailer(0), mail(NORTE, "visitor", event(), "ana@ejemplo.cl"))
                        .id())
                .isNotNull();
        assertThat(vendor.resend().mails(Map.of())).hasSize(1);
    }

    @Test
    @DisplayName("of a form goes to one address as often a day as the plan allows; a retry is not counted again")
    void recipientLimit() throws Exception {
        ResendMailer mailer = mailer(0);
        ResendMailer.Request first = mail(SUR, "visitor", event(), "ana@ejemplo.cl");
        assertThat(send(mailer, first).id()).isNotNull();
        assertThat(send(mailer, first).id()).isNotNull();
        assertThat(send(mailer, mail(SUR, "visitor", event(), "ANA@ejemplo.cl")).id())
                .isNotNull();
        assertThat(send(mailer, mail(SUR, "visitor", event(), "ana@ejemplo.cl")))
                .isEqualTo(new ResendMailer.Result(null, "recipient-limit"));
        assertThat(send(mailer, first).id()).as("a retry of the first").isNotNull();
        assertThat(send(mailer, mail(SUR, "visitor", event(), "eva@ejemplo.cl")).id())
                .isNotNull();
        assertThat(send(mailer, mail(SUR, "admin", event(), "ana@ejemplo.cl")).id())
                .as("not a form's recipient")
                .isNotNull();
        superuser.execute("update hub.mail_admission set admitted_at = admitted_at - interval '25 hours'");
        assertThat(send(mailer, mail(SUR, "visitor", event(), "ana@ejemplo.cl")).id())
                .as("the next day")
                .isNotNull();
    }

    @Test
    @DisplayName(
            "of a tenant that caused as many as its plan allows a day is not sent; other tenants' mails are, and a retry is")
    void dailyLimit() throws Exception {
        ResendMailer mailer = mailer(0);
        ResendMailer.Request first = mail(ESTE, "visitor", event(), "ana@ejemplo.cl");
        assertThat(send(mailer, first).id()).isNotNull();
        assertThat(send(mailer, mail(ESTE, "admin", event(), "ventas@este.example"))
                        .id())
                .isNotNull();
        assertThat(send(mailer, mail(ESTE, "visitor", event(), "eva@ejemplo.cl"))
                        .id())
                .isNotNull();
        assertThat(send(mailer, mail(ESTE, "visitor", event(), "leo@ejemplo.cl")))
                .isEqualTo(new ResendMailer.Result(null, "daily-limit"));
        assertThat(send(mailer, mail(ESTE, "admin", event(), "ventas@este.example")))
                .isEqualTo(new ResendMailer.Result(null, "daily-limit"));
        assertThat(send(mailer, first).id()).as("a retry").isNotNull();
        assertThat(send(mailer, mail(NORTE, "visitor", event(), "leo@ejemplo.cl"))
                        .id())
                .isNotNull();
        superuser.execute("update hub.mail_admission set admitted_at = admitted_at - interval '25 hours'");
        assertThat(send(mailer, mail(ESTE, "visitor", event(), "leo@ejemplo.cl"))
                        .id())
                .as("the next day")
                .isNotNull();
    }

    @Test
    @DisplayName("of many forms at once passes the limit by recipient as often as it allows and not once more")
    void recipientLimitAtOnce() throws Exception {
        ResendMailer mailer = mailer(0);
        var forms = Executors.newFixedThreadPool(6);
        try {
            List<CompletableFuture<ResendMailer.Result>> results = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                results.add(CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return send(mailer, mail(SUR, "visitor", event(), "ana@ejemplo.cl"));
                            } catch (Exception e) {
                                throw new CompletionException(e);
                            }
                        },
                        forms));
            }
            assertThat(results.stream().map(CompletableFuture::join).filter(r -> r.id() != null))
                    .hasSize(2);
        } finally {
            forms.shutdownNow();
        }
        assertThat(sent("ana@ejemplo.cl")).hasSize(2);
    }

    @Test
    @DisplayName("of an old event that was sent before is not sent again, although Resend forgot its key")
    void oldReplay() throws Exception {
        UUID old = event(Instant.now().minus(Duration.ofDays(2)));
        superuser.update(
                "insert into public.events (id, tenant_rut, type, source, event_key, correlation_id, metadata, occurred_at, received_at)"
                        + " values (?, ?, 'mail.sent', 'test', 'k', 'c', jsonb_build_object('event', ?::text, 'kind', 'visitor'), now(), now())",
                event(),
                SUR,
                old.toString());
        assertThat(send(mailer(0), mail(SUR, "visitor", old, "ana@ejemplo.cl")))
                .isEqualTo(new ResendMailer.Result(null, "sent"));
        assertThat(send(mailer(0), mail(SUR, "admin", old, "ventas@sur.example"))
                        .id())
                .isNotNull();
    }

    @Test
    @DisplayName("has the tenant's own words if it stored some, and never another tenant's")
    void ownWords() throws Exception {
        superuser.update(
                "insert into hub.mail_template (tenant_rut, kind, subject, html, plain) values (?, 'visitor', 'Hola {{name}}', '<p>{{message}} {{nada}} {{name.class}} {{message.bytes}}</p>', null)",
                SUR);
        send(mailer(0), mail(SUR, "visitor", event(), "ana@ejemplo.cl", "message", "<b>"));
        Map<String, Object> mail = sent("ana@ejemplo.cl").get(0);
        assertThat(mail.get("subject")).isEqualTo("Hola Ana");
        assertThat(mail.get("html")).isEqualTo("<p>&lt;b&gt;   </p>");
        send(mailer(0), mail(NORTE, "visitor", event(), "eva@ejemplo.cl"));
        assertThat(sent("eva@ejemplo.cl").get(0).get("subject")).isEqualTo("Gracias por contactar a Pastelería Norte");
    }

    @Test
    @DisplayName("that meets Resend's limit waits its turn, and no mail is lost or doubled")
    void rateLimit() throws Exception {
        vendor.resend().rateLimit(20);
        // Two nodes with one account, which believe in more than they may.
        List<ResendMailer> nodes = List.of(mailer(40), mailer(40));
        List<CompletableFuture<ResendMailer.Result>> results = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            ResendMailer.Request mail = mail(NORTE, "admin", event(), "ventas" + i + "@norte.example");
            results.add(untilSent(nodes.get(i % 2), mail));
        }
        for (CompletableFuture<ResendMailer.Result> result : results) {
            assertThat(result.get(60, TimeUnit.SECONDS).id()).isNotNull();
        }
        assertThat(vendor.resend().mails(Map.of())).hasSize(40);
        assertThat(vendor.resend().stats()).containsEntry("duplicateMails", 0L);
    }

    /** As the log does it: again after a while. */
    private static CompletableFuture<ResendMailer.Result> untilSent(ResendMailer mailer, ResendMailer.Request mail) {
        try {
            return mailer.send(mail)
                    .handle((result, failure) -> {
                        if (failure == null) {
                            return CompletableFuture.completedFuture(result);
                        }
                        assertThat(failure.getCause())
                                .isInstanceOfSatisfying(ResendException.class, e -> assertThat(e.isTransient())
                                        .isTrue());
                        return untilSent(mailer, mail);
                    })
                    .thenCompose(next -> next);
        } catch (Exception e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
