package cl.smarterbot.hub.ops;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code hub tenant storage}. */
final class StorageCommands {

    private StorageCommands() {}

    @Command(
            name = "storage",
            description = "Says where a tenant's files are kept, and stores the key of a Supabase project of its own.")
    static final class Storage extends HubCli.TenantVerb {
        @Option(
                names = "--url",
                paramLabel = "url",
                description = "Only for a Supabase project of the tenant's own, which needs a key of its own.")
        String url;

        @Option(names = "--bucket", paramLabel = "name", description = "Only if it is not the deployment's.")
        String bucket;

        @Option(
                names = "--product-images",
                arity = "1",
                paramLabel = "true|false",
                description = "Whether pictures of products are copied, too.")
        Boolean productImages;

        @Option(
                names = "--key-stdin",
                description = "Read the project's service key from the first line of standard input.")
        boolean keyStdin;

        Storage(HubCli.Session session) {
            super(session);
        }

        @Override
        JsonNode ask(AdminClient hub) {
            return hub.post(
                    path("/storage"),
                    HubCli.of(
                            "url",
                            url,
                            "bucket",
                            bucket,
                            "productImages",
                            productImages,
                            "key",
                            keyStdin ? session.secret("--key-stdin") : null));
        }

        @Override
        void show(Terminal out, JsonNode answer) {
            HubCli.tenant(out, answer.path("tenant"));
            out.line(
                    answer.path("keyStored").asBoolean()
                            ? "The key is stored. Try it: hub check "
                                    + answer.at("/tenant/rut").asText()
                            : "The key is as it was; --key-stdin sets it.");
        }
    }
}
