package cl.smarterbot.hub.flow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** The rules that every building block keeps: it says who it is and what it wants, and wants nothing that it does not use. */
public final class KameletLint {

    private static final Set<String> TYPES = Set.of("source", "sink", "action");

    private KameletLint() {}

    /** All problems of one kamelet file, named {@code <system>-<what>-<source|sink|action>.kamelet.yaml}. */
    public static List<Finding> check(String file, String text) {
        List<Finding> findings = new ArrayList<>();
        JsonNode kamelet;
        try {
            LoaderOptions options = new LoaderOptions();
            options.setMaxAliasesForCollections(0);
            options.setAllowDuplicateKeys(false);
            kamelet = new ObjectMapper().valueToTree(new Yaml(new SafeConstructor(options)).load(text));
        } catch (YAMLException | IllegalArgumentException e) {
            return List.of(new Finding(file, 0, "kamelet-yaml", "is no plain YAML"));
        }
        String name = kamelet.at("/metadata/name").asText();
        if (!file.equals(name + ".kamelet.yaml")) {
            findings.add(new Finding(file, 0, "kamelet-name", "metadata.name must be the file's name, not " + name));
        }
        String type = kamelet.at("/metadata/labels")
                .path("camel.apache.org/kamelet.type")
                .asText();
        if (!TYPES.contains(type) || !name.endsWith("-" + type)) {
            findings.add(
                    new Finding(file, 0, "kamelet-type", "the label kamelet.type and the end of the name must agree"));
        }
        JsonNode definition = kamelet.at("/spec/definition");
        for (String field : List.of("title", "description")) {
            if (definition.path(field).asText().isBlank()) {
                findings.add(new Finding(file, 0, "kamelet-" + field, "definition." + field + " is missing"));
            }
        }
        String template = kamelet.at("/spec/template").toString();
        if (kamelet.at("/spec/template").isMissingNode()) {
            findings.add(new Finding(file, 0, "kamelet-template", "spec.template is missing"));
        }
        for (Map.Entry<String, JsonNode> property :
                definition.path("properties").properties()) {
            for (String field : List.of("title", "description", "type")) {
                if (property.getValue().path(field).asText().isBlank()) {
                    findings.add(new Finding(file, 0, "kamelet-parameter", property.getKey() + " needs a " + field));
                }
            }
            if (!template.contains("{{" + property.getKey() + "}}")
                    && !template.contains("{{?" + property.getKey() + "}}")) {
                findings.add(new Finding(file, 0, "kamelet-parameter", property.getKey() + " is used nowhere"));
            }
        }
        for (JsonNode required : definition.path("required")) {
            if (definition.path("properties").path(required.asText()).isMissingNode()) {
                findings.add(new Finding(
                        file, 0, "kamelet-parameter", required.asText() + " is required but not described"));
            }
        }
        return findings;
    }
}
