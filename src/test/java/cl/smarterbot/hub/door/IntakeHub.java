package cl.smarterbot.hub.door;

import cl.smarterbot.hub.testing.TestDatabase;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.yaml.snakeyaml.Yaml;

/**
 * One replica's way in: public port, the first route of {@code contact-intake.yaml} as it ships, and the event log, on a database
 * that other replicas may share. Nothing is delivered: there are no subscriptions.
 */
final class IntakeHub extends DoorHub {

    static final GuardProperties PLAIN =
            new GuardProperties(List.of(), "X-Forwarded-For", 1_000, "website", Duration.ZERO);

    IntakeHub(TestDatabase database, GuardProperties guards) throws Exception {
        super(database, Duration.ofSeconds(30));
        serve(new DoorServer(PORT, registry, guards(guards), meters, () -> true));
        camel.getRegistry().bind("contactForm", new ContactForm(guards.honeypotField(), guards.leastFillTime()));
        Path routes = Path.of("src", "main", "resources", "routes");
        PluginHelper.getRoutesLoader(camel)
                .loadRoutes(
                        ResourceHelper.fromString(
                                "error-policies.yaml",
                                Files.readString(routes.resolve("shared").resolve("error-policies.yaml"))),
                        ResourceHelper.fromString(
                                "contact-intake.yaml", intake(routes.resolve("contact-intake.yaml"))));
        start();
    }

    /** The route that has the door, without those that work on its events. */
    private static String intake(Path file) throws Exception {
        try (Reader reader = Files.newBufferedReader(file)) {
            List<Map<String, Map<String, Object>>> all = new Yaml().load(reader);
            return new Yaml()
                    .dump(all.stream()
                            .filter(entry ->
                                    "contact-intake".equals(entry.get("route").get("id")))
                            .toList());
        }
    }

    long count(String fromAndWhere, Object... values) {
        return sql.queryForObject("select count(*) from " + fromAndWhere, Long.class, values);
    }
}
