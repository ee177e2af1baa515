package cl.smarterbot.hub.ops;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;

/** The operator's generated password, kept in one file that only the hub's own user may read. */
final class OperatorPassword {

    static final String FILE = "admin-password";

    private static final int RANDOM_BYTES = 32;

    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private OperatorPassword() {}

    /** The stored password; made on the first call. Of several processes that start at once, all get the same one. */
    static String readOrCreate(Path dataDir) throws IOException {
        Path file = dataDir.resolve(FILE);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(dataDir);
            create(file);
        }
        return read(dataDir);
    }

    /**
     * The stored password.
     *
     * @throws IOException when there is no such file, it is no plain file, or other users may read it
     */
    static String read(Path dataDir) throws IOException {
        Path file = dataDir.resolve(FILE);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(file + " is not there or is not a plain file");
        }
        if (posix() && !OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS))) {
            throw new IOException(file + " is open to other users: chmod 600 it, or delete it to get a new password");
        }
        String password = Files.readString(file, StandardCharsets.UTF_8).strip();
        if (password.isEmpty()) {
            throw new IOException(file + " is empty: delete it to get a new password");
        }
        return password;
    }

    private static void create(Path file) throws IOException {
        byte[] random = new byte[RANDOM_BYTES];
        new SecureRandom().nextBytes(random);
        String password = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        FileAttribute<?>[] attributes = posix()
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
        Path written = Files.createTempFile(file.toAbsolutePath().getParent(), FILE, ".new", attributes);
        try {
            Files.writeString(written, password + "\n", StandardCharsets.UTF_8);
            // A hard link appears whole or not at all, and unlike a move it never replaces what another process put
            // there.
            Files.createLink(file, written);
        } catch (FileAlreadyExistsException another) {
            // Somebody was faster: theirs is the password.
        } catch (UnsupportedOperationException noLinks) {
            Files.move(written, file);
        } finally {
            Files.deleteIfExists(written);
        }
    }

    private static boolean posix() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    }
}
