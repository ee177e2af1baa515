package cl.smarterbot.hub.storage;

import java.nio.charset.StandardCharsets;

/** The media type of a picture by its first bytes. */
final class PictureType {

    private PictureType() {}

    /** Null if it is none of the kinds that are known to be harmless. */
    static String of(byte[] picture) {
        String head = new String(picture, 0, Math.min(12, picture.length), StandardCharsets.ISO_8859_1);
        if (head.startsWith("\u0089PNG\r\n\u001a\n")) {
            return "image/png";
        }
        if (head.startsWith("\u00ff\u00d8\u00ff")) {
            return "image/jpeg";
        }
        if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) {
            return "image/gif";
        }
        return head.startsWith("RIFF") && head.endsWith("WEBP") ? "image/webp" : null;
    }
}
