package cl.smarterbot.hub.sandbox;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The sandbox's Resend. Accepts mails and keeps them: nothing is ever sent. A mail's fate is known at once; its webhooks
 * follow in the background. Thread-safe.
 */
final class ResendVendor implements SandboxVendor {
    static final String KEY = "re_demo";
    static final String SENDING_KEY = "re_demo_sending";
    static final DateTimeFormatter MICROS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSxxx").withZone(ZoneOffset.UTC);

    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSX").withZone(ZoneOffset.UTC);
    private static final Duration KEY_LIFE = Duration.ofHours(24);
    private static final int MOST_MAILS = 300_000;
    private static final int MOST_TEXTS = 20_000;
    private static final Set<String> EVENTS = Set.of(
            "email.sent",
            "email.delivered",
            "email.delivery_delayed",
            "email.bounced",
            "email.complained",
            "email.opened",
            "email.clicked",
            "email.failed",
            "email.scheduled",
            "email.suppressed",
            "email.received",
            "contact.created",
            "contact.updated",
            "contact.deleted",
            "domain.created",
            "domain.updated",
            "domain.deleted");
    private static final SandboxHooks.Retry RETRY =
            new SandboxHooks.Retry(List.of(Duration.ofMillis(200), Duration.ofMillis(800)), status -> true);

    private record Once(String digest, Object answer, Instant at) {}

    private record Webhook(String id, String endpoint, Set<String> events, String secret, Instant at) {}

    private static final class Planned {
        private final String name;
        private int left;

        Planned(String name, int left) {
            this.name = name;
            this.left = left;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Clock clock;
    private final SandboxHooks hooks;
    private final NavigableMap<Long, ResendMail> mails = new TreeMap<>();
    private final Map<String, ResendMail> byId = new HashMap<>();
    private final LinkedHashMap<String, Once> answered = new LinkedHashMap<>();
    private final Map<String, Webhook> webhooks = new LinkedHashMap<>();
    private final List<Planned> planned = new ArrayList<>();
    private final Map<String, Long> calls = new TreeMap<>();
    private final Set<String> verified = new HashSet<>();
    private long numbers;
    private int perSecond;
    private long second;
    private int inSecond;

    ResendVendor(Clock clock) {
        this.clock = clock;
        this.hooks = new SandboxHooks(clock, "Svix-Webhooks/1 (sandbox)");
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String name() {
        return "resend";
    }

    @Override
    public boolean owns(String path) {
        return path.equals("/emails")
                || path.startsWith("/emails/")
                || path.equals("/webhooks")
                || path.startsWith("/webhooks/");
    }

    /** Back to an empty outbox without webhooks, limits or planned errors. */
    @Override
    public void reset() {
        locked(() -> {
            mails.clear();
            byId.clear();
            answered.clear();
            webhooks.clear();
            planned.clear();
            calls.clear();
            verified.clear();
            perSecond = 0;
            hooks.clear();
            return null;
        });
    }

    @Override
    public void close() {
        hooks.close();
    }

    // Calls

    private interface Body {
        Object run(SandboxRequest request);
    }

    private record Route(String model, String method, boolean sending, Body body) {}

    @Override
    public SandboxCall open(SandboxRequest request) {
        Route route = route(request);
        if (route == null) {
            return SandboxCall.of(() -> answer(request, null));
        }
        return new SandboxCall(route.model(), route.method(), null, () -> answer(request, route));
    }

    private Route route(SandboxRequest request) {
        String[] parts = request.path().substring(1).split("/");
        String id = parts.length > 1 ? parts[1] : null;
        String key = request.method() + " " + parts[0]
                + (id == null ? "" : id.equals("batch") ? "/batch" : "/#")
                + (parts.length > 2 ? "/" + parts[2] : "")
                + (parts.length > 3 ? "/..." : "");
        return switch (key) {
            case "POST emails" -> new Route("emails", "create", true, this::create);
            case "POST emails/batch" -> new Route("emails", "batch", true, this::batch);
            case "GET emails" -> new Route("emails", "list", false, this::list);
            case "GET emails/#" -> new Route("emails", "show", false, asked -> mail(id).shown());
            case "PATCH emails/#" -> new Route("emails", "update", false, asked -> reschedule(id, asked));
            case "POST emails/#/cancel" -> new Route("emails", "cancel", false, asked -> cancel(id));
            case "POST webhooks" -> new Route("webhooks", "create", false, this::createWebhook);
            case "GET webhooks" -> new Route("webhooks", "list", false, asked -> listWebhooks());
            case "GET webhooks/#" -> new Route("webhooks", "show", false, asked -> shown(webhook(id), true));
            case "PATCH webhooks/#" -> new Route("webhooks", "update", false, asked -> updateWebhook(id, asked));
            case "DELETE webhooks/#" -> new Route("webhooks", "delete", false, asked -> deleteWebhook(id));
            default -> null;
        };
    }

    private SandboxAnswer answer(SandboxRequest request, Route route) {
        Map<String, String> limits = new LinkedHashMap<>();
        SandboxAnswer answer;
        try {
            authenticate(request.header("authorization"), route != null && route.sending());
            Object body = locked(() -> {
                limit(limits);
                if (route == null) {
                    throw ResendFault.of("method_not_allowed", "Method is not allowed for the requested path.");
                }
                calls.merge(route.model() + "." + route.method(), 1L, Long::sum);
                return route.body().run(request);
            });
            answer = SandboxAnswer.json(
                    route.model().equals("webhooks") && request.method().equals("POST") ? 201 : 200, body);
        } catch (ResendFault fault) {
            answer = fault.answer();
        }
        limits.forEach(answer::with);
        return answer.keepAlive();
    }

    private static void authenticate(String authorization, boolean sending) {
        String key = authorization.regionMatches(true, 0, "Bearer ", 0, 7)
                ? authorization.substring(7).trim()
                : "";
        if (key.isEmpty()) {
            throw ResendFault.of("missing_api_key", "Missing API key in the authorization header.");
        }
        if (key.equals(SENDING_KEY) && !sending) {
            throw ResendFault.of("restricted_api_key", "This API key is restricted to only send emails");
        }
        if (!key.equals(KEY) && !key.equals(SENDING_KEY)) {
            throw ResendFault.of("invalid_api_key", "API key is invalid");
        }
    }

    private void limit(Map<String, String> headers) {
        if (perSecond == 0) {
            return;
        }
        long now = clock.instant().getEpochSecond();
        if (now != second) {
            second = now;
            inSecond = 0;
        }
        inSecond++;
        headers.put("ratelimit-limit", String.valueOf(perSecond));
        headers.put("ratelimit-remaining", String.valueOf(Math.max(0, perSecond - inSecond)));
        headers.put("ratelimit-reset", "1");
        if (inSecond > perSecond) {
            throw ResendFault.of(
                    "rate_limit_exceeded",
                    "Too many requests. You can only make " + perSecond + " requests per second.");
        }
    }

    // Sending

    private Object create(SandboxRequest request) {
        Object body = read(request);
        if (!(body instanceof Map<?, ?> mail)) {
            throw ResendFault.of("validation_error", "The `request.body` field must be an `object`.");
        }
        return once(request, "emails", body, key -> {
            check(mail);
            return Map.of("id", accept(mail, key).id);
        });
    }

    private Object batch(SandboxRequest request) {
        Object body = read(request);
        if (!(body instanceof List<?> list)) {
            throw ResendFault.of("validation_error", "The `request.body` field must be an `array`.");
        }
        return once(request, "batch", body, key -> {
            if (list.isEmpty() || list.size() > 100) {
                throw ResendFault.of("validation_error", "A batch holds from 1 to 100 emails.");
            }
            for (Object mail : list) {
                if (!(mail instanceof Map<?, ?> map)) {
                    throw ResendFault.of("validation_error", "Each email of a batch must be an `object`.");
                }
                check(map);
            }
            // Only when all are right is any of them sent.
            List<Object> ids = new ArrayList<>();
            list.forEach(mail -> ids.add(Map.of("id", accept((Map<?, ?>) mail, key).id)));
            return Map.of("data", ids);
        });
    }

    private interface Send {
        Object run(String key);
    }

    private Object once(SandboxRequest request, String kind, Object body, Send send) {
        List<String> header = request.headers().get("idempotency-key");
        if (header == null) {
            failAsPlanned();
            return send.run(null);
        }
        String key = header.get(0);
        if (key.isEmpty() || key.length() > 256) {
            throw ResendFault.of(
                    "invalid_idempotency_key", "The idempotency key must be between 1 and 256 characters long.");
        }
        failAsPlanned();
        String digest = SandboxJson.digest(List.of(kind, body));
        Once before = answered.get(key);
        if (before != null && before.at().plus(KEY_LIFE).isAfter(clock.instant())) {
            if (!before.digest().equals(digest)) {
                throw ResendFault.of(
                        "invalid_idempotent_request",
                        "This idempotency key has already been used on a request that had a different payload.");
            }
            return before.answer();
        }
        Object answer = send.run(key);
        answered.remove(key);
        answered.put(key, new Once(digest, answer, clock.instant()));
        if (answered.size() > MOST_MAILS) {
            answered.remove(answered.keySet().iterator().next());
        }
        return answer;
    }

    private void failAsPlanned() {
        if (!planned.isEmpty()) {
            Planned next = planned.get(0);
            if (--next.left == 0) {
                planned.remove(0);
            }
            throw ResendFault.of(next.name, "The sandbox was told to answer so.");
        }
    }

    private static Object read(SandboxRequest request) {
        try {
            return SandboxJson.read(request.body());
        } catch (IOException e) {
            throw ResendFault.of(400, "validation_error", "The request body is not valid JSON.");
        }
    }

    private void check(Map<?, ?> mail) {
        ResendRules.check(mail);
        String from = (String) mail.get("from");
        String domain =
                from.substring(from.lastIndexOf('@') + 1).replace(">", "").trim();
        if (!verified.isEmpty() && !verified.contains(domain.toLowerCase(Locale.ROOT))) {
            throw ResendFault.of(
                    403,
                    "validation_error",
                    "The " + domain + " domain is not verified. Please, add and verify your domain.");
        }
    }

    private ResendMail accept(Map<?, ?> mail, String key) {
        long number = numbers++;
        ResendMail kept = new ResendMail(
                UUID.randomUUID().toString(),
                number,
                withoutBytes(mail),
                ResendRules.addresses(mail.get("to")),
                key,
                SandboxJson.digest(mail),
                now());
        mails.put(number, kept);
        byId.put(kept.id, kept);
        ResendMail old = mails.get(number - MOST_TEXTS);
        if (old != null) {
            old.forgetText();
        }
        if (mails.size() > MOST_MAILS) {
            byId.remove(mails.pollFirstEntry().getValue().id);
        }
        if (mail.get("scheduled_at") != null
                && ResendRules.time(mail.get("scheduled_at")).isAfter(clock.instant())) {
            kept.scheduledAt = MICROS.format(ResendRules.time(mail.get("scheduled_at")));
            happen(kept, "scheduled", null);
        } else {
            deliver(kept);
        }
        return kept;
    }

    private static Map<?, ?> withoutBytes(Map<?, ?> mail) {
        if (!(mail.get("attachments") instanceof List<?> list)) {
            return mail;
        }
        List<Object> named = new ArrayList<>();
        for (Object file : list) {
            Map<Object, Object> rest = new LinkedHashMap<>((Map<?, ?>) file);
            rest.remove("content");
            named.add(rest);
        }
        Map<Object, Object> kept = new LinkedHashMap<>(mail);
        kept.put("attachments", named);
        return kept;
    }

    private void deliver(ResendMail mail) {
        happen(mail, "sent", null);
        if (to(mail, "bounce") || to(mail, "bounced")) {
            Map<String, Object> bounce = new LinkedHashMap<>();
            bounce.put("type", "Permanent");
            bounce.put("subType", "General");
            bounce.put("message", "The recipient's mail server refused the address.");
            bounce.put("diagnosticCode", List.of("smtp; 550 5.1.1 user unknown"));
            happen(mail, "bounced", bounce);
            return;
        }
        happen(mail, "delivered", null);
        if (to(mail, "complain") || to(mail, "complained")) {
            happen(mail, "complained", null);
        }
    }

    private static boolean to(ResendMail mail, String local) {
        return mail.to.stream()
                .map(one -> one.substring(one.indexOf('<') + 1).trim().toLowerCase(Locale.ROOT))
                .anyMatch(one -> one.startsWith(local + "@") || one.startsWith(local + "+"));
    }

    private void happen(ResendMail mail, String what, Map<String, Object> bounce) {
        mail.lastEvent = what;
        String type = "email." + what;
        Map<String, Object> event = null;
        for (Webhook webhook : webhooks.values()) {
            if (!webhook.events().contains(type)) {
                continue;
            }
            if (event == null) {
                Map<String, Object> data = mail.data();
                if (bounce != null) {
                    data.put("bounce", bounce);
                }
                event = new LinkedHashMap<>();
                event.put("type", type);
                event.put("created_at", MILLIS.format(now()));
                event.put("data", data);
            }
            send(webhook, type, event);
        }
    }

    private void send(Webhook webhook, String type, Map<String, Object> event) {
        String id = "msg_" + UUID.randomUUID().toString().replace("-", "");
        hooks.send(new SandboxHooks.Job(
                type,
                id,
                webhook.endpoint(),
                () -> SandboxJson.write(event),
                (seconds, body) -> Map.of(
                        "svix-id",
                        id,
                        "svix-timestamp",
                        String.valueOf(seconds),
                        "svix-signature",
                        SandboxSigner.svix(webhook.secret(), id, seconds, body)),
                Duration.ofSeconds(15),
                RETRY,
                () -> {}));
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    // Reading and changing

    private Object list(SandboxRequest request) {
        int limit;
        try {
            limit = Integer.parseInt(request.query().getOrDefault("limit", "20"));
        } catch (NumberFormatException e) {
            limit = 0;
        }
        if (limit < 1 || limit > 100) {
            throw ResendFault.of("validation_error", "The `limit` must be a number between 1 and 100.");
        }
        String after = request.query().get("after");
        String before = request.query().get("before");
        if (after != null && before != null) {
            throw ResendFault.of("validation_error", "Only one of `after` and `before` can be used.");
        }
        List<Object> data = new ArrayList<>();
        boolean more = false;
        if (before != null) {
            for (ResendMail mail : mails.tailMap(mail(before).number, false).values()) {
                if (data.size() == limit) {
                    more = true;
                    break;
                }
                data.add(0, mail.listed());
            }
        } else {
            NavigableMap<Long, ResendMail> from = after == null ? mails : mails.headMap(mail(after).number, false);
            for (ResendMail mail : from.descendingMap().values()) {
                if (data.size() == limit) {
                    more = true;
                    break;
                }
                data.add(mail.listed());
            }
        }
        Map<String, Object> list = new LinkedHashMap<>();
        list.put("object", "list");
        list.put("has_more", more);
        list.put("data", data);
        return list;
    }

    private ResendMail mail(String id) {
        ResendMail mail = byId.get(id);
        if (mail == null) {
            throw ResendFault.of("not_found", "Email not found");
        }
        return mail;
    }

    private Object reschedule(String id, SandboxRequest request) {
        ResendMail mail = scheduled(id);
        if (!(read(request) instanceof Map<?, ?> body) || body.get("scheduled_at") == null) {
            throw ResendFault.of("missing_required_field", "Missing `scheduled_at` field.");
        }
        mail.scheduledAt = MICROS.format(ResendRules.time(body.get("scheduled_at")));
        return reference(id);
    }

    private Object cancel(String id) {
        ResendMail mail = scheduled(id);
        mail.lastEvent = "canceled";
        return reference(id);
    }

    private ResendMail scheduled(String id) {
        ResendMail mail = mail(id);
        if (!mail.lastEvent.equals("scheduled")) {
            throw ResendFault.of("validation_error", "Only a scheduled email can be changed.");
        }
        return mail;
    }

    private static Map<String, Object> reference(String id) {
        Map<String, Object> reference = new LinkedHashMap<>();
        reference.put("object", "email");
        reference.put("id", id);
        return reference;
    }

    // Webhooks

    private Object createWebhook(SandboxRequest request) {
        if (!(read(request) instanceof Map<?, ?> body) || !(body.get("endpoint") instanceof String endpoint)) {
            throw ResendFault.of("missing_required_field", "Missing `endpoint` field.");
        }
        byte[] secret = new byte[24];
        ThreadLocalRandom.current().nextBytes(secret);
        Webhook webhook =
                register(endpoint, "whsec_" + Base64.getEncoder().encodeToString(secret), events(body.get("events")));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("object", "webhook");
        answer.put("id", webhook.id());
        answer.put("signing_secret", webhook.secret());
        return answer;
    }

    private static Set<String> events(Object value) {
        if (!(value instanceof List<?> list) || list.isEmpty() || !EVENTS.containsAll(list)) {
            throw ResendFault.of("validation_error", "The `events` must be a list of known events.");
        }
        Set<String> events = new LinkedHashSet<>();
        list.forEach(event -> events.add((String) event));
        return events;
    }

    private Object listWebhooks() {
        Map<String, Object> list = new LinkedHashMap<>();
        list.put("object", "list");
        list.put("has_more", false);
        list.put(
                "data", webhooks.values().stream().map(one -> shown(one, false)).toList());
        return list;
    }

    private Webhook webhook(String id) {
        Webhook webhook = webhooks.get(id);
        if (webhook == null) {
            throw ResendFault.of("not_found", "Webhook not found");
        }
        return webhook;
    }

    private static Map<String, Object> shown(Webhook webhook, boolean whole) {
        Map<String, Object> row = new LinkedHashMap<>();
        if (whole) {
            row.put("object", "webhook");
        }
        row.put("id", webhook.id());
        row.put("created_at", MICROS.format(webhook.at()));
        row.put("status", "enabled");
        row.put("endpoint", webhook.endpoint());
        row.put("events", webhook.events());
        if (whole) {
            row.put("signing_secret", webhook.secret());
        }
        return row;
    }

    private Object updateWebhook(String id, SandboxRequest request) {
        Webhook old = webhook(id);
        Map<?, ?> body = read(request) instanceof Map<?, ?> map ? map : Map.of();
        webhooks.put(
                id,
                new Webhook(
                        id,
                        body.get("endpoint") instanceof String endpoint ? endpoint : old.endpoint(),
                        body.get("events") == null ? old.events() : events(body.get("events")),
                        old.secret(),
                        old.at()));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("object", "webhook");
        answer.put("id", id);
        return answer;
    }

    private Object deleteWebhook(String id) {
        webhook(id);
        webhooks.remove(id);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("object", "webhook");
        answer.put("id", id);
        answer.put("deleted", true);
        return answer;
    }

    private Webhook register(String endpoint, String secret, Set<String> events) {
        Webhook webhook = new Webhook(UUID.randomUUID().toString(), endpoint, events, secret, now());
        webhooks.put(webhook.id(), webhook);
        return webhook;
    }

    // Steering and looking

    /**
     * @throws IllegalArgumentException if the secret is of another form
     */
    String webhook(String url, String secret) {
        SandboxSigner.svixKey(secret);
        return locked(() -> register(url, secret, EVENTS).id());
    }

    void rateLimit(int requestsPerSecond) {
        if (requestsPerSecond < 0) {
            throw new IllegalArgumentException("perSecond is negative");
        }
        locked(() -> perSecond = requestsPerSecond);
    }

    void fail(String name, int times) {
        if (!ResendFault.STATUS.containsKey(name) || times < 1) {
            throw new IllegalArgumentException("name must be an error of Resend, times positive");
        }
        locked(() -> planned.add(new Planned(name, times)));
    }

    void verified(List<String> domains) {
        locked(() -> {
            verified.clear();
            domains.forEach(domain -> verified.add(domain.toLowerCase(Locale.ROOT)));
            return null;
        });
    }

    @Override
    public SandboxAnswer steer(String rest, Map<?, ?> body) {
        switch (rest) {
            case "webhooks":
                if (!(body.get("url") instanceof String url) || !(body.get("secret") instanceof String secret)) {
                    throw new IllegalArgumentException("url and secret are texts");
                }
                return SandboxAnswer.json(200, Map.of("id", webhook(url, secret)));
            case "limits":
                if (!(body.get("perSecond") instanceof Integer number)) {
                    throw new IllegalArgumentException("perSecond is a whole number, 0 for no limit");
                }
                rateLimit(number);
                return SandboxAnswer.json(200, Map.of("perSecond", number));
            case "fail":
                fail(
                        String.valueOf(body.get("name")),
                        body.get("times") instanceof Integer number ? number : body.get("times") == null ? 1 : 0);
                return SandboxAnswer.json(200, Map.of("planned", true));
            default:
                return null;
        }
    }

    @Override
    public SandboxAnswer look(String rest, SandboxRequest request) {
        try {
            return switch (rest) {
                case "mails", "emails" -> SandboxAnswer.json(200, mails(request.query()));
                case "stats" -> SandboxAnswer.json(200, stats());
                case "deliveries" -> SandboxAnswer.json(200, hooks.outcomes());
                default -> null;
            };
        } catch (IllegalArgumentException e) {
            return SandboxAnswer.json(400, Map.of("error", String.valueOf(e.getMessage())));
        }
    }

    /**
     * Mails newest first, as {@code GET /emails/{id}} shows them, with {@code idempotency_key}; {@code to} in the filter
     * is one of the addresses.
     */
    List<Map<String, Object>> mails(Map<String, String> filter) {
        Map<String, String> rest = new LinkedHashMap<>(filter);
        String to = rest.remove("to");
        return locked(() -> {
            Iterable<ResendMail> chosen = to == null
                    ? mails.descendingMap().values()
                    : mails.descendingMap().values().stream()
                            .filter(mail -> mail.to.contains(to))
                            .toList();
            return SandboxRows.select(
                    chosen,
                    mail -> {
                        Map<String, Object> row = mail.shown();
                        row.put("headers", mail.sent.get("headers"));
                        row.put("idempotency_key", mail.key);
                        return row;
                    },
                    rest);
        });
    }

    Map<String, Object> stats() {
        return locked(() -> {
            Map<String, Integer> keys = new HashMap<>();
            Map<String, Integer> contents = new HashMap<>();
            Map<String, Integer> events = new TreeMap<>();
            for (ResendMail mail : mails.values()) {
                if (mail.key != null) {
                    keys.merge(mail.key + "\n" + mail.content, 1, Integer::sum);
                }
                contents.merge(mail.content, 1, Integer::sum);
                events.merge(mail.lastEvent, 1, Integer::sum);
            }
            Map<String, Object> stats = new LinkedHashMap<>();
            stats.put("mails", mails.size());
            stats.put("lastEvents", events);
            stats.put("calls", new TreeMap<>(calls));
            stats.put("duplicateKeys", repeated(keys));
            stats.put("duplicateMails", repeated(contents));
            stats.put("webhooks", hooks.stats());
            return stats;
        });
    }

    private static long repeated(Map<String, Integer> counts) {
        return counts.values().stream().filter(count -> count > 1).count();
    }

    @Override
    public String page() {
        return locked(() -> {
            StringBuilder out = new StringBuilder("<h2>Resend</h2><section><h3>Últimos correos <small>")
                    .append(mails.size())
                    .append("</small></h3>");
            if (mails.isEmpty()) {
                return out.append("<p class=none>Ninguno todavía.</p></section>")
                        .toString();
            }
            out.append("<table><tr><th>Para</th><th>Asunto</th><th>Estado</th><th>Hora (UTC)</th></tr>");
            mails.descendingMap().values().stream().limit(10).forEach(mail -> {
                out.append("<tr><td>");
                SandboxPage.escape(out, String.join(", ", mail.to));
                out.append("</td><td><details><summary>");
                SandboxPage.escape(out, String.valueOf(mail.sent.get("subject")));
                out.append("</summary>");
                // Shown as text: a mail's own markup never becomes part of this page.
                for (String part : List.of("text", "html")) {
                    if (mail.sent.get(part) instanceof String content) {
                        out.append("<pre>");
                        SandboxPage.escape(out, content);
                        out.append("</pre>");
                    }
                }
                out.append("</details></td><td>")
                        .append(mail.lastEvent)
                        .append("</td><td>")
                        .append(MILLIS.format(mail.at))
                        .append("</td></tr>");
            });
            return out.append("</table></section>").toString();
        });
    }
}
