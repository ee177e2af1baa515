package cl.smarterbot.hub.odoo;

import cl.smarterbot.hub.sandbox.SandboxServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * The server that the contract suite runs against: the one named by the system properties {@code odoo.url}, {@code odoo.db},
 * {@code odoo.user}, {@code odoo.password}, {@code odoo.api-key} and {@code odoo.company}, else the sandbox. A second user
 * of another company is named by the same properties starting with {@code odoo.other.}.
 */
final class OdooUnderTest implements AutoCloseable {
    private static final String PREFIX = "hub_contract";

    private static OdooUnderTest current;

    private final SandboxServer sandbox;

    private OdooUnderTest(SandboxServer sandbox) {
        this.sandbox = sandbox;
    }

    /** The server; a sandbox is started once and closed with the suite. */
    static synchronized OdooUnderTest find() {
        if (current == null) {
            current = new OdooUnderTest(System.getProperty("odoo.url") == null ? SandboxServer.start(0) : null);
        }
        return current;
    }

    /** The transports that the server has and for which credentials are there: JSON-2 came with Odoo 19, as did the path asked. */
    List<OdooTransport> transports() {
        List<OdooTransport> transports = new ArrayList<>(List.of(OdooTransport.AUTO, OdooTransport.XMLRPC));
        if (secret("odoo.", OdooTransport.JSON2) != null
                && (sandbox != null || answersWebVersion(System.getProperty("odoo.url")))) {
            transports.add(OdooTransport.JSON2);
        }
        return transports;
    }

    private static boolean answersWebVersion(String url) {
        try {
            return HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(URI.create(url + "/web/version"))
                                            .build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    OdooConnection connection(OdooTransport transport) {
        return connection("odoo.", transport, "ferreteria-sur", "1");
    }

    /** A user of another company, or null when none is configured. */
    OdooConnection otherCompany(OdooTransport transport) {
        if (sandbox == null && System.getProperty("odoo.other.company") == null) {
            return null;
        }
        return connection("odoo.other.", transport, "pasteleria-norte", "2");
    }

    private OdooConnection connection(String at, OdooTransport transport, String user, String company) {
        return new OdooConnection(
                sandbox == null ? System.getProperty("odoo.url") : sandbox.uri().toString(),
                sandbox == null ? System.getProperty("odoo.db") : "demo",
                sandbox == null ? System.getProperty(at + "user") : user,
                secret(at, transport),
                Long.valueOf(sandbox == null ? System.getProperty(at + "company", "1") : company),
                PREFIX,
                transport);
    }

    private String secret(String at, OdooTransport transport) {
        String password = System.getProperty(at + "password");
        String key = System.getProperty(at + "api-key");
        if (sandbox != null) {
            password = "demo";
            key = at.contains("other") ? "demo-odoo-pasteleria-norte" : "demo-odoo-ferreteria-sur";
        }
        // XML-RPC takes either; with both given the suite so covers password and key.
        return transport == OdooTransport.XMLRPC && password != null
                ? password
                : key != null ? key : orPassword(transport, password);
    }

    private static String orPassword(OdooTransport transport, String password) {
        return transport == OdooTransport.JSON2 ? null : password;
    }

    @Override
    public void close() {
        if (sandbox != null) {
            sandbox.close();
        }
    }
}
