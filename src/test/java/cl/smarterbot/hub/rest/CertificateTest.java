package cl.smarterbot.hub.rest;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.rest.RestException.Kind;
import io.vertx.core.net.PfxOptions;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.CompletionException;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A call over TLS")
class CertificateTest {
    private static final String PASSWORD = "for-this-test";

    @TempDir
    static Path folder;

    @BeforeAll
    static void makeCertificates() throws Exception {
        make("good");
    }

    private static void make(String name) throws Exception {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                "server",
                "-dname",
                "CN=vendor.example",
                "-ext",
                "san=dns:vendor.example",
                "-storetype",
                "PKCS12",
                "-keystore",
                store(name).toString(),
                "-storepass",
                PASSWORD);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Files.createTempFile(folder, "keytool", ".log").toFile())
                .start();
        assertThat(process.waitFor()).isZero();
    }

    private static Path store(String name) {
        return folder.resolve(name + ".p12");
    }

    private static RawServer server(String certificate) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store(certificate))) {
            keys.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        ServerSocket socket =
                context.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
        return new RawServer(socket, RawServer.json(200, "{}"));
    }

    /** @param trusted the certificate that the client trusts besides no other; null for the system's */
    private static RestClient client(String trusted) {
        return new RestClient(
                AddressPolicy.allowing(List.of("127.0.0.1")),
                RestLimits.DEFAULT,
                host -> new InetAddress[] {InetAddress.getByName("127.0.0.1")},
                options -> {
                    if (trusted != null) {
                        options.setTrustOptions(new PfxOptions()
                                .setPath(store(trusted).toString())
                                .setPassword(PASSWORD));
                    }
                });
    }

    private static RestException failure(RestClient client, String url) {
        try {
            client.send(RestCall.builder("Vendor", null, "GET", url).build()).join();
            throw new AssertionError("answered");
        } catch (CompletionException e) {
            return (RestException) e.getCause();
        }
    }

    private static void refused(String certificate, String trusted, String host) throws Exception {
        try (RawServer server = server(certificate);
                RestClient client = client(trusted)) {
            RestException failure = failure(client, "https://" + host + ":" + server.port() + "/");
            assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
            assertThat(failure).hasMessageContaining("TLS failed");
            assertThat(server.requests()).isEmpty();
        }
    }

    @Test
    @DisplayName("is made when the certificate is trusted and names the host, though an address is connected to")
    void trusted() throws Exception {
        try (RawServer server = server("good");
                RestClient client = client("good")) {
            assertThat(client.send(RestCall.builder(
                                            "Vendor", null, "GET", "https://vendor.example:" + server.port() + "/")
                                    .build())
                            .join()
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    @DisplayName("is refused when the certificate is nobody's or another host's")
    void notTrusted() throws Exception {
        refused("good", null, "vendor.example");
        refused("good", "good", "other.example");
    }
}
