package cl.smarterbot.hub.secrets;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Keeps secrets in one file, encrypted as a whole with AES-256-GCM: for a single node and for development. The file is replaced
 * in one step, so it is never half-written, and read again when it changed: a change by another process counts within a tenth of a
 * second. A wrong key or a damaged file is an error, never an
 * empty store.
 */
public final class EncryptedFileSecretStore implements SecretStore {
    // Written in front of the file and authenticated with it.
    private static final byte[] MAGIC = "HUBSECRETS1\n".getBytes(StandardCharsets.US_ASCII);
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final SecureRandom RANDOM = new SecureRandom();
    // File locks hold between processes; this one holds between the stores of one process.
    private static final Object WRITING = new Object();

    // Each message asks some twenty times.
    private static final long LOOK_NANOS = 100_000_000;

    private final Path file;
    private final SecretKeySpec key;
    private volatile Loaded loaded = new Loaded(null, Map.of());
    private volatile long lookedAt;

    private EncryptedFileSecretStore(Path file, byte[] key) {
        this.file = file;
        this.key = new SecretKeySpec(key, "AES");
        current();
    }

    /**
     * Opens the store with a key file next to it ({@code <file>.key}, readable by its owner only), which is made if neither it
     * nor the store exists.
     *
     * @throws SecretStoreException if the key is missing, readable by others or wrong, or the file is damaged
     */
    public static EncryptedFileSecretStore open(Path file) {
        Path keyFile = file.resolveSibling(file.getFileName() + ".key");
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            if (!Files.exists(keyFile)) {
                if (Files.exists(file)) {
                    throw new SecretStoreException("the key of the secrets is missing: " + keyFile);
                }
                makeKey(keyFile);
            }
            if (isPosix(keyFile)) {
                Set<PosixFilePermission> rights = Files.getPosixFilePermissions(keyFile);
                if (rights.stream().anyMatch(right -> !right.name().startsWith("OWNER_"))) {
                    throw new SecretStoreException(
                            "the key of the secrets is open to others than its owner: " + keyFile);
                }
            }
            byte[] key = Files.readAllBytes(keyFile);
            if (key.length != KEY_BYTES) {
                throw new SecretStoreException("the key of the secrets is not 32 bytes long: " + keyFile);
            }
            return new EncryptedFileSecretStore(file, key);
        } catch (IOException e) {
            throw new SecretStoreException("the key of the secrets cannot be read or made: " + keyFile, e);
        }
    }

    /**
     * Opens the store with a given key.
     *
     * @param base64Key 32 bytes in base64
     * @throws SecretStoreException if the key is malformed or wrong, or the file is damaged
     */
    public static EncryptedFileSecretStore open(Path file, String base64Key) {
        byte[] key;
        try {
            key = Base64.getDecoder().decode(base64Key.trim());
        } catch (IllegalArgumentException e) {
            // The cause would quote the key.
            throw new SecretStoreException("the key of the secrets is not base64");
        }
        if (key.length != KEY_BYTES) {
            throw new SecretStoreException("the key of the secrets is not 32 bytes long");
        }
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw new SecretStoreException("the directory of the secrets cannot be made: " + file, e);
        }
        return new EncryptedFileSecretStore(file, key);
    }

    @Override
    public Optional<Secret> find(String tenantRut, String system, String field) {
        return Optional.ofNullable(
                lately().get(SecretName.of(tenantRut, system, field).path()));
    }

    /** As long as the last look counts: a file may be on a disk that hangs. */
    @Override
    public boolean atHand() {
        return System.nanoTime() - lookedAt < LOOK_NANOS;
    }

    @Override
    @SuppressWarnings("try") // The lock is there to be closed.
    public void put(String tenantRut, String system, String field, Secret value) {
        String path = SecretName.of(tenantRut, system, field).path();
        Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
        synchronized (WRITING) {
            try (FileChannel channel = FileChannel.open(
                            lockFile,
                            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                            ownerOnly(lockFile));
                    FileLock lock = channel.lock()) {
                Map<String, Secret> values = new TreeMap<>(current());
                if (!value.equals(values.put(path, value))) {
                    replace(file, seal(values), true);
                    current();
                }
            } catch (IOException e) {
                throw new SecretStoreException("the secrets cannot be written: " + file, e);
            }
        }
    }

    private Map<String, Secret> lately() {
        if (!atHand()) {
            synchronized (this) {
                // Of those who waited here the first has looked.
                if (!atHand()) {
                    return current();
                }
            }
        }
        return loaded.values;
    }

    /** One at a time: what was read earlier must not take the place of what was read later. */
    private synchronized Map<String, Secret> current() {
        long now = System.nanoTime();
        try {
            Stamp stamp = stamp();
            if (!stamp.equals(loaded.stamp)) {
                // Read after the stamp was taken: a replacement in between is noticed the next time.
                loaded = new Loaded(stamp, stamp.exists() ? unseal(Files.readAllBytes(file)) : Map.of());
            }
            lookedAt = now;
            return loaded.values;
        } catch (IOException e) {
            throw new SecretStoreException("the secrets cannot be read: " + file, e);
        }
    }

    private Stamp stamp() throws IOException {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return new Stamp(true, now.lastModifiedTime(), now.size(), now.fileKey());
        } catch (NoSuchFileException e) {
            return new Stamp(false, null, 0, null);
        }
    }

    private byte[] seal(Map<String, Secret> values) throws IOException {
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(plain)) {
            out.writeInt(values.size());
            for (Map.Entry<String, Secret> entry : values.entrySet()) {
                out.writeUTF(entry.getKey());
                byte[] value = entry.getValue().reveal().getBytes(StandardCharsets.UTF_8);
                out.writeInt(value.length);
                out.write(value);
            }
        }
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(plain.toByteArray());
            return ByteBuffer.allocate(MAGIC.length + NONCE_BYTES + sealed.length)
                    .put(MAGIC)
                    .put(nonce)
                    .put(sealed)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new SecretStoreException("the secrets cannot be encrypted", e);
        }
    }

    private Map<String, Secret> unseal(byte[] bytes) throws IOException {
        int start = MAGIC.length + NONCE_BYTES;
        if (bytes.length < start || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new SecretStoreException("not a file of secrets, or damaged: " + file);
        }
        byte[] plain;
        try {
            plain = cipher(Cipher.DECRYPT_MODE, Arrays.copyOfRange(bytes, MAGIC.length, start))
                    .doFinal(bytes, start, bytes.length - start);
        } catch (AEADBadTagException e) {
            throw new SecretStoreException("the key of the secrets is wrong, or the file was changed: " + file);
        } catch (GeneralSecurityException e) {
            throw new SecretStoreException("the secrets cannot be decrypted: " + file, e);
        }
        Map<String, Secret> values = new TreeMap<>();
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(plain))) {
            for (int left = in.readInt(); left > 0; left--) {
                String path = in.readUTF();
                values.put(path, Secret.of(new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8)));
            }
        }
        return values;
    }

    private Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(MAGIC);
        return cipher;
    }

    private static void makeKey(Path keyFile) throws IOException {
        byte[] key = new byte[KEY_BYTES];
        RANDOM.nextBytes(key);
        try {
            replace(keyFile, key, false);
        } catch (FileAlreadyExistsException e) {
            // Another process was first: its key counts.
            return;
        }
    }

    private static void replace(Path target, byte[] bytes, boolean overwrite) throws IOException {
        Path directory = target.toAbsolutePath().getParent();
        Path next = Files.createTempFile(directory, "." + target.getFileName(), ".new", ownerOnly(directory));
        try {
            try (FileChannel out = FileChannel.open(next, StandardOpenOption.WRITE)) {
                for (ByteBuffer rest = ByteBuffer.wrap(bytes); rest.hasRemaining(); ) {
                    out.write(rest);
                }
                out.force(true);
            }
            if (overwrite) {
                Files.move(next, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } else {
                link(target, next);
            }
            if (isPosix(directory)) {
                try (FileChannel entry = FileChannel.open(directory, StandardOpenOption.READ)) {
                    entry.force(true);
                }
            }
        } finally {
            Files.deleteIfExists(next);
        }
    }

    // A link appears in one step and only if the name is free.
    private static void link(Path target, Path existing) throws IOException {
        try {
            Files.createLink(target, existing);
        } catch (UnsupportedOperationException e) {
            Files.move(existing, target);
        }
    }

    private static FileAttribute<?>[] ownerOnly(Path near) throws IOException {
        Path directory = Files.isDirectory(near) ? near : near.toAbsolutePath().getParent();
        return isPosix(directory)
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }

    private static boolean isPosix(Path path) throws IOException {
        return Files.getFileStore(path).supportsFileAttributeView("posix");
    }

    private record Stamp(boolean exists, FileTime modified, long size, Object fileKey) {}

    private record Loaded(Stamp stamp, Map<String, Secret> values) {}
}
