package cl.smarterbot.hub.ops;

import cl.smarterbot.hub.flow.Finding;
import cl.smarterbot.hub.flow.FlowDiagram;
import cl.smarterbot.hub.flow.FlowFile;
import cl.smarterbot.hub.flow.FlowLint;
import cl.smarterbot.hub.flow.KameletLint;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hub flow}: tools for people who edit flows. They need no running hub. */
@Command(
        name = "flow",
        description = "Checks and draws flows; needs no running hub.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {FlowCommands.Lint.class, FlowCommands.Diagram.class})
final class FlowCommands {

    private FlowCommands() {}

    private abstract static class OnFiles implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        @Parameters(
                arity = "0..*",
                paramLabel = "<file>",
                description = "Route or kamelet files; without any, those that are in this hub.")
        List<Path> files = List.of();

        private record Text(String name, String text) {}

        private final List<Finding> findings = new ArrayList<>();

        List<Finding> findings() {
            return findings;
        }

        List<FlowFile> read() throws IOException {
            List<FlowFile> flows = new ArrayList<>();
            for (Text text : texts()) {
                if (text.name().endsWith(".kamelet.yaml")) {
                    findings.addAll(KameletLint.check(text.name(), text.text()));
                    continue;
                }
                try {
                    flows.add(FlowFile.read(text.name(), text.text()));
                } catch (FlowFile.UnreadableException e) {
                    findings.add(new Finding(text.name(), e.line(), "yaml", e.getMessage()));
                }
            }
            return flows;
        }

        private List<Text> texts() throws IOException {
            List<Text> texts = new ArrayList<>();
            for (Path file : files) {
                texts.add(new Text(file.getFileName().toString(), Files.readString(file)));
            }
            if (files.isEmpty() || findsPolicies(texts)) {
                var resolver = new PathMatchingResourcePatternResolver();
                for (String pattern : files.isEmpty()
                        ? List.of("classpath*:routes/**/*.yaml", "classpath*:kamelets/*.kamelet.yaml")
                        : List.of("classpath*:routes/shared/*.yaml")) {
                    for (Resource resource : resolver.getResources(pattern)) {
                        try (InputStream in = resource.getInputStream()) {
                            texts.add(new Text(
                                    resource.getFilename(), new String(in.readAllBytes(), StandardCharsets.UTF_8)));
                        }
                    }
                }
            }
            texts.sort(java.util.Comparator.comparing(Text::name));
            return texts;
        }

        /** A file of one's own may name the hub's error policies. */
        private static boolean findsPolicies(List<Text> texts) {
            return texts.stream().noneMatch(t -> t.text().contains("routeConfiguration:"));
        }
    }

    @Command(name = "lint", description = "Says which rules the files break; exit code 1 if any does.")
    static final class Lint extends OnFiles {
        @Override
        public Integer call() throws IOException {
            List<FlowFile> flows = read();
            findings().addAll(FlowLint.check(flows));
            findings().forEach(f -> spec.commandLine().getOut().println(f));
            spec.commandLine()
                    .getOut()
                    .println(
                            findings().isEmpty()
                                    ? "No rule is broken."
                                    : findings().size() + " to mend.");
            return findings().isEmpty() ? 0 : 1;
        }
    }

    @Command(name = "diagram", description = "Prints the flows as a Markdown document with Mermaid diagrams.")
    static final class Diagram extends OnFiles {
        @Override
        public Integer call() throws IOException {
            spec.commandLine().getOut().print(FlowDiagram.markdown(read()));
            spec.commandLine().getOut().flush();
            return 0;
        }
    }
}
