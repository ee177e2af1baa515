package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The runnable jar, in which the files of all libraries lie side by side (ADR 0009). */
@Tag("jar")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PackagedJarTest {

    private static final Path JAR = Path.of("target", "smarteros-hub.jar");

    /** Nothing reads these at runtime: manifests and module names of single jars, lists and indexes for build tools and editors. */
    private static final Pattern LEFT_OUT = Pattern.compile(
            "META-INF/(MANIFEST\\.MF|DEPENDENCIES|INDEX\\.LIST|jandex\\.idx"
                    + "|io\\.netty\\.versions\\.properties|spring\\.tooling|web-fragment\\.xml|[^/]+\\.(SF|RSA|DSA)"
                    + "|maven/org\\.jctools/.*|(.*/)?(additional-)?spring-configuration-metadata\\.json)"
                    + "|(.*/)?module-info\\.class|pom\\.xml|(bean|component|dev-consoles|language|other|transformer)\\.properties");

    private JarFile packaged;

    @BeforeAll
    void open() throws IOException {
        packaged = new JarFile(JAR.toFile());
    }

    @AfterAll
    void close() throws IOException {
        packaged.close();
    }

    @Test
    void whatSeveralLibrariesBringUnderOneNameIsInTheJarOfAll() throws IOException {
        List<String> missing = new ArrayList<>();
        int libraries = 0;
        for (Path library : libraries()) {
            try (JarFile jar = new JarFile(library.toFile())) {
                libraries++;
                for (JarEntry entry : Collections.list(jar.entries())) {
                    String name = entry.getName();
                    if (!entry.isDirectory() && !LEFT_OUT.matcher(name).matches() && !holds(jar, entry)) {
                        missing.add(name + " of " + library.getFileName());
                    }
                }
            }
        }
        assertThat(libraries).as("libraries that were looked at").isGreaterThan(100);
        assertThat(missing).isEmpty();
    }

    @Test
    void theJarStartsWithoutTheDemoAndWithoutAWarning(@TempDir Path data) throws Exception {
        try (HubProcess hub = new HubProcess("jar")
                .from(JAR)
                .with("HUB_DATA_DIR", data.toString())
                .with("HUB_ADMIN_PASSWORD", "of-the-packaged-jar")) {
            hub.start();
            hub.awaitReady(Duration.ofMinutes(2));

            assertThat(post(hub.uri().resolve("/contact")))
                    .as("a caller whom nobody knows")
                    .isEqualTo(401);
            assertThat(get(hub.managementUri().resolve("/actuator/prometheus")))
                    .as("what Camel says it runs on")
                    .contains("app_info{")
                    .containsPattern("camel_runtime_version=\"3\\.\\d+\\.\\d+\"");
            assertThat(get(hub.managementUri().resolve("/actuator/hawtio/index.html")))
                    .as("Hawtio's page")
                    .contains("<html");
            assertThat(get(hub.managementUri().resolve("/actuator/jolokia/search/org.apache.camel:type=routes,*")))
                    .as("Camel's routes over Jolokia")
                    .contains("contact-to-odoo");
            assertThat(hub.log().lines().filter(line -> line.contains(" WARN ") || line.contains(" ERROR ")))
                    .isEmpty();
        }
    }

    /** The jars of the class path that belong to the hub, not to its tests. */
    private List<Path> libraries() throws IOException {
        List<Path> libraries = new ArrayList<>();
        for (String element : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (element.endsWith(".jar")) {
                try (JarFile jar = new JarFile(element)) {
                    boolean known = Collections.list(jar.entries()).stream()
                            .map(JarEntry::getName)
                            .filter(name -> name.endsWith(".class") && !name.endsWith("module-info.class"))
                            .findFirst()
                            .filter(name -> packaged.getEntry(name) != null)
                            .isPresent();
                    if (known) {
                        libraries.add(Path.of(element));
                    }
                }
            }
        }
        return libraries;
    }

    private boolean holds(JarFile library, JarEntry entry) throws IOException {
        JarEntry here = packaged.getJarEntry(canonical(entry.getName()));
        if (here == null) {
            return false;
        }
        if (here.getCrc() == entry.getCrc() && here.getSize() == entry.getSize()) {
            return true;
        }
        if (entry.getName().endsWith(".class")) {
            return false;
        }
        return parts(here.getName(), bytes(packaged, here)).containsAll(parts(entry.getName(), bytes(library, entry)));
    }

    /** Licences are put together whatever the case of their names. */
    private static String canonical(String name) {
        return switch (name) {
            case "META-INF/license.txt" -> "META-INF/LICENSE.txt";
            case "META-INF/notice.txt" -> "META-INF/NOTICE.txt";
            default -> name;
        };
    }

    /** Keys with each of their values for lists of Spring, lines without comments for everything else. */
    private static Set<String> parts(String name, byte[] content) throws IOException {
        Set<String> parts = new HashSet<>();
        if (name.endsWith(".factories") || name.equals("META-INF/spring-autoconfigure-metadata.properties")) {
            Properties properties = new Properties();
            properties.load(new ByteArrayInputStream(content));
            properties.forEach((key, values) ->
                    Arrays.stream(values.toString().split(",")).forEach(value -> parts.add(key + "=" + value.trim())));
        } else {
            new String(content, StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.replaceFirst("#.*", "").trim())
                    .filter(line -> !line.isEmpty())
                    .forEach(parts::add);
        }
        return parts;
    }

    private static byte[] bytes(JarFile jar, JarEntry entry) throws IOException {
        try (InputStream in = jar.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }

    private static int post(URI uri) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(uri)
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(
                                        "{\"name\":\"Ana\",\"email\":\"ana@example.cl\",\"message\":\"Hola\"}"))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static String get(URI uri) throws Exception {
        String operator =
                Base64.getEncoder().encodeToString("operator:of-the-packaged-jar".getBytes(StandardCharsets.UTF_8));
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(uri)
                                .header("Authorization", "Basic " + operator)
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as("status of " + uri.getPath()).isEqualTo(200);
        return answer.body();
    }
}
