package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cl.smarterbot.hub.sandbox.SandboxTrouble.Kind;
import cl.smarterbot.hub.sandbox.SandboxTrouble.Rule;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The sandbox's Resend")
class ResendSandboxTest {
    private static final String SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static final String ID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

    private SandboxServer server;
    private SandboxClient client;

    @BeforeEach
    void start() {
        server = SandboxServer.start(0);
        client = new SandboxClient(server);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static Map<String, Object> mail(Object... changes) {
        Map<String, Object> mail = new LinkedHashMap<>();
        mail.put("from", "Ferretería Sur <no-reply@ferreteria.example>");
        mail.put("to", List.of("ana@cliente.example"));
        mail.put("subject", "Gracias");
        mail.put("html", "<p>Hola</p>");
        for (int i = 0; i < changes.length; i += 2) {
            mail.put((String) changes[i], changes[i + 1]);
            mail.values().removeIf(value -> value == null);
        }
        return mail;
    }

    private HttpResponse<byte[]> call(String method, String path, Object body, String... headers) throws IOException {
        List<String> all =
                new ArrayList<>(List.of("Content-Type", "application/json", "Authorization", "Bearer re_demo"));
        all.addAll(List.of(headers));
        return client.send(
                method,
                path,
                body == null ? null : new ObjectMapper().writeValueAsBytes(body),
                all.toArray(String[]::new));
    }

    private Map<?, ?> right(String method, String path, Object body, String... headers) throws IOException {
        HttpResponse<byte[]> answer = call(method, path, body, headers);
        assertThat(answer.statusCode()).isBetween(200, 201);
        return (Map<?, ?>) SandboxClient.parse(answer);
    }

    private static void assertFault(HttpResponse<byte[]> answer, int status, String name) throws IOException {
        assertThat(answer.statusCode()).isEqualTo(status);
        Map<?, ?> body = (Map<?, ?>) SandboxClient.parse(answer);
        assertThat(body.keySet())
                .isEqualTo(new LinkedHashMap<>(Map.of("statusCode", 1, "name", 1, "message", 1)).keySet());
        assertThat(body.get("statusCode")).isEqualTo(status);
        assertThat(body.get("name")).isEqualTo(name);
        assertThat((String) body.get("message")).isNotBlank();
    }

    private String send(Object... changes) throws IOException {
        return (String) right("POST", "/emails", mail(changes)).get("id");
    }

    // Sending

    @Test
    @DisplayName("A mail is accepted with an id, kept and shown, and never sent")
    void send() throws IOException {
        Map<?, ?> answer = right(
                "POST",
                "/emails",
                mail(
                        "text",
                        "Hola",
                        "cc",
                        "jefe@ferreteria.example",
                        "tags",
                        List.of(Map.of("name", "tipo", "value", "aviso"))));
        assertThat(answer.keySet()).hasSize(1);
        String id = (String) answer.get("id");
        assertThat(id).matches(ID);

        Map<?, ?> shown = right("GET", "/emails/" + id, null);
        assertThat(shown.get("object")).isEqualTo("email");
        assertThat(shown.get("to")).isEqualTo(List.of("ana@cliente.example"));
        assertThat(shown.get("cc")).isEqualTo(List.of("jefe@ferreteria.example"));
        assertThat(shown.get("bcc")).isEqualTo(List.of());
        assertThat(shown.get("from")).isEqualTo("Ferretería Sur <no-reply@ferreteria.example>");
        assertThat(shown.get("subject")).isEqualTo("Gracias");
        assertThat(shown.get("html")).isEqualTo("<p>Hola</p>");
        assertThat(shown.get("text")).isEqualTo("Hola");
        assertThat(shown.get("last_event")).isEqualTo("delivered");
        assertThat((String) shown.get("created_at"))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}\\+00:00");
        assertFault(call("GET", "/emails/nope", null), 404, "not_found");
    }

    @Test
    @DisplayName("The list has the newest first, in pages by id")
    void list() throws IOException {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ids.add(0, send("subject", "n" + i));
        }
        Map<?, ?> first = right("GET", "/emails?limit=2", null);
        assertThat(first.get("object")).isEqualTo("list");
        assertThat(first.get("has_more")).isEqualTo(true);
        assertThat((List<?>) first.get("data")).extracting("id").isEqualTo(ids.subList(0, 2));
        assertThat(((Map<?, ?>) ((List<?>) first.get("data")).get(0)).containsKey("html"))
                .isFalse();
        Map<?, ?> rest = right("GET", "/emails?limit=3&after=" + ids.get(1), null);
        assertThat(rest.get("has_more")).isEqualTo(false);
        assertThat((List<?>) rest.get("data")).extracting("id").isEqualTo(ids.subList(2, 5));
        Map<?, ?> back = right("GET", "/emails?limit=1&before=" + ids.get(1), null);
        assertThat((List<?>) back.get("data")).extracting("id").isEqualTo(ids.subList(0, 1));
        assertFault(call("GET", "/emails?limit=101", null), 422, "validation_error");
        assertFault(call("GET", "/emails?after=nope", null), 404, "not_found");
    }

    @Test
    @DisplayName("A batch is answered in its order, and one wrong mail stops all of it")
    void batch() throws IOException {
        Map<?, ?> answer = right("POST", "/emails/batch", List.of(mail("subject", "uno"), mail("subject", "dos")));
        assertThat((List<?>) answer.get("data")).hasSize(2);
        assertThat(server.resend().mails(Map.of())).extracting("subject").containsExactly("dos", "uno");
        assertFault(call("POST", "/emails/batch", List.of(mail(), mail("to", null))), 422, "missing_required_field");
        assertFault(call("POST", "/emails/batch", mail()), 422, "validation_error");
        assertFault(call("POST", "/emails/batch", Collections.nCopies(101, mail())), 422, "validation_error");
        assertThat(server.resend().mails(Map.of())).hasSize(2);
    }

    // Idempotency

    @Test
    @DisplayName("The same key with the same mail sends once and answers the same id")
    void sameKeySameBody() throws IOException {
        Object first = right("POST", "/emails", mail(), "Idempotency-Key", "t/contact/1");
        Map<String, Object> reordered = new LinkedHashMap<>();
        List<String> names = new ArrayList<>(mail().keySet());
        Collections.reverse(names);
        names.forEach(name -> reordered.put(name, mail().get(name)));
        assertThat(right("POST", "/emails", reordered, "Idempotency-Key", "t/contact/1"))
                .isEqualTo(first);
        assertThat(server.resend().mails(Map.of("idempotency_key", "t/contact/1")))
                .hasSize(1);
        assertThat(server.resend().stats()).containsEntry("duplicateKeys", 0L);
        Object batch = right("POST", "/emails/batch", List.of(mail()), "Idempotency-Key", "t/batch/1");
        assertThat(right("POST", "/emails/batch", List.of(mail()), "Idempotency-Key", "t/batch/1"))
                .isEqualTo(batch);
    }

    @Test
    @DisplayName("The same key with another mail is refused and sends nothing")
    void sameKeyOtherBody() throws IOException {
        right("POST", "/emails", mail(), "Idempotency-Key", "k");
        assertFault(
                call("POST", "/emails", mail("subject", "Otro"), "Idempotency-Key", "k"),
                409,
                "invalid_idempotent_request");
        assertFault(
                call("POST", "/emails/batch", List.of(mail()), "Idempotency-Key", "k"),
                409,
                "invalid_idempotent_request");
        assertThat(server.resend().mails(Map.of())).hasSize(1);
    }

    @Test
    @DisplayName("A key of a refused mail stays free, and a key too long is refused")
    void keys() throws IOException {
        assertFault(call("POST", "/emails", mail("from", "x"), "Idempotency-Key", "k"), 422, "invalid_from_address");
        right("POST", "/emails", mail(), "Idempotency-Key", "k");
        right("POST", "/emails", mail(), "Idempotency-Key", "k".repeat(256));
        assertFault(
                call("POST", "/emails", mail(), "Idempotency-Key", "k".repeat(257)), 400, "invalid_idempotency_key");
    }

    @Test
    @DisplayName("A key is forgotten after 24 hours")
    void keyLife() throws IOException {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-03-01T10:00:00Z"));
        ResendVendor vendor = new ResendVendor(new Clock() {
            @Override
            public Instant instant() {
                return now.get();
            }

            @Override
            public ZoneId getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
                return this;
            }
        });
        SandboxRequest request = new SandboxRequest(
                "POST",
                "/emails",
                Map.of(),
                Map.of("authorization", List.of("Bearer re_demo"), "idempotency-key", List.of("k")),
                new ObjectMapper().writeValueAsBytes(mail()));
        for (String time : List.of("2026-03-01T10:00:00Z", "2026-03-02T09:59:59Z")) {
            now.set(Instant.parse(time));
            assertThat(vendor.open(request).work().get().status()).isEqualTo(200);
            assertThat(vendor.mails(Map.of())).hasSize(1);
        }
        now.set(Instant.parse("2026-03-02T10:00:00Z"));
        vendor.open(request).work().get();
        assertThat(vendor.mails(Map.of())).hasSize(2);
        assertThat(vendor.stats()).containsEntry("duplicateKeys", 1L);
    }

    @Test
    @DisplayName("After a lost answer the same key finds the mail that was sent")
    void lostAnswer() throws IOException {
        server.trouble().add(Rule.of(Kind.LOST_ANSWER).on("emails", "create").times(1));
        assertThatThrownBy(() -> call("POST", "/emails", mail(), "Idempotency-Key", "k"))
                .isInstanceOf(IOException.class);
        Object id = server.resend().mails(Map.of()).get(0).get("id");
        assertThat(right("POST", "/emails", mail(), "Idempotency-Key", "k").get("id"))
                .isEqualTo(id);
        assertThat(server.resend().mails(Map.of())).hasSize(1);
    }

    @Test
    @DisplayName("Without a key a repeat is a second mail, which the stats tell")
    void duplicates() throws IOException {
        send();
        send();
        assertThat(server.resend().stats()).containsEntry("mails", 2).containsEntry("duplicateMails", 1L);
    }

    // Errors

    @Test
    @DisplayName("Keys are checked before anything else")
    void authentication() throws IOException {
        byte[] body = new ObjectMapper().writeValueAsBytes(mail());
        assertFault(client.send("POST", "/emails", body), 401, "missing_api_key");
        assertFault(client.send("POST", "/emails", body, "Authorization", "Bearer re_wrong"), 403, "invalid_api_key");
        assertThat(client.send("POST", "/emails", body, "Authorization", "Bearer re_demo_sending")
                        .statusCode())
                .isEqualTo(200);
        assertFault(
                client.send("GET", "/emails", null, "Authorization", "Bearer re_demo_sending"),
                401,
                "restricted_api_key");
        assertFault(call("DELETE", "/emails", null), 405, "method_not_allowed");
    }

    @ParameterizedTest
    @CsvSource({
        "from, missing_required_field",
        "to, missing_required_field",
        "subject, missing_required_field",
        "html, missing_required_field"
    })
    @DisplayName("What is required must be there")
    void required(String field, String name) throws IOException {
        assertFault(call("POST", "/emails", mail(field, null)), 422, name);
    }

    @Test
    @DisplayName("What makes no sense is refused under its own name")
    void invalid() throws IOException {
        assertFault(call("POST", "/emails", mail("from", "nobody")), 422, "invalid_from_address");
        assertFault(call("POST", "/emails", mail("from", "A <a@b.cl> x")), 422, "invalid_from_address");
        assertFault(call("POST", "/emails", mail("to", "nobody")), 422, "validation_error");
        assertFault(call("POST", "/emails", mail("to", List.of("a@b.cl", "b"))), 422, "validation_error");
        assertFault(call("POST", "/emails", mail("to", Collections.nCopies(51, "a@b.cl"))), 422, "validation_error");
        assertFault(call("POST", "/emails", mail("reply_to", "b")), 422, "validation_error");
        assertFault(call("POST", "/emails", mail("html", 7)), 422, "validation_error");
        assertFault(
                call("POST", "/emails", mail("tags", List.of(Map.of("name", "ñ", "value", "x")))),
                422,
                "validation_error");
        assertFault(
                call("POST", "/emails", mail("attachments", List.of(Map.of("filename", "a")))),
                422,
                "invalid_attachment");
        assertFault(call("POST", "/emails", mail("scheduled_at", "mañana")), 422, "validation_error");
        assertFault(call("POST", "/emails", List.of()), 422, "validation_error");
        assertFault(
                client.send("POST", "/emails", "{".getBytes(StandardCharsets.UTF_8), "Authorization", "Bearer re_demo"),
                400,
                "validation_error");
        assertThat(server.resend().mails(Map.of())).isEmpty();
        server.resend().verified("otra.example");
        assertFault(call("POST", "/emails", mail()), 403, "validation_error");
        server.resend().verified("ferreteria.example");
        send();
    }

    @Test
    @DisplayName("The rate limit is off until told; then it answers 429 with its headers")
    void rateLimit() throws IOException {
        assertThat(call("GET", "/emails", null).headers().firstValue("ratelimit-limit"))
                .isEmpty();
        server.resend().rateLimit(1_000);
        HttpResponse<byte[]> answer = call("GET", "/emails", null);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("ratelimit-limit")).contains("1000");
        assertThat(answer.headers().firstValue("ratelimit-remaining")).isPresent();
        assertThat(answer.headers().firstValue("ratelimit-reset")).contains("1");

        client.json("POST", "/sandbox/resend/limits", Map.of("perSecond", 1));
        HttpResponse<byte[]> refused = call("GET", "/emails", null);
        // A second may end between two calls, but not every time.
        for (int i = 0; i < 50 && refused.statusCode() == 200; i++) {
            refused = call("GET", "/emails", null);
        }
        assertFault(refused, 429, "rate_limit_exceeded");
        assertThat(refused.headers().firstValue("retry-after")).contains("1");
        assertThat(refused.headers().firstValue("ratelimit-remaining")).contains("0");
        client.json("POST", "/sandbox/resend/limits", Map.of("perSecond", 0));
        send();
    }

    @Test
    @DisplayName("An error of Resend's can be planned for the next mails")
    void planned() throws IOException {
        server.resend().fail("daily_quota_exceeded", 2);
        assertFault(call("POST", "/emails", mail()), 429, "daily_quota_exceeded");
        assertFault(call("POST", "/emails", mail()), 429, "daily_quota_exceeded");
        send();
        client.json("POST", "/sandbox/resend/fail", Map.of("name", "concurrent_idempotent_requests"));
        assertFault(call("POST", "/emails", mail()), 409, "concurrent_idempotent_requests");
        assertThat(client.json("POST", "/sandbox/resend/fail", Map.of("name", "nope"))
                        .statusCode())
                .isEqualTo(400);
        assertThatThrownBy(() -> server.resend().fail("nope", 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @DisplayName("A scheduled mail waits, can be moved and cancelled")
    void scheduled() throws IOException {
        String id = send("scheduled_at", "2099-01-01T10:00:00Z");
        assertThat(right("GET", "/emails/" + id, null).get("last_event")).isEqualTo("scheduled");
        assertThat(right("PATCH", "/emails/" + id, Map.of("scheduled_at", "2099-02-01T10:00:00Z")))
                .isEqualTo(Map.of("object", "email", "id", id));
        assertThat((String) right("GET", "/emails/" + id, null).get("scheduled_at"))
                .startsWith("2099-02-01T10:00:00");
        right("POST", "/emails/" + id + "/cancel", null);
        assertThat(right("GET", "/emails/" + id, null).get("last_event")).isEqualTo("canceled");
        assertFault(call("POST", "/emails/" + id + "/cancel", null), 422, "validation_error");
    }

    // Webhooks

    private static void assertSigned(HookReceiver.Hook hook, String secret) {
        assertThat(hook.header("svix-signature"))
                .isEqualTo(SandboxSigner.svix(
                        secret, hook.header("svix-id"), Long.parseLong(hook.header("svix-timestamp")), hook.body()));
    }

    @Test
    @DisplayName("A mail's fate comes as signed webhooks")
    void webhooks() throws IOException {
        try (HookReceiver receiver = new HookReceiver()) {
            server.resend().webhook(receiver.url(), SECRET);
            String id = send("tags", List.of(Map.of("name", "tipo", "value", "aviso")));
            HookReceiver.Hook one = receiver.next();
            HookReceiver.Hook two = receiver.next();
            assertThat(List.of(one.json().get("type"), two.json().get("type")))
                    .containsExactlyInAnyOrder("email.sent", "email.delivered");
            assertThat(one.header("svix-id")).startsWith("msg_").isNotEqualTo(two.header("svix-id"));
            assertSigned(one, SECRET);
            assertSigned(two, SECRET);
            assertThat(one.json().keySet()).hasSize(3);
            assertThat((String) one.json().get("created_at")).endsWith("Z");
            Map<?, ?> data = (Map<?, ?>) one.json().get("data");
            assertThat(data.get("email_id")).isEqualTo(id);
            assertThat(data.get("to")).isEqualTo(List.of("ana@cliente.example"));
            assertThat(data.get("subject")).isEqualTo("Gracias");
            assertThat(data.get("tags")).isEqualTo(Map.of("tipo", "aviso"));
        }
    }

    @Test
    @DisplayName("Mails to bounce@ bounce for good, those to complain@ are complained about")
    void bounces() throws IOException {
        try (HookReceiver receiver = new HookReceiver()) {
            client.json("POST", "/sandbox/resend/webhooks", Map.of("url", receiver.url(), "secret", SECRET));
            String bounced = send("to", "Ana <bounce@cliente.example>");
            HookReceiver.Hook hook = receiver.next("email.bounced");
            Map<?, ?> data = (Map<?, ?>) hook.json().get("data");
            assertThat(data.get("email_id")).isEqualTo(bounced);
            assertThat(data.get("bounce"))
                    .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
                    .containsEntry("type", "Permanent")
                    .containsKeys("subType", "message", "diagnosticCode");
            assertThat(right("GET", "/emails/" + bounced, null).get("last_event"))
                    .isEqualTo("bounced");
            String complained = send("to", "complain@cliente.example");
            receiver.next("email.complained");
            assertThat(right("GET", "/emails/" + complained, null).get("last_event"))
                    .isEqualTo("complained");
        }
    }

    @Test
    @DisplayName("A webhook that fails comes twice more, under the same id")
    void retries() throws IOException {
        try (HookReceiver receiver = new HookReceiver().answer(500, 503)) {
            Map<?, ?> made =
                    right("POST", "/webhooks", Map.of("endpoint", receiver.url(), "events", List.of("email.sent")));
            assertThat(made.get("object")).isEqualTo("webhook");
            String secret = (String) made.get("signing_secret");
            send();
            HookReceiver.Hook first = receiver.next();
            HookReceiver.Hook second = receiver.next();
            HookReceiver.Hook third = receiver.next();
            assertThat(List.of(second.header("svix-id"), third.header("svix-id")))
                    .containsOnly(first.header("svix-id"));
            assertThat(third.body()).isEqualTo(first.body());
            assertSigned(third, secret);
        }
    }

    @Test
    @DisplayName("Webhooks can be listed, changed and deleted; unknown events are refused")
    void webhookMethods() throws IOException {
        String id = (String)
                right("POST", "/webhooks", Map.of("endpoint", "http://127.0.0.1:1/x", "events", List.of("email.sent")))
                        .get("id");
        assertThat((List<?>) right("GET", "/webhooks", null).get("data"))
                .extracting("id")
                .isEqualTo(List.of(id));
        right("PATCH", "/webhooks/" + id, Map.of("events", List.of("email.bounced")));
        assertThat(right("GET", "/webhooks/" + id, null).get("events")).isEqualTo(List.of("email.bounced"));
        assertThat(right("DELETE", "/webhooks/" + id, null).get("deleted")).isEqualTo(true);
        assertFault(call("GET", "/webhooks/" + id, null), 404, "not_found");
        assertFault(
                call("POST", "/webhooks", Map.of("endpoint", "http://x", "events", List.of("email.read"))),
                422,
                "validation_error");
    }

    @Test
    @DisplayName("Nothing is sent to other computers")
    void loopbackOnly() throws IOException {
        server.resend().webhook("https://hooks.example/x", SECRET);
        server.resend().webhook("http://127.0.0.1.hooks.example/x", SECRET);
        send();
        List<?> deliveries = (List<?>) SandboxClient.parse(client.json("GET", "/sandbox/resend/deliveries", null));
        assertThat(deliveries)
                .hasSize(4)
                .allMatch(row -> ((Map<?, ?>) row).get("attempts").equals(0));
        assertThatThrownBy(() -> server.resend().webhook("http://127.0.0.1:1", "secret"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // Looking

    @Test
    @DisplayName("Mails can be looked at by recipient and key, and are gone after a reset")
    void look() throws IOException {
        right("POST", "/emails", mail(), "Idempotency-Key", "k1");
        send("to", List.of("otro@cliente.example", "bea@cliente.example"));
        assertThat(server.resend().mails(Map.of("to", "bea@cliente.example"))).hasSize(1);
        List<?> rows =
                (List<?>) SandboxClient.parse(client.json("GET", "/sandbox/resend/mails?idempotency_key=k1", null));
        assertThat(rows).extracting("subject").isEqualTo(List.of("Gracias"));
        assertThat((List<?>) SandboxClient.parse(client.json("GET", "/sandbox/resend/mails?limit=1", null)))
                .hasSize(1);
        assertThat(client.json("GET", "/sandbox/resend/mails?nope=1", null).statusCode())
                .isEqualTo(400);
        Map<?, ?> stats = (Map<?, ?>) SandboxClient.parse(client.json("GET", "/sandbox/resend/stats", null));
        assertThat(stats.get("mails")).isEqualTo(2);
        assertThat(stats.get("calls")).isEqualTo(Map.of("emails.create", 2));
        server.reset();
        assertThat(server.resend().mails(Map.of())).isEmpty();
        right("POST", "/emails", mail("subject", "Otro"), "Idempotency-Key", "k1");
    }

    @Test
    @DisplayName("The page shows mails as text only")
    void page() throws IOException {
        send("subject", "<b>Oferta</b>", "html", "<script>alert(1)</script><img src=https://tracker.example/x>");
        String html = new String(client.send("GET", "/", null).body(), StandardCharsets.UTF_8);
        assertThat(html)
                .contains("ana@cliente.example", "&lt;b&gt;Oferta&lt;/b&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;")
                .doesNotContain("<script", "<img", "<iframe");
    }

    @Test
    @DisplayName("Trouble strikes its methods alone")
    void trouble() throws IOException {
        server.trouble().add(Rule.of(Kind.STATUS).on("emails", "batch").status(500));
        send();
        assertThat(call("POST", "/emails/batch", List.of(mail())).statusCode()).isEqualTo(500);
        assertThat(server.resend().mails(Map.of())).hasSize(1);
    }
}
