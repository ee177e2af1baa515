package cl.smarterbot.hub.sandbox;

import java.util.List;
import java.util.Map;

/** The page for people at {@code /}: no script, no outside resource, everything escaped. */
final class SandboxPage {
    private static final String HEAD = """
            <!doctype html>
            <html lang="es">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="refresh" content="5">
            <title>Sistemas de prueba</title>
            <style>
            body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1.5rem;color:#1d2733;background:#f5f6f8}
            h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0 0 .6rem}
            p{margin:.25rem 0}small{color:#66727f;font-weight:400}
            section{background:#fff;border:1px solid #dfe3e8;border-radius:.6rem;padding:1rem;margin:0 0 1rem;overflow-x:auto}
            table{border-collapse:collapse;width:100%;font-size:.92rem}
            th,td{text-align:left;padding:.35rem .6rem .35rem 0;border-bottom:1px solid #eceff2;vertical-align:top}
            th{color:#66727f;font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}.none{color:#66727f}
            pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0}
            .bad{border-color:#e0a800;background:#fff8e1}
            @media(prefers-color-scheme:dark){body{background:#15191e;color:#e6e9ed}section{background:#1d2329;border-color:#303841}
            th,td{border-color:#303841}.bad{background:#3a3110}}
            </style>
            <h1>Sistemas de prueba</h1>
            <p>Aquí se ve lo que llegó a los sistemas de mentira de la demostración. Nada sale de este computador.
            La página se renueva sola cada 5 segundos.</p>
            """;

    private SandboxPage() {}

    static SandboxAnswer render(SandboxTrouble trouble, List<SandboxVendor> vendors) {
        StringBuilder out = new StringBuilder(HEAD);
        Map<String, Object> shown = trouble.show();
        List<?> rules = (List<?>) shown.get("rules");
        if (!rules.isEmpty() || !Long.valueOf(0).equals(shown.get("latencyMs"))) {
            out.append("<section class=bad><h3>Fallas simuladas en curso</h3>");
            if (!Long.valueOf(0).equals(shown.get("latencyMs"))) {
                out.append("<p>Toda respuesta tarda ")
                        .append(shown.get("latencyMs"))
                        .append(" ms</p>");
            }
            for (Object rule : rules) {
                out.append("<p>");
                escape(out, String.valueOf(rule));
                out.append("</p>");
            }
            out.append("</section>");
        }
        vendors.forEach(vendor -> out.append(vendor.page()));
        return SandboxAnswer.html(200, out.append("</html>\n").toString())
                .with(
                        "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
                .with("X-Content-Type-Options", "nosniff")
                .with("Cache-Control", "no-store");
    }

    static void escape(StringBuilder out, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
    }
}
