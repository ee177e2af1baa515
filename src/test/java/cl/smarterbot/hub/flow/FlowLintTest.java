package cl.smarterbot.hub.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FlowLintTest {

    static final Path ROUTES = Path.of("src/main/resources/routes");
    private static final Path KAMELETS = Path.of("src/main/resources/kamelets");
    private static final Path INVALID = Path.of("src/test/resources/flows/invalid");

    static List<FlowFile> shipped() throws IOException {
        List<FlowFile> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(ROUTES)) {
            for (Path file : all.filter(f -> f.toString().endsWith(".yaml"))
                    .sorted((a, b) ->
                            a.getFileName().toString().compareTo(b.getFileName().toString()))
                    .toList()) {
                files.add(FlowFile.read(file.getFileName().toString(), Files.readString(file)));
            }
        }
        return files;
    }

    @Test
    @DisplayName("the flows of the hub break no rule")
    void shippedFlows() throws IOException {
        List<FlowFile> files = shipped();
        assertThat(files.stream().mapToInt(f -> f.routes().size()).sum()).isGreaterThanOrEqualTo(3);
        assertThat(FlowLint.check(files)).isEmpty();
    }

    @Test
    @DisplayName("the building blocks of the hub break no rule")
    void shippedKamelets() throws IOException {
        List<Finding> findings = new ArrayList<>();
        try (Stream<Path> all = Files.list(KAMELETS)) {
            List<Path> files = all.toList();
            assertThat(files).hasSizeGreaterThanOrEqualTo(3);
            for (Path file : files) {
                findings.addAll(KameletLint.check(file.getFileName().toString(), Files.readString(file)));
            }
        }
        assertThat(findings).isEmpty();
    }

    static List<Path> invalid() throws IOException {
        try (Stream<Path> all = Files.list(INVALID)) {
            return all.sorted().toList();
        }
    }

    /** The first line of a case says which rule it breaks, and in which line: {@code # breaks scheme in line 12}. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("invalid")
    @DisplayName("a flow that breaks a rule is refused by that rule, at its line, and by no other")
    void oneRuleEach(Path file) throws IOException {
        String text = Files.readString(file);
        String[] words = text.lines().findFirst().orElseThrow().split(" ");
        FlowFile policies = shipped().stream()
                .filter(f -> !f.configurations().isEmpty())
                .findFirst()
                .orElseThrow();
        List<Finding> findings = FlowLint.check(
                List.of(policies, FlowFile.read(file.getFileName().toString(), text)));
        assertThat(findings).extracting(Finding::rule).containsOnly(words[2]);
        assertThat(findings).extracting(Finding::line).contains(Integer.parseInt(words[5]));
    }

    @Test
    @DisplayName("what is no list of routes is refused with its line")
    void unreadable() {
        assertThatThrownBy(() -> FlowFile.read("x", "a: 1\n")).hasMessageContaining("list of routes");
        assertThatThrownBy(() -> FlowFile.read("x", "- route:\n    id: a\n    id: b\n"))
                .isInstanceOfSatisfying(FlowFile.UnreadableException.class, e -> assertThat(e.line())
                        .isEqualTo(3));
        assertThatThrownBy(() -> FlowFile.read("x", "- route: [\n")).hasMessageContaining("no YAML");
        assertThatThrownBy(() -> FlowFile.read("x", "- route: &a\n    from: *a\n"))
                .isInstanceOf(FlowFile.UnreadableException.class);
    }

    @Test
    @DisplayName("a building block says who it is, and wants nothing that it does not use")
    void kamelet() {
        assertThat(KameletLint.check("odoo-thing-action.kamelet.yaml", """
                metadata:
                  name: other-thing-sink
                spec:
                  definition:
                    properties:
                      unused: {title: Unused, type: string}
                    required: [gone]
                """))
                .extracting(Finding::rule)
                .containsExactlyInAnyOrder(
                        "kamelet-name",
                        "kamelet-type",
                        "kamelet-title",
                        "kamelet-description",
                        "kamelet-template",
                        "kamelet-parameter",
                        "kamelet-parameter",
                        "kamelet-parameter");
    }

    @Test
    @DisplayName("the picture shows a schedule with its times as what starts its route")
    void schedule() {
        assertThat(FlowDiagram.markdown(List.of(FlowFile.read("x.yaml", """
                - route:
                    id: product-sync
                    description: A case.
                    from:
                      uri: schedule:nightly
                      parameters:
                        cron: "0 3 * * *"
                """))))
                .contains(
                        "schedule_nightly>\"nightly<br/>0 3 * * *\"]",
                        "route_product_sync[\"▷ product-sync\"]",
                        "schedule_nightly --> route_product_sync");
    }

    @Test
    @DisplayName("the picture of the flows is the one of the flows as they are")
    void picture() throws IOException {
        String wanted = FlowDiagram.markdown(shipped());
        assertThat(Files.readString(Path.of("docs/flows.md")))
                .as("docs/flows.md is old: run mvn package, then bin/hub flow diagram > docs/flows.md")
                .isEqualTo(wanted);
    }
}
