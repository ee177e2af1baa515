package cl.smarterbot.hub.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The encrypted file of secrets")
class EncryptedFileSecretStoreTest {
    private static final String SUR = "76000012-4";
    private static final String NORTE = "77000005-K";
    private static final String CANARY = "canary-ñ-7d1f";
    private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("data").resolve("secrets");
    }

    @Test
    @DisplayName("gives back what was put in, by tenant, system and field, also after opening it again")
    void roundTrip() {
        SecretStore store = EncryptedFileSecretStore.open(file);
        assertThat(store.find(SUR, "odoo", "password")).isEmpty();
        store.put(SUR, "odoo", "password", Secret.of(CANARY));
        store.put(SUR, "chatwoot", "api_token", Secret.of("t"));
        store.put(SUR, "odoo", "user", Secret.of(""));
        SecretStore again = EncryptedFileSecretStore.open(file);
        assertThat(again.find(SUR, "odoo", "password")).contains(Secret.of(CANARY));
        assertThat(again.find(SUR, "odoo", "password").orElseThrow().reveal()).isEqualTo(CANARY);
        assertThat(again.find(SUR, "odoo", "user")).contains(Secret.of(""));
        assertThat(again.find(NORTE, "odoo", "password")).isEmpty();
        assertThat(again.find(SUR, "chatwoot", "password")).isEmpty();
        again.put(SUR, "odoo", "password", Secret.of("new"));
        assertThat(again.find(SUR, "odoo", "password")).as("at once").contains(Secret.of("new"));
        await("the other notices").atMost(Duration.ofSeconds(2)).until(() -> store.find(SUR, "odoo", "password")
                .equals(Optional.of(Secret.of("new"))));
    }

    @ParameterizedTest
    @DisplayName("knows a field by all its names, in any letter case")
    @CsvSource({
        "url,BASE_URL",
        "base_url,Url",
        "db,DATABASE",
        "USER,username",
        "api_access_token,API_TOKEN",
        "access-token,token",
        "SERVICE_ROLE,service_role_key",
        "webhook_secret,hmac_secret",
        "bot_id_sales,BOT_ID_SALES"
    })
    void aliases(String written, String read) {
        SecretStore store = EncryptedFileSecretStore.open(file, KEY);
        store.put(SUR, "Odoo", written, Secret.of("v"));
        assertThat(store.find(SUR, "odoo", read)).contains(Secret.of("v"));
    }

    @Test
    @DisplayName("refuses names that are none")
    void names() {
        SecretStore store = EncryptedFileSecretStore.open(file, KEY);
        for (String rut : new String[] {null, "", "76.000.012-4", "../x", "76000012-4/odoo"}) {
            assertThatThrownBy(() -> store.find(rut, "odoo", "user")).isInstanceOf(IllegalArgumentException.class);
        }
        for (String word : new String[] {null, "", "a/b", "..", "ñ"}) {
            assertThatThrownBy(() -> store.find(SUR, word, "user")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.find(SUR, "odoo", word)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    @DisplayName("shows nothing on disk and leaves no other file behind; key and file are the owner's alone")
    void onDisk() throws Exception {
        SecretStore store = EncryptedFileSecretStore.open(file);
        store.put(SUR, "odoo", "password", Secret.of(CANARY));
        store.put(SUR, "odoo", "password", Secret.of(CANARY + "2"));
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                .doesNotContain("canary")
                .doesNotContain("odoo")
                .doesNotContain(SUR);
        try (Stream<Path> all = Files.list(file.getParent())) {
            List<Path> files = all.toList();
            assertThat(files)
                    .extracting(p -> p.getFileName().toString())
                    .containsExactlyInAnyOrder("secrets", "secrets.key", "secrets.lock");
            for (Path one : files) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(one)))
                        .as(one.toString())
                        .isEqualTo("rw-------");
            }
        }
        assertThat(Files.size(file.resolveSibling("secrets.key"))).isEqualTo(32);
    }

    @Test
    @DisplayName("is refused with another key, and is then left as it was")
    void wrongKey() throws Exception {
        EncryptedFileSecretStore.open(file, KEY).put(SUR, "odoo", "password", Secret.of(CANARY));
        byte[] before = Files.readAllBytes(file);
        byte[] other = new byte[32];
        other[0] = 1;
        assertThatExceptionOfType(SecretStoreException.class)
                .isThrownBy(() ->
                        EncryptedFileSecretStore.open(file, Base64.getEncoder().encodeToString(other)))
                .withMessageContaining("key of the secrets is wrong");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    @DisplayName("is refused when one bit of it was changed, it was cut, or it is something else")
    void tampered() throws Exception {
        SecretStore open = EncryptedFileSecretStore.open(file, KEY);
        open.put(SUR, "odoo", "password", Secret.of(CANARY));
        byte[] good = Files.readAllBytes(file);
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 1;
            Files.write(file, bad);
            assertThatThrownBy(() -> EncryptedFileSecretStore.open(file, KEY))
                    .as("byte %s", at)
                    .isInstanceOf(SecretStoreException.class);
        }
        for (byte[] bad : List.of(new byte[0], java.util.Arrays.copyOf(good, good.length - 1), new byte[10])) {
            Files.write(file, bad);
            assertThatThrownBy(() -> EncryptedFileSecretStore.open(file, KEY)).isInstanceOf(SecretStoreException.class);
            assertThatThrownBy(() -> open.put(SUR, "odoo", "user", Secret.of("x")))
                    .isInstanceOf(SecretStoreException.class);
            assertThat(Files.readAllBytes(file)).isEqualTo(bad);
        }
    }

    @Test
    @DisplayName("is not opened with a malformed key, a lost key, or a key that others can read")
    void keyProblems() throws Exception {
        assertThatThrownBy(() -> EncryptedFileSecretStore.open(file, "not base64!"))
                .isInstanceOf(SecretStoreException.class)
                .hasNoCause();
        assertThatThrownBy(() -> EncryptedFileSecretStore.open(file, "AAAA")).hasMessageContaining("32 bytes");
        EncryptedFileSecretStore.open(file).put(SUR, "odoo", "user", Secret.of("x"));
        Path key = file.resolveSibling("secrets.key");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> EncryptedFileSecretStore.open(file)).hasMessageContaining("open to others");
        Files.delete(key);
        assertThatThrownBy(() -> EncryptedFileSecretStore.open(file)).hasMessageContaining("missing");
        assertThat(key).doesNotExist();
    }

    @Test
    @DisplayName("loses no value when several write at once")
    void concurrentWriters() {
        EncryptedFileSecretStore.open(file, KEY);
        IntStream.range(0, 40).parallel().forEach(n -> EncryptedFileSecretStore.open(file, KEY)
                .put(SUR, "odoo", "f" + n, Secret.of("v" + n)));
        SecretStore store = EncryptedFileSecretStore.open(file, KEY);
        for (int n = 0; n < 40; n++) {
            assertThat(store.find(SUR, "odoo", "f" + n)).contains(Secret.of("v" + n));
        }
    }

    @Test
    @DisplayName("can be covered by fixed values, which stay as they are")
    void overlay() {
        SecretStore behind = EncryptedFileSecretStore.open(file, KEY);
        behind.put(SUR, "odoo", "user", Secret.of("behind"));
        SecretStore store = behind.overlay(Map.of(SUR + "/odoo/PASSWORD", "fixed"));
        assertThat(store.find(SUR, "odoo", "password")).contains(Secret.of("fixed"));
        assertThat(store.find(NORTE, "odoo", "password")).isEmpty();
        assertThat(store.find(SUR, "odoo", "user")).contains(Secret.of("behind"));
        assertThatThrownBy(() -> store.put(SUR, "odoo", "password", Secret.of("x")))
                .isInstanceOf(SecretStoreException.class);
        store.put(SUR, "odoo", "db", Secret.of("demo"));
        assertThat(behind.find(SUR, "odoo", "database")).contains(Secret.of("demo"));
        assertThatThrownBy(() -> behind.overlay(Map.of("password", "x"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @DisplayName("holds secrets that do not print, hash or serialize")
    void secretIsQuiet() {
        Secret secret = Secret.of(CANARY);
        assertThat(secret).hasToString("***").isEqualTo(Secret.of(CANARY)).isNotEqualTo(Secret.of("x"));
        assertThat(secret.hashCode()).isEqualTo(Secret.of("x").hashCode());
        assertThat((Object) secret).isNotInstanceOf(Serializable.class);
    }
}
