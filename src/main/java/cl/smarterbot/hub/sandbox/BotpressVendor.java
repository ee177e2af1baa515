package cl.smarterbot.hub.sandbox;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The sandbox's Botpress v12: login, Converse and prediction. As in the real one, replies are collected by bot and user, so that
 * two calls at once for one user get each other's. Thread-safe.
 */
final class BotpressVendor implements SandboxVendor {
    static final String EMAIL = "bot@demo.example";
    static final String PASSWORD = "demo";

    private static final String LOGIN = "/api/v1/auth/login/";
    private static final String BOTS = "/api/v1/bots/";
    private static final int LONGEST_TEXT = 360;
    private static final int MOST_TOKENS = 10_000;
    private static final int MOST_TURNS = 20_000;
    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSX").withZone(ZoneOffset.UTC);

    /** An error answer. */
    private static final class Fault extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int status;
        private final boolean plain;

        Fault(int status, String message) {
            this(status, message, false);
        }

        Fault(int status, String message, boolean plain) {
            super(message, null, false, false);
            this.status = status;
            this.plain = plain;
        }

        SandboxAnswer answer() {
            if (plain) {
                return SandboxAnswer.html(status, getMessage());
            }
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("statusCode", status);
            body.put("errorCode", "BP_" + String.format(Locale.ROOT, "%04d", status));
            body.put("type", status == 401 ? "UnauthorizedError" : status == 404 ? "NotFoundError" : "Error");
            body.put("message", getMessage());
            body.put("details", "");
            body.put("docs", "https://botpress.com/docs");
            return SandboxAnswer.json(status, body);
        }
    }

    /** What is collected for a user of a bot while calls are under way. */
    private static final class Session {
        private final List<Object> collected = new ArrayList<>();
        private int underWay;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition never = lock.newCondition();
    private final Clock clock;
    private final Map<String, BotpressBot> bots = new HashMap<>();
    private final LinkedHashMap<String, Instant> tokens = new LinkedHashMap<>();
    private final Map<String, Session> sessions = new HashMap<>();
    private final ArrayDeque<Map<String, Object>> turns = new ArrayDeque<>();
    private final Map<String, Long> calls = new TreeMap<>();
    private final Map<String, Long> intents = new TreeMap<>();
    private Duration tokenLife;
    private Duration think;
    private boolean open;
    private int timeOuts;
    private long numbers;
    private long logins;
    private long overlaps;

    BotpressVendor(Clock clock) {
        this.clock = clock;
        BotpressBot.ALL.forEach(bot -> bots.put(bot.id(), bot));
        reset();
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
        return "botpress";
    }

    @Override
    public boolean owns(String path) {
        return path.startsWith(LOGIN) || path.startsWith(BOTS);
    }

    /** Back to no tokens, no turns and the usual settings. */
    @Override
    public void reset() {
        locked(() -> {
            tokens.clear();
            sessions.clear();
            turns.clear();
            calls.clear();
            intents.clear();
            tokenLife = Duration.ofHours(1);
            think = Duration.ZERO;
            open = false;
            timeOuts = 0;
            logins = 0;
            overlaps = 0;
            return null;
        });
    }

    // Calls

    @Override
    public SandboxCall open(SandboxRequest request) {
        String path = request.path();
        if (path.startsWith(LOGIN)) {
            return call(null, "login", null, () -> {
                if (!path.equals(LOGIN + "basic/default") || !request.method().equals("POST")) {
                    throw new Fault(404, "Not Found");
                }
                return login(request);
            });
        }
        String[] parts = path.substring(BOTS.length()).split("/");
        BotpressBot bot = bots.get(parts[0]);
        Integer company = bot == null ? null : bot.company();
        boolean converse = parts.length > 2 && parts[1].equals("converse");
        boolean secured = converse && parts.length == 4 && parts[3].equals("secured");
        boolean predict = parts.length >= 4 && parts.length <= 5 && path.contains("/mod/nlu/predict");
        String method = secured ? "converseSecured" : converse ? "converse" : predict ? "predict" : "unknown";
        return call(parts[0], method, company, () -> {
            if (bot == null) {
                throw new Fault(404, "Bot \"" + parts[0] + "\" not found");
            }
            if (!request.method().equals("POST")
                    || method.equals("unknown")
                    || converse && !secured && parts.length > 3) {
                throw new Fault(404, "Not Found");
            }
            if (predict) {
                authenticate(request);
                return predict(parts.length == 5 ? parts[4] : "es", request);
            }
            if (secured) {
                authenticate(request);
            } else {
                checkOpen(bot, request);
            }
            return converse(bot, parts[2], request);
        });
    }

    private SandboxCall call(String model, String method, Integer company, Supplier<Object> work) {
        return new SandboxCall(model, method, company, () -> {
            try {
                locked(() -> calls.merge(method, 1L, Long::sum));
                return SandboxAnswer.json(200, work.get()).keepAlive();
            } catch (Fault fault) {
                return fault.answer().keepAlive();
            }
        });
    }

    private static Map<?, ?> body(SandboxRequest request) {
        try {
            if (SandboxJson.read(request.body()) instanceof Map<?, ?> map) {
                return map;
            }
        } catch (IOException e) {
            // Told below.
        }
        throw new Fault(400, "Invalid payload");
    }

    private Object login(SandboxRequest request) {
        Map<?, ?> body = body(request);
        if (!EMAIL.equals(body.get("email")) || !PASSWORD.equals(body.get("password"))) {
            throw new Fault(401, "Invalid credentials");
        }
        return locked(() -> {
            logins++;
            String jwt =
                    "sandbox." + SandboxJson.digest(Map.of("n", ++numbers)).replaceAll("[^A-Za-z0-9]", "") + ".v12";
            tokens.put(jwt, clock.instant().plus(tokenLife));
            if (tokens.size() > MOST_TOKENS) {
                tokens.remove(tokens.keySet().iterator().next());
            }
            Map<String, Object> payload = new LinkedHashMap<>();
            payload.put("jwt", jwt);
            payload.put("exp", tokenLife.toMillis());
            return Map.of("status", "success", "payload", payload);
        });
    }

    private void authenticate(SandboxRequest request) {
        String header = request.header("authorization");
        String token = header.regionMatches(true, 0, "Bearer ", 0, 7)
                ? header.substring(7).trim()
                : "";
        Instant end = locked(() -> tokens.get(token));
        if (end == null || !clock.instant().isBefore(end)) {
            throw new Fault(401, token.isEmpty() ? "Authorization header is missing" : "Invalid authentication token");
        }
    }

    private void checkOpen(BotpressBot bot, SandboxRequest request) {
        if (!locked(() -> open)) {
            throw new Fault(403, "Unauthenticated Converse API is disabled for " + bot.id(), true);
        }
        String include = request.query().getOrDefault("include", "responses");
        if (!include.equalsIgnoreCase("responses")) {
            throw new Fault(403, "Unauthenticated converse API can only return \"responses\"", true);
        }
    }

    private static String text(Map<?, ?> body) {
        if (!(body.get("text") instanceof String text) || text.isEmpty()) {
            throw new Fault(400, "Invalid payload");
        }
        if (text.length() > LONGEST_TEXT) {
            throw new Fault(400, "Message must be at most " + LONGEST_TEXT + " characters");
        }
        return text;
    }

    private static List<?> contexts(Map<?, ?> body, String field) {
        return body.get(field) instanceof List<?> list && !list.isEmpty() ? list : List.of("global");
    }

    private Object predict(String language, SandboxRequest request) {
        if (!language.equals("es")) {
            throw new Fault(422, "Language \"" + language + "\" is not supported");
        }
        Map<?, ?> body = body(request);
        if (!(body.get("text") instanceof String text)) {
            throw new Fault(400, "Invalid payload");
        }
        return Map.of("nlu", BotpressNlu.block(text, contexts(body, "contexts")));
    }

    private Object converse(BotpressBot bot, String user, SandboxRequest request) {
        Map<?, ?> body = body(request);
        String text = text(body);
        Map<String, Object> nlu = BotpressNlu.block(text, contexts(body, "includedContexts"));
        Map<?, ?> understood = (Map<?, ?>) nlu.get("intent");
        String intent = (String) understood.get("name");
        List<Object> replies = bot.replies(intent);
        String key = bot.id() + "_" + user;
        List<Object> responses = locked(() -> {
            if (timeOuts > 0) {
                timeOuts--;
                throw new Fault(500, "Request timed out.");
            }
            Session session = sessions.computeIfAbsent(key, k -> new Session());
            if (++session.underWay > 1) {
                overlaps++;
            }
            session.collected.addAll(replies);
            ponder();
            // Whoever is done first takes what all have said.
            List<Object> mine = List.copyOf(session.collected);
            session.collected.clear();
            if (--session.underWay == 0) {
                sessions.remove(key);
            }
            intents.merge(intent, 1L, Long::sum);
            remember(bot, user, text, nlu, mine.size());
            return mine;
        });
        List<String> parts = List.of(request.query()
                .getOrDefault("include", "")
                .toLowerCase(Locale.ROOT)
                .split(","));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("responses", responses);
        if (parts.contains("nlu")) {
            answer.put("nlu", nlu);
        }
        if (parts.contains("state")) {
            answer.put(
                    "state", Map.of("user", Map.of(), "session", Map.of("lastMessages", List.of()), "temp", Map.of()));
        }
        if (parts.contains("suggestions")) {
            answer.put("suggestions", List.of());
        }
        if (parts.contains("decision")) {
            Map<String, Object> decision = new LinkedHashMap<>();
            decision.put("decision", Map.of("reason", "sandbox", "status", "elected"));
            decision.put("confidence", understood.get("confidence"));
            decision.put("payloads", replies);
            decision.put("source", "qna");
            answer.put("decision", decision);
        }
        return answer;
    }

    /** Lets others in meanwhile. */
    private void ponder() {
        long left = think.toNanos();
        try {
            while (left > 0) {
                left = never.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void remember(BotpressBot bot, String user, String text, Map<?, ?> nlu, int replies) {
        Map<?, ?> understood = (Map<?, ?>) nlu.get("intent");
        Map<String, Object> turn = new LinkedHashMap<>();
        turn.put("bot", bot.id());
        turn.put("user", user);
        turn.put("text", text);
        turn.put("intent", understood.get("name"));
        turn.put("confidence", understood.get("confidence"));
        turn.put("contexts", nlu.get("includedContexts"));
        turn.put("replies", replies);
        turn.put("at", MILLIS.format(clock.instant()));
        turns.addFirst(turn);
        if (turns.size() > MOST_TURNS) {
            turns.removeLast();
        }
    }

    // Steering and looking

    void openConverse(boolean on) {
        locked(() -> open = on);
    }

    void tokenLife(Duration life) {
        if (life.isNegative() || life.isZero() || life.compareTo(Duration.ofDays(365)) > 0) {
            throw new IllegalArgumentException("the life of tokens is out of range");
        }
        locked(() -> tokenLife = life);
    }

    void revokeTokens() {
        locked(() -> {
            tokens.clear();
            return null;
        });
    }

    void think(Duration time) {
        if (time.isNegative() || time.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("the time to think is out of range");
        }
        locked(() -> think = time);
    }

    void timeOuts(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("times is negative");
        }
        locked(() -> timeOuts = count);
    }

    @Override
    public SandboxAnswer steer(String rest, Map<?, ?> body) {
        switch (rest) {
            case "open":
                if (!(body.get("enabled") instanceof Boolean on)) {
                    throw new IllegalArgumentException("enabled is true or false");
                }
                openConverse(on);
                break;
            case "tokens":
                if (Boolean.TRUE.equals(body.get("revoke"))) {
                    revokeTokens();
                }
                if (body.get("lifeMs") != null) {
                    tokenLife(Duration.ofMillis(number(body, "lifeMs")));
                }
                break;
            case "think":
                think(Duration.ofMillis(number(body, "ms")));
                break;
            case "timeouts":
                timeOuts(number(body, "times"));
                break;
            default:
                return null;
        }
        return SandboxAnswer.json(200, stats());
    }

    private static int number(Map<?, ?> body, String field) {
        if (!(body.get(field) instanceof Integer number)) {
            throw new IllegalArgumentException(field + " is a whole number");
        }
        return number;
    }

    @Override
    public SandboxAnswer look(String rest, SandboxRequest request) {
        try {
            return switch (rest) {
                case "turns" -> SandboxAnswer.json(200, turns(request.query()));
                case "stats" -> SandboxAnswer.json(200, stats());
                default -> null;
            };
        } catch (IllegalArgumentException e) {
            return SandboxAnswer.json(400, Map.of("error", String.valueOf(e.getMessage())));
        }
    }

    List<Map<String, Object>> turns(Map<String, String> filter) {
        return locked(() -> SandboxRows.select(turns, turn -> turn, filter));
    }

    Map<String, Object> stats() {
        return locked(() -> {
            Map<String, Object> stats = new LinkedHashMap<>();
            stats.put("turns", turns.size());
            stats.put("logins", logins);
            stats.put("calls", new TreeMap<>(calls));
            stats.put("intents", new TreeMap<>(intents));
            stats.put("overlaps", overlaps);
            stats.put("open", open);
            stats.put("tokenLifeMs", tokenLife.toMillis());
            stats.put("thinkMs", TimeUnit.NANOSECONDS.toMillis(think.toNanos()));
            return stats;
        });
    }

    @Override
    public String page() {
        return locked(() -> {
            StringBuilder out = new StringBuilder(
                            "<h2>Botpress v12</h2><section><h3>Últimos mensajes a los bots <small>")
                    .append(turns.size())
                    .append("</small></h3>");
            if (turns.isEmpty()) {
                return out.append("<p class=none>Ninguno todavía.</p></section>")
                        .toString();
            }
            out.append("<table><tr><th>Bot</th><th>Usuario</th><th>Mensaje</th><th>Intención</th>"
                    + "<th class=n>Confianza</th><th>Hora (UTC)</th></tr>");
            turns.stream().limit(10).forEach(turn -> {
                out.append("<tr>");
                for (String column : List.of("bot", "user", "text", "intent", "confidence", "at")) {
                    out.append(column.equals("confidence") ? "<td class=n>" : "<td>");
                    SandboxPage.escape(out, String.valueOf(turn.get(column)));
                    out.append("</td>");
                }
                out.append("</tr>");
            });
            return out.append("</table></section>").toString();
        });
    }
}
