package cl.smarterbot.hub.odoo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Answers recorded from real Odoo 18 (XML-RPC) and 19 (JSON-2) servers. */
final class Recorded {
    private static final Path SAMPLES = Path.of("integrations", "odoo", "samples");

    private Recorded() {}

    static OdooHttp.Answer answer(String sample) {
        String text;
        try {
            text = Files.readString(SAMPLES.resolve(sample + ".txt"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String response = text.substring(text.indexOf("======== RESPONSE ========\n") + 27);
        int end = response.indexOf("\n\n");
        String head = response.substring(0, end);
        int status = Integer.parseInt(head.split(" ")[1]);
        boolean json = head.contains("Content-Type: application/json");
        return new OdooHttp.Answer(
                status, json, null, response.substring(end + 2).getBytes(StandardCharsets.UTF_8));
    }
}
