package cl.smarterbot.hub.door;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** Collects a request body up to a limit. Used on one event loop only. */
final class BodyCollector {

    private static final int FIRST_SIZE = 2048;

    private final int limit;
    private byte[] bytes;
    private int size;
    private boolean closed;

    BodyCollector(int limit, long declared) {
        this.limit = limit;
        this.bytes = new byte[(int) Math.min(limit, declared > 0 ? declared : FIRST_SIZE)];
    }

    /** False if the limit is passed; what came is then of no use. */
    boolean add(ByteBuf chunk) {
        int more = chunk.readableBytes();
        if (closed) {
            return true;
        }
        if (more > limit - size) {
            bytes = new byte[0];
            return false;
        }
        if (size + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.min(limit, Math.max(size + more, bytes.length * 2)));
        }
        chunk.getBytes(chunk.readerIndex(), bytes, size, more);
        size += more;
        return true;
    }

    /** True for the first caller: whoever closes decides what becomes of the request. */
    boolean close() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    byte[] bytes() {
        return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
    }
}
