package cl.smarterbot.hub.database;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes a data folder one hub's alone. A second hub would adopt the embedded PostgreSQL of the first, fail later, and stop the
 * server under it. The lock is the operating system's, on the file {@code hub.lock}: it ends with the process, however that ends.
 */
final class DataFolderLock implements AutoCloseable {

    /** Locks of this process. The system holds them for the process as a whole: closing a second channel would give up the first's. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel channel;

    private DataFolderLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Takes the folder, and makes it if it is not there.
     *
     * @throws StartRefusedException if another hub has it
     * @throws UncheckedIOException if the folder cannot be written, or its file system has no locks
     */
    static DataFolderLock take(Path dataDir) {
        Path folder = dataDir.toAbsolutePath().normalize();
        try {
            Files.createDirectories(folder);
            folder = folder.toRealPath();
            Path file = folder.resolve("hub.lock");
            if (!HELD.add(file)) {
                throw taken(folder);
            }
            FileChannel channel = null;
            FileLock lock = null;
            try {
                channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                lock = channel.tryLock();
            } finally {
                if (lock == null) {
                    HELD.remove(file);
                    if (channel != null) {
                        channel.close();
                    }
                }
            }
            if (lock == null) {
                throw taken(folder);
            }
            return new DataFolderLock(file, channel);
        } catch (IOException e) {
            throw new UncheckedIOException("The data folder " + folder + " cannot be locked", e);
        }
    }

    private static StartRefusedException taken(Path folder) {
        return new StartRefusedException("Another hub runs on the data folder " + folder
                + ": stop it, or give this one a folder of its own with HUB_DATA_DIR.");
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            HELD.remove(file);
        }
    }
}
