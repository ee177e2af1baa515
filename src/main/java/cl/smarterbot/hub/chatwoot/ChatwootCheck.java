package cl.smarterbot.hub.chatwoot;

import cl.smarterbot.hub.rest.RestCall;
import cl.smarterbot.hub.rest.RestClient;
import cl.smarterbot.hub.rest.RestException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

/** Tries a connection and says in plain words what does not work. Writes nothing. */
public final class ChatwootCheck {

    /**
     * One finding.
     *
     * @param part {@code url}, {@code token}, {@code account} or {@code inbox}
     * @param works null if it could not be tried
     */
    public record Line(String part, Boolean works, String says) {}

    private static final List<String> PARTS = List.of("url", "token", "account", "inbox");

    private final RestClient rest;

    public ChatwootCheck(RestClient rest) {
        this.rest = rest;
    }

    /** Tries url, token, account and inbox in this order, up to the first that does not work. Blocks. */
    public List<Line> run(ChatwootConnection to) {
        List<Line> lines = new ArrayList<>();
        if (to.url() == null) {
            return end(lines, "none is known: give the tenant one, or set CHATWOOT_BASE_URL");
        }
        JsonNode profile;
        try {
            profile = get(to, "/api/v1/profile");
        } catch (RestException e) {
            if (e.kind() == RestException.Kind.CREDENTIALS) {
                lines.add(new Line("url", true, to.url() + " answers"));
                return end(
                        lines,
                        "it is refused: not a user's token, or a proxy drops the header api_access_token because of its"
                                + " underscores");
            }
            return end(lines, trouble(e));
        }
        lines.add(new Line("url", true, to.url() + " answers"));
        lines.add(new Line("token", true, "it is a user's"));
        JsonNode account = null;
        for (JsonNode one : profile.path("accounts")) {
            account = one.path("id").asInt() == to.accountId() ? one : account;
        }
        if (account == null) {
            return end(lines, "the token's user does not belong to account " + to.accountId());
        }
        String role = account.path("role").asText("");
        lines.add(new Line("account", true, "the token's user is " + (role.isEmpty() ? "a member" : role)));
        try {
            JsonNode inbox = get(to, "/api/v1/accounts/" + to.accountId() + "/inboxes/" + to.inboxId());
            boolean own = inbox.path("channel_type").asText().equals("Channel::Api");
            lines.add(new Line(
                    "inbox",
                    true,
                    own
                            ? "an API inbox: visitors' words appear as theirs"
                            : "not an API inbox: visitors' words appear as private notes"));
            return lines;
        } catch (RestException e) {
            return end(
                    lines,
                    switch (e.kind()) {
                        case NOT_FOUND -> "there is no inbox " + to.inboxId() + " in the account";
                        case CREDENTIALS -> "the token's user may not see inbox " + to.inboxId();
                        default -> trouble(e);
                    });
        }
    }

    private static String trouble(RestException e) {
        return switch (e.kind()) {
            case FORBIDDEN_ADDRESS ->
                "it is an address inside a private network; hub.rest.allow-private (HUB_REST_ALLOW_PRIVATE) can allow it";
            case NOT_FOUND, GARBAGE -> "something answers, but not as a Chatwoot does: is the url right?";
            default -> e.getMessage();
        };
    }

    private static List<Line> end(List<Line> lines, String why) {
        lines.add(new Line(PARTS.get(lines.size()), false, why));
        while (lines.size() < PARTS.size()) {
            lines.add(new Line(PARTS.get(lines.size()), null, "not tried"));
        }
        return lines;
    }

    private JsonNode get(ChatwootConnection to, String path) {
        try {
            return rest.send(RestCall.builder(ChatwootApi.SYSTEM, to.tenant(), "GET", to.url() + path)
                            .header("api_access_token", to.token())
                            .build())
                    .join()
                    .json();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RestException known) {
                throw known;
            }
            throw e;
        }
    }
}
