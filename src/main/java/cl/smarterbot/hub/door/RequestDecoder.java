package cl.smarterbot.hub.door;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.List;

/**
 * Refuses header lines that are folded over two lines. The decoder below joins them silently, and a proxy in front may have read the
 * second line as a header of its own. Only here, before lines are joined, can one see it. What follows on the connection is not read.
 */
final class RequestDecoder extends VertxHttpRequestDecoder {

    private static final String NAME = "httpDecoder";

    private boolean inHead = true;
    private boolean afterRequestLine;
    private boolean refused;

    private RequestDecoder(HttpServerOptions options) {
        super(options);
    }

    /** Puts it into a new connection, before anything is read. */
    static void install(HttpConnection connection, HttpServerOptions options) {
        ((ConnectionBase) connection).channel().pipeline().replace(NAME, NAME, new RequestDecoder(options));
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf buffer, List<Object> out) throws Exception {
        if (refused) {
            buffer.skipBytes(buffer.readableBytes());
            return;
        }
        if (inHead && isFolded(buffer)) {
            refused = true;
            HttpMessage message = createInvalidMessage();
            message.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("folded header line")));
            out.add(message);
            buffer.skipBytes(buffer.readableBytes());
            return;
        }
        int before = out.size();
        super.decode(context, buffer, out);
        for (int i = before; i < out.size(); i++) {
            Object part = out.get(i);
            if (part instanceof HttpRequest) {
                inHead = false;
            }
            if (part instanceof LastHttpContent) {
                inHead = true;
                afterRequestLine = false;
            }
        }
    }

    @Override
    protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
        afterRequestLine = true;
        return super.splitFirstWordInitialLine(line, start, length);
    }

    /** Looks at the lines of the head that are there; the decoder takes whole lines only, so that each is seen from its start. */
    private boolean isFolded(ByteBuf buffer) {
        int at = buffer.readerIndex();
        int end = buffer.writerIndex();
        if (!afterRequestLine) {
            // As the decoder does: what is blank before a request counts for nothing.
            while (at < end && (buffer.getByte(at) <= ' ' || buffer.getByte(at) == 0x7f)) {
                at++;
            }
            at = next(buffer, at, end);
        }
        while (at >= 0 && at < end) {
            byte first = buffer.getByte(at);
            if (first == ' ' || first == '\t') {
                return true;
            }
            if (first == '\n' || first == '\r' && at + 1 < end && buffer.getByte(at + 1) == '\n') {
                return false;
            }
            at = next(buffer, at, end);
        }
        return false;
    }

    /** Where the next line begins; -1 if this one has no end yet. */
    private static int next(ByteBuf buffer, int at, int end) {
        int feed = buffer.indexOf(at, end, (byte) '\n');
        return feed < 0 ? -1 : feed + 1;
    }
}
