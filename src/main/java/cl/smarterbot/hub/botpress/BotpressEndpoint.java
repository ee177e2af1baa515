package cl.smarterbot.hub.botpress;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * {@code botpress:intent}. In: the text of one turn. Out: a map with {@code intent} ({@code none} if the bot knew none),
 * {@code confidence} (0 to 1), {@code language} (null if unknown), {@code slots} (name to value), {@code entities} (maps of
 * name, value, confidence, source), {@code replies} (texts in order), {@code handoff} (whether the bot asks for a person) and
 * {@code source} ({@code botpress-v12} or {@code botpress-cloud}).
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "botpress",
        title = "Botpress",
        syntax = "botpress:operation",
        producerOnly = true,
        remote = true,
        category = {Category.SAAS, Category.AI})
public class BotpressEndpoint extends DefaultEndpoint {
    @UriPath(enums = "intent")
    @Metadata(required = true)
    private final String operation;

    @UriParam
    @Metadata(required = true)
    private String conversation;

    @UriParam
    private String contexts;

    @UriParam
    private Duration timeout = Duration.ofSeconds(15);

    @UriParam
    private boolean failureAsResult;

    @UriParam
    private int maxTextLength = 360;

    @UriParam
    private Duration pollPause = Duration.ofMillis(250);

    @UriParam
    private Duration quiet = Duration.ofMillis(700);

    BotpressEndpoint(String uri, BotpressComponent component, String operation) {
        super(uri, component);
        this.operation = operation;
    }

    void validate() {
        List<String> wrong = new ArrayList<>();
        if (conversation == null || conversation.isBlank()) {
            wrong.add("conversation is missing");
        }
        positive(wrong, "timeout", timeout);
        positive(wrong, "pollPause", pollPause);
        positive(wrong, "quiet", quiet);
        if (maxTextLength < 10) {
            wrong.add("maxTextLength must be 10 or more");
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException("botpress:" + operation + ": " + String.join(", ", wrong));
        }
    }

    private static void positive(List<String> wrong, String name, Duration value) {
        if (value == null || value.isNegative() || value.isZero()) {
            wrong.add(name + " must be positive");
        }
    }

    TurnOptions options() {
        return new TurnOptions(timeout, maxTextLength, pollPause, quiet);
    }

    @Override
    public Producer createProducer() {
        return new BotpressProducer(this);
    }

    /**
     * Not supported: replies of cloud bots come to a webhook door.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("botpress endpoints only send");
    }

    @Override
    public BotpressComponent getComponent() {
        return (BotpressComponent) super.getComponent();
    }

    /** What to do; {@code intent}. */
    public String getOperation() {
        return operation;
    }

    /**
     * Simple expression that names the conversation, such as {@code ${body[account]}-${body[contact]}-${body[conversation]}}. The
     * bot gets an opaque id made from it, the same for the same value.
     */
    public String getConversation() {
        return conversation;
    }

    public void setConversation(String conversation) {
        this.conversation = conversation;
    }

    /** NLU contexts of v12, comma separated, as a Simple expression; null for the server's default. */
    public String getContexts() {
        return contexts;
    }

    public void setContexts(String contexts) {
        this.contexts = contexts;
    }

    /** Time for a whole turn, waiting included. */
    public Duration getTimeout() {
        return timeout;
    }

    /** Whether a bot that is away or too slow is as good as one that asks for a person: the result then says so. */
    public boolean isFailureAsResult() {
        return failureAsResult;
    }

    public void setFailureAsResult(boolean failureAsResult) {
        this.failureAsResult = failureAsResult;
    }

    public void setTimeout(Duration timeout) {
        this.timeout = timeout;
    }

    /** What a v12 server takes of a text ({@code converse.maxMessageLength}); the rest is not sent. */
    public int getMaxTextLength() {
        return maxTextLength;
    }

    public void setMaxTextLength(int maxTextLength) {
        this.maxTextLength = maxTextLength;
    }

    /** Cloud: first pause between looks for replies; it grows to two seconds. */
    public Duration getPollPause() {
        return pollPause;
    }

    public void setPollPause(Duration pollPause) {
        this.pollPause = pollPause;
    }

    /** Cloud: replies are complete when nothing more has come for so long. */
    public Duration getQuiet() {
        return quiet;
    }

    public void setQuiet(Duration quiet) {
        this.quiet = quiet;
    }
}
