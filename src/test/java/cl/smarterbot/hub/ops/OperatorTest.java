package cl.smarterbot.hub.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The operator account")
class OperatorTest {

    @TempDir
    private Path dir;

    @Test
    @DisplayName("gets 256 random bits at the first start, readable by the owner only, and keeps them")
    void generated() throws IOException {
        Path data = dir.resolve("data");
        String password = OperatorPassword.readOrCreate(data);
        assertThat(password).hasSize(43);
        assertThat(OperatorPassword.readOrCreate(data)).isEqualTo(password);
        assertThat(Files.getPosixFilePermissions(data.resolve(OperatorPassword.FILE)))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(OperatorPassword.readOrCreate(dir.resolve("other"))).isNotEqualTo(password);
        try (var files = Files.list(data)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    @DisplayName("is one account when several processes start at once")
    void atOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        Set<String> passwords = new HashSet<>();
        try {
            Callable<String> start = () -> OperatorPassword.readOrCreate(dir);
            for (Future<String> one :
                    threads.invokeAll(List.of(start, start, start, start, start, start, start, start))) {
                passwords.add(one.get());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(passwords).hasSize(1);
    }

    @Test
    @DisplayName("does not trust a password file that others may read, that is a link, or that is empty")
    void distrusted() throws IOException {
        Path file = dir.resolve(OperatorPassword.FILE);
        OperatorPassword.readOrCreate(dir);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> OperatorPassword.readOrCreate(dir)).hasMessageContaining("chmod 600");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(file, "\n");
        assertThatThrownBy(() -> OperatorPassword.readOrCreate(dir)).hasMessageContaining("empty");
        Files.move(file, dir.resolve("elsewhere"));
        Files.createSymbolicLink(file, dir.resolve("elsewhere"));
        assertThatThrownBy(() -> OperatorPassword.readOrCreate(dir)).hasMessageContaining("plain file");
    }

    @Test
    @DisplayName("refuses to start with a short password or a name that HTTP Basic cannot carry")
    void settings() {
        assertThatThrownBy(() -> new OperatorAccount("operator", "short")).hasMessageContaining("HUB_ADMIN_PASSWORD");
        assertThatThrownBy(() -> new OperatorAccount("a:b", Http.PASSWORD)).hasMessageContaining("HUB_ADMIN_USER");
        assertThatThrownBy(() -> new OperatorAccount(" ", Http.PASSWORD)).hasMessageContaining("HUB_ADMIN_USER");
        assertThat(new OperatorProperties("operator", Http.PASSWORD, dir).toString())
                .doesNotContain(Http.PASSWORD);
    }

    @Test
    @DisplayName("blocks an address after ten failures within a minute, for a minute, and no other address")
    void throttle() {
        AtomicLong now = new AtomicLong();
        LoginThrottle throttle = new LoginThrottle(now::get);
        for (int i = 0; i < LoginThrottle.MAX_FAILURES - 1; i++) {
            throttle.failed("192.0.2.1");
        }
        assertThat(throttle.waitSeconds("192.0.2.1")).isZero();
        throttle.failed("192.0.2.1");
        assertThat(throttle.waitSeconds("192.0.2.1")).isEqualTo(60);
        assertThat(throttle.waitSeconds("192.0.2.2")).isZero();
        now.addAndGet(LoginThrottle.WINDOW.toNanos());
        assertThat(throttle.waitSeconds("192.0.2.1")).isZero();
        throttle.failed("192.0.2.1");
        assertThat(throttle.waitSeconds("192.0.2.1")).isZero();
    }

    @Test
    @DisplayName("counts failures of one minute only, and an IPv6 network as one address")
    void throttleWindow() {
        AtomicLong now = new AtomicLong();
        LoginThrottle throttle = new LoginThrottle(now::get);
        for (int i = 0; i < 50; i++) {
            throttle.failed("192.0.2.1");
            now.addAndGet(LoginThrottle.WINDOW.toNanos() / 5);
        }
        assertThat(throttle.waitSeconds("192.0.2.1")).isZero();
        for (int i = 0; i < LoginThrottle.MAX_FAILURES; i++) {
            throttle.failed("2001:db8:0:1::" + i);
        }
        assertThat(throttle.waitSeconds("2001:db8:0:1::ffff")).isPositive();
        assertThat(throttle.waitSeconds("2001:db8:0:2::1")).isZero();
    }
}
