package cl.smarterbot.hub.sandbox;

import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** The sandbox's Supabase Storage: objects in buckets, kept in memory. Thread-safe. */
final class StorageVendor implements SandboxVendor {
    static final String KEY = "demo-storage";
    static final String BUCKET = "attachments";

    private static final String ROOT = "/storage/v1/";
    private static final long MOST_BYTES = 64L << 20;
    private static final int SHOWN = 20;
    private static final Pattern NAME = Pattern.compile("[\\w/!.*'() &$@=;:+,?-]+");
    private static final Pattern LEAVES = Pattern.compile("(.*/)?\\.{1,2}(/.*)?");
    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    /** An object; {@code versions} counts how often it was written. */
    private record Stored(
            String id, String type, String cacheControl, byte[] bytes, int versions, Instant createdAt, Instant at) {}

    private static final class Bucket {
        private final NavigableMap<String, Stored> objects = new TreeMap<>();
        private final boolean open;
        private final long most;
        private final Set<String> types;

        Bucket(boolean open, long most, Set<String> types) {
            this.open = open;
            this.most = most;
            this.types = types;
        }

        boolean takes(String type) {
            return types.isEmpty() || types.contains(type) || types.contains(type.replaceFirst("/.*", "/*"));
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Clock clock;
    private final Map<String, Bucket> buckets = new TreeMap<>();
    private final Map<String, Long> calls = new TreeMap<>();
    private long bytes;

    StorageVendor(Clock clock) {
        this.clock = clock;
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
        return "storage";
    }

    @Override
    public boolean owns(String path) {
        return path.startsWith(ROOT);
    }

    /** Back to the one empty bucket {@code attachments}, which is private and takes everything. */
    @Override
    public void reset() {
        locked(() -> {
            buckets.clear();
            calls.clear();
            bytes = 0;
            buckets.put(BUCKET, new Bucket(false, Long.MAX_VALUE, Set.of()));
            return null;
        });
    }

    /**
     * Makes a bucket, or empties one and gives it other limits.
     *
     * @param most bytes of an object; 0 for no limit
     * @param types that it takes, such as {@code image/*}; none for all
     */
    void bucket(String name, long most, List<String> types) {
        if (!name.matches("[A-Za-z0-9_-]{1,100}") || most < 0) {
            throw new IllegalArgumentException(
                    "a bucket has a name of letters, digits, _ and -, and a limit of 0 or more");
        }
        locked(() -> buckets.put(name, new Bucket(false, most == 0 ? Long.MAX_VALUE : most, new TreeSet<>(types))));
    }

    // Calls

    /** What a path below the root names. */
    private record Target(String kind, String access, String bucket, String name) {
        static Target of(String path) {
            String rest = path.substring(ROOT.length());
            String kind = cut(rest);
            rest = after(rest);
            String access = "";
            if (kind.equals("object")
                    && Set.of("list", "info", "authenticated", "public").contains(cut(rest))) {
                access = cut(rest);
                rest = after(rest);
            }
            return new Target(kind, access, cut(rest), after(rest));
        }

        private static String cut(String text) {
            int slash = text.indexOf('/');
            return slash < 0 ? text : text.substring(0, slash);
        }

        private static String after(String text) {
            int slash = text.indexOf('/');
            return slash < 0 ? "" : text.substring(slash + 1);
        }
    }

    @Override
    public SandboxCall open(SandboxRequest request) {
        Target target = Target.of(request.path());
        String method = method(request.method(), target);
        return new SandboxCall(target.kind() + "s", method, null, () -> {
            try {
                SandboxAnswer answer = locked(() -> {
                    calls.merge(target.kind() + "s." + method, 1L, Long::sum);
                    return serve(request, target, method);
                });
                return answer.keepAlive();
            } catch (StorageFault fault) {
                return fault.answer().keepAlive();
            }
        });
    }

    private static String method(String http, Target target) {
        boolean named = !target.name().isEmpty();
        if (target.kind().equals("bucket")) {
            return switch (http) {
                case "GET" -> target.bucket().isEmpty() ? "list" : "get";
                case "POST" -> "create";
                default -> null;
            };
        }
        if (!target.kind().equals("object") || target.bucket().isEmpty()) {
            return null;
        }
        return switch (http) {
            case "POST" ->
                target.access().equals("list") ? "list" : target.access().isEmpty() && named ? "upload" : null;
            case "PUT" -> target.access().isEmpty() && named ? "update" : null;
            case "GET" ->
                !named || target.access().equals("list")
                        ? null
                        : target.access().equals("info") ? "info" : "get";
            case "DELETE" -> target.access().isEmpty() ? named ? "delete" : "remove" : null;
            default -> null;
        };
    }

    private SandboxAnswer serve(SandboxRequest request, Target target, String method) {
        if (method == null) {
            return SandboxAnswer.json(
                    404,
                    Map.of(
                            "message",
                            "Route " + request.method() + ":" + request.path() + " not found",
                            "error",
                            "Not Found",
                            "statusCode",
                            404));
        }
        Bucket bucket = buckets.get(target.bucket());
        boolean visitor = target.access().equals("public") && bucket != null && bucket.open;
        if (!visitor) {
            authorize(request);
        }
        if (target.kind().equals("bucket")) {
            return buckets(request, target, method);
        }
        if (bucket == null) {
            throw StorageFault.noBucket();
        }
        return switch (method) {
            case "upload", "update" -> write(request, target, bucket, method.equals("update"));
            case "list" -> SandboxAnswer.json(200, list(bucket, body(request)));
            case "remove" -> remove(bucket, body(request));
            default -> one(target, bucket, method);
        };
    }

    private static void authorize(SandboxRequest request) {
        String bearer = request.header("authorization");
        String key = request.header("apikey");
        if (bearer.isEmpty() && key.isEmpty()) {
            throw StorageFault.invalid("headers must have required property 'authorization'");
        }
        String given = bearer.isEmpty() ? key : bearer.replaceFirst("(?i)^bearer ", "");
        if (!given.equals(KEY)) {
            throw StorageFault.denied("Invalid Compact JWS");
        }
    }

    private static Map<?, ?> body(SandboxRequest request) {
        try {
            if (SandboxJson.read(request.body()) instanceof Map<?, ?> map) {
                return map;
            }
        } catch (IOException e) {
            throw StorageFault.invalid("Body is not valid JSON but content-type is set to 'application/json'");
        }
        throw StorageFault.invalid("body must be object");
    }

    private SandboxAnswer buckets(SandboxRequest request, Target target, String method) {
        if (method.equals("list")) {
            return SandboxAnswer.json(
                    200,
                    buckets.entrySet().stream()
                            .map(one -> show(one.getKey(), one.getValue()))
                            .toList());
        }
        if (method.equals("get")) {
            Bucket bucket = buckets.get(target.bucket());
            if (bucket == null) {
                throw StorageFault.noBucket();
            }
            return SandboxAnswer.json(200, show(target.bucket(), bucket));
        }
        Map<?, ?> wanted = body(request);
        if (!(wanted.get("name") instanceof String name) || !name.matches("[\\w !.*'()&$@=;:+,?-]{1,100}")) {
            throw StorageFault.invalid("Bucket name invalid");
        }
        if (buckets.containsKey(name)) {
            throw StorageFault.duplicate();
        }
        Object most = wanted.get("file_size_limit");
        Set<String> types = new TreeSet<>();
        if (wanted.get("allowed_mime_types") instanceof List<?> list) {
            list.forEach(type -> types.add(String.valueOf(type)));
        }
        buckets.put(
                name,
                new Bucket(
                        Boolean.TRUE.equals(wanted.get("public")),
                        most instanceof Number limit ? limit.longValue() : Long.MAX_VALUE,
                        types));
        return SandboxAnswer.json(200, Map.of("name", name));
    }

    private static Map<String, Object> show(String name, Bucket bucket) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", name);
        row.put("name", name);
        row.put("public", bucket.open);
        row.put("file_size_limit", bucket.most == Long.MAX_VALUE ? null : bucket.most);
        row.put("allowed_mime_types", bucket.types.isEmpty() ? null : bucket.types);
        return row;
    }

    private SandboxAnswer write(SandboxRequest request, Target target, Bucket bucket, boolean mustExist) {
        String name = target.name();
        if (!NAME.matcher(name).matches() || LEAVES.matcher(name).matches() || name.contains("//")) {
            throw StorageFault.key(name);
        }
        String type = request.header("content-type");
        byte[] body = request.body();
        if (type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
            SandboxForm form = form(type, body);
            if (form.files().isEmpty()) {
                throw StorageFault.invalid("No content provided");
            }
            type = form.files().get(0).contentType();
            body = form.files().get(0).bytes();
        }
        type = type.isEmpty() ? "application/octet-stream" : type;
        if (!bucket.takes(type)) {
            throw StorageFault.type(type);
        }
        if (body.length > bucket.most) {
            throw StorageFault.tooLarge();
        }
        Stored before = bucket.objects.get(name);
        if (mustExist && before == null) {
            throw StorageFault.noObject();
        }
        if (!mustExist && before != null && !request.header("x-upsert").equalsIgnoreCase("true")) {
            throw StorageFault.duplicate();
        }
        Instant now = clock.instant();
        String cache = request.header("cache-control");
        Stored after = new Stored(
                UUID.randomUUID().toString(),
                type,
                cache.isEmpty() ? "no-cache" : cache,
                body,
                before == null ? 1 : before.versions() + 1,
                before == null ? now : before.createdAt(),
                now);
        bucket.objects.put(name, after);
        bytes += body.length - (before == null ? 0 : before.bytes().length);
        forget();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("Id", after.id());
        row.put("Key", target.bucket() + "/" + name);
        return SandboxAnswer.json(200, row);
    }

    private static SandboxForm form(String type, byte[] body) {
        try {
            return SandboxForm.multipart(type, body);
        } catch (IllegalArgumentException e) {
            throw StorageFault.invalid("No content provided");
        }
    }

    /** A demo that runs for days must not fill the memory: the oldest objects go. */
    private void forget() {
        while (bytes > MOST_BYTES) {
            Bucket of = null;
            String oldest = null;
            for (Bucket bucket : buckets.values()) {
                for (Map.Entry<String, Stored> one : bucket.objects.entrySet()) {
                    if (of == null
                            || one.getValue()
                                    .at()
                                    .isBefore(of.objects.get(oldest).at())) {
                        of = bucket;
                        oldest = one.getKey();
                    }
                }
            }
            if (of == null) {
                return;
            }
            bytes -= of.objects.remove(oldest).bytes().length;
        }
    }

    private SandboxAnswer one(Target target, Bucket bucket, String method) {
        Stored stored = bucket.objects.get(target.name());
        if (stored == null || target.access().equals("public") && !bucket.open) {
            throw StorageFault.noObject();
        }
        return switch (method) {
            case "info" -> {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("id", stored.id());
                row.put("name", target.name());
                row.put("version", stored.id());
                row.put("bucket_id", target.bucket());
                row.put("size", stored.bytes().length);
                row.put("content_type", stored.type());
                row.put("cache_control", stored.cacheControl());
                row.put("etag", etag(stored));
                row.put("created_at", MILLIS.format(stored.createdAt()));
                row.put("last_modified", MILLIS.format(stored.at()));
                yield SandboxAnswer.json(200, row);
            }
            case "delete" -> {
                drop(bucket, target.name());
                yield SandboxAnswer.json(200, Map.of("message", "Successfully deleted"));
            }
            default ->
                SandboxAnswer.of(200, stored.type(), stored.bytes())
                        .with("Cache-Control", stored.cacheControl())
                        .with("ETag", etag(stored))
                        // Never shown as a page on the sandbox's own origin.
                        .with("Content-Disposition", "attachment")
                        .with("X-Content-Type-Options", "nosniff");
        };
    }

    private static String etag(Stored stored) {
        return "\"" + stored.id().replace("-", "") + "\"";
    }

    private void drop(Bucket bucket, String name) {
        Stored gone = bucket.objects.remove(name);
        bytes -= gone == null ? 0 : gone.bytes().length;
    }

    private SandboxAnswer remove(Bucket bucket, Map<?, ?> wanted) {
        if (!(wanted.get("prefixes") instanceof List<?> names) || names.isEmpty()) {
            throw StorageFault.invalid("body must have required property 'prefixes'");
        }
        List<Object> gone = new ArrayList<>();
        for (Object name : names) {
            Stored stored = name instanceof String text ? bucket.objects.get(text) : null;
            if (stored != null) {
                gone.add(row((String) name, stored));
                drop(bucket, (String) name);
            }
        }
        return SandboxAnswer.json(200, gone);
    }

    /** One level below a folder: files with what is known of them, folders with their names alone. */
    private static List<Object> list(Bucket bucket, Map<?, ?> wanted) {
        if (!(wanted.get("prefix") instanceof String folder)) {
            throw StorageFault.invalid("body must have required property 'prefix'");
        }
        String below = folder.isEmpty() || folder.endsWith("/") ? folder : folder + "/";
        Map<String, Object> found = new TreeMap<>();
        for (Map.Entry<String, Stored> one : bucket.objects.tailMap(below, true).entrySet()) {
            if (!one.getKey().startsWith(below)) {
                break;
            }
            String rest = one.getKey().substring(below.length());
            int slash = rest.indexOf('/');
            String shown = slash < 0 ? rest : rest.substring(0, slash);
            found.putIfAbsent(shown, row(shown, slash < 0 ? one.getValue() : null));
        }
        int offset = wanted.get("offset") instanceof Integer from ? Math.max(0, from) : 0;
        int limit = wanted.get("limit") instanceof Integer most && most > 0 ? most : 100;
        return found.values().stream().skip(offset).limit(limit).toList();
    }

    private static Map<String, Object> row(String name, Stored stored) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", name);
        row.put("id", stored == null ? null : stored.id());
        row.put("updated_at", stored == null ? null : MILLIS.format(stored.at()));
        row.put("created_at", stored == null ? null : MILLIS.format(stored.createdAt()));
        row.put("last_accessed_at", stored == null ? null : MILLIS.format(stored.at()));
        if (stored == null) {
            row.put("metadata", null);
            return row;
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("eTag", etag(stored));
        metadata.put("size", stored.bytes().length);
        metadata.put("mimetype", stored.type());
        metadata.put("cacheControl", stored.cacheControl());
        metadata.put("lastModified", MILLIS.format(stored.at()));
        metadata.put("contentLength", stored.bytes().length);
        metadata.put("httpStatusCode", 200);
        row.put("metadata", metadata);
        return row;
    }

    // Steering and looking

    /** Null if there is none. */
    byte[] object(String bucket, String name) {
        return locked(() -> {
            Bucket in = buckets.get(bucket);
            Stored stored = in == null ? null : in.objects.get(name);
            return stored == null ? null : stored.bytes().clone();
        });
    }

    List<Map<String, Object>> objects(Map<String, String> filter) {
        return locked(() -> {
            List<Map<String, Object>> all = new ArrayList<>();
            buckets.forEach((bucket, in) -> in.objects.forEach((name, stored) -> {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("bucket", bucket);
                row.put("name", name);
                row.put("type", stored.type());
                row.put("size", stored.bytes().length);
                row.put("versions", stored.versions());
                row.put("at", MILLIS.format(stored.at()));
                all.add(row);
            }));
            return SandboxRows.select(all, row -> row, filter);
        });
    }

    Map<String, Object> stats() {
        return locked(() -> {
            Map<String, Object> stats = new LinkedHashMap<>();
            stats.put(
                    "objects",
                    buckets.values().stream()
                            .mapToInt(one -> one.objects.size())
                            .sum());
            stats.put("bytes", bytes);
            stats.put("calls", new TreeMap<>(calls));
            return stats;
        });
    }

    @Override
    public SandboxAnswer steer(String rest, Map<?, ?> body) {
        if (!rest.equals("buckets")) {
            return null;
        }
        if (!(body.get("name") instanceof String name)) {
            throw new IllegalArgumentException("name is a text, and maxBytes a number, and types a list, if given");
        }
        long most = body.get("maxBytes") instanceof Number limit ? limit.longValue() : 0;
        List<String> types = body.get("types") instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of();
        bucket(name, most, types);
        return SandboxAnswer.json(200, locked(() -> show(name, buckets.get(name))));
    }

    @Override
    public SandboxAnswer look(String rest, SandboxRequest request) {
        try {
            return switch (rest) {
                case "objects" -> SandboxAnswer.json(200, objects(request.query()));
                case "stats" -> SandboxAnswer.json(200, stats());
                default -> null;
            };
        } catch (IllegalArgumentException e) {
            return SandboxAnswer.json(400, Map.of("error", String.valueOf(e.getMessage())));
        }
    }

    @Override
    public String page() {
        List<Map<String, Object>> shown = objects(Map.of("limit", Integer.toString(SHOWN)));
        StringBuilder out = new StringBuilder("<h2>Supabase Storage</h2><section>");
        if (shown.isEmpty()) {
            return out.append("<p class=none>Ningún archivo todavía.</p></section>")
                    .toString();
        }
        out.append("<table><tr><th>Archivo</th><th>Tipo</th><th class=n>Bytes</th><th>Hora (UTC)</th></tr>");
        for (Map<String, Object> row : shown) {
            out.append("<tr><td>");
            SandboxPage.escape(out, row.get("bucket") + "/" + row.get("name"));
            out.append("</td><td>");
            SandboxPage.escape(out, String.valueOf(row.get("type")));
            out.append("</td><td class=n>").append(row.get("size")).append("</td><td>");
            SandboxPage.escape(out, String.valueOf(row.get("at")));
            out.append("</td></tr>");
        }
        return out.append("</table></section>").toString();
    }
}
