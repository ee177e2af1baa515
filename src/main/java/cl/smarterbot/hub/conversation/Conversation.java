package cl.smarterbot.hub.conversation;

import cl.smarterbot.hub.event.Attempt;
import cl.smarterbot.hub.event.EventConstants;
import cl.smarterbot.hub.event.EventPostponedException;
import cl.smarterbot.hub.tenancy.IntentRule;
import cl.smarterbot.hub.tenancy.Tenant;
import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;

/**
 * The decisions of the conversational loop, as steps of its routes. They talk through variables:
 *
 * <ul>
 *   <li>{@code said}: the message as its event carries it; of it {@code conversationId} and {@code messageId}, and
 *       {@code botUser}, under which the bot knows the conversation
 *   <li>{@code mine}: whether the bot may act on it at all
 *   <li>{@code turn}: the row of {@code hub.take_turn}
 *   <li>{@code still}: whose the conversation is right before the end; of it {@code ours} and {@code unsent}
 *   <li>{@code result}: what the bot understood (intent, confidence, slots, replies, handoff, reason)
 *   <li>{@code decision}: what follows from it (action, intent, confidence, reason, low_turns); of it {@code action},
 *       {@code intent} and {@code confidence}
 * </ul>
 */
public final class Conversation {

    /** Turns in a row below the threshold after which a person is asked. */
    private static final int LOW_TURNS = 2;

    private static final int LONGEST_REPLY = 4_000;
    private static final String HANDOFF = "handoff";
    private static final String ASK_AGAIN =
            "No estoy seguro de haber entendido. ¿Me lo puede decir con otras palabras?";

    private static final Pattern NUMBER = Pattern.compile("[\\p{L}\\p{N} /._-]{1,40}");
    private static final Pattern DIGITS = Pattern.compile("[0-9]+");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TenantRegistry registry;

    public Conversation(TenantRegistry registry) {
        this.registry = registry;
    }

    /**
     * The loop guard. The bot acts on what a customer wrote and on nothing else: not on its own words, not on notes, not on what
     * people, templates or activities say, not for a blocked contact, and not where the tenant has no bot.
     */
    public void guard(Exchange exchange) {
        Map<?, ?> said = exchange.getMessage().getBody(Map.class);
        Tenant.BotSettings bot = bot(exchange);
        boolean mine = bot != null
                && said != null
                && "incoming".equals(said.get("message_type"))
                && !Boolean.TRUE.equals(said.get("private"))
                && !Boolean.TRUE.equals(said.get("blocked"))
                && said.get("hub_event_id") == null;
        boolean stale = said != null && Boolean.TRUE.equals(said.get("stale"));
        exchange.setVariable("said", said);
        if (said != null) {
            exchange.setVariable("conversationId", said.get("conversation_id"));
            exchange.setVariable("messageId", said.get("message_id"));
            exchange.setVariable(
                    "botUser",
                    text(said.get("account_id"))
                            + '-'
                            + text(said.get("contact_id"))
                            + '-'
                            + text(said.get("conversation_id")));
        }
        // Heard of so late that an answer would only puzzle: set aside, or it would be part of the next turn.
        exchange.setVariable("stale", mine && stale);
        mine &= !stale;
        exchange.setVariable("mine", mine);
        exchange.setVariable("pause", bot == null ? 0 : bot.turnPauseMillis());
        exchange.setVariable("answers", bot == null ? "pending" : bot.answers());
    }

    /**
     * Reads whose turn it is.
     *
     * @throws EventPostponedException if the customer may still be writing
     */
    public void turn(Exchange exchange) {
        Map<?, ?> turn = exchange.getVariable("turn", Map.class);
        String verdict = turn == null ? "taken" : String.valueOf(turn.get("verdict"));
        if (verdict.equals("wait")) {
            throw new EventPostponedException(Duration.ofMillis(((Number) turn.get("wait_ms")).longValue()));
        }
        boolean answering = verdict.equals("turn");
        exchange.setVariable("answering", answering);
        if (!answering) {
            return;
        }
        Object content = turn.get("content");
        Object stored = turn.get("result");
        Map<String, Object> before =
                kept(stored != null ? stored : exchange.getMessage().getHeader(EventConstants.MEMO));
        if (before != null) {
            // A turn means the same in every attempt: asked again, the bot might say something else.
            exchange.setVariable("result", before);
        } else if (content == null || content.toString().isBlank()) {
            // A picture alone: nothing that the bot could understand, and somebody should look.
            exchange.setVariable(
                    "result", Map.of("intent", "none", "confidence", 0, HANDOFF, true, "reason", "attachment"));
        } else {
            exchange.getMessage().setBody(content.toString());
        }
    }

    /** Reads whose the conversation is by now into the variables {@code ours} and {@code unsent}; of no known one, nobody's. */
    public void owner(Exchange exchange) {
        Map<?, ?> still = exchange.getVariable("still") instanceof Map<?, ?> row ? row : Map.of();
        exchange.setVariable("ours", Boolean.TRUE.equals(still.get("ours")));
        exchange.setVariable("unsent", Boolean.TRUE.equals(still.get("unsent")));
    }

    /** Has the next attempt know the result, should this one fail. */
    public void remember(Exchange exchange) {
        Attempt.memo(exchange, json(exchange.getVariable("result", Map.class)));
    }

    /** The result as JSON text in the variable {@code kept}, to be stored with the turn. */
    public void keep(Exchange exchange) {
        exchange.setVariable("kept", json(exchange.getVariable("result", Map.class)));
    }

    private static String json(Map<?, ?> result) {
        try {
            return JSON.writeValueAsString(result);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the bot's result cannot be stored", e);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> kept(Object json) {
        try {
            return json == null ? null : JSON.readValue(json.toString(), Map.class);
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** What follows from what the bot understood, by the tenant's intent table. */
    public void decide(Exchange exchange) {
        Map<?, ?> result = exchange.getVariable("result", Map.class);
        Map<?, ?> turn = exchange.getVariable("turn", Map.class);
        Tenant.BotSettings bot = bot(exchange);
        String intent =
                result.get("intent") == null ? "none" : result.get("intent").toString();
        double confidence =
                result.get("confidence") instanceof Number n ? Math.max(0, Math.min(1, n.doubleValue())) : 0;
        int lowTurns = turn != null && turn.get("low_turns") instanceof Number n ? n.intValue() : 0;
        IntentRule rule = registry.intent(TenantScope.of(exchange).orElseThrow(), intent);
        double threshold = rule.threshold() != null ? rule.threshold() : bot.threshold();

        String action = rule.action();
        String reason = null;
        if (Boolean.TRUE.equals(result.get(HANDOFF))) {
            action = HANDOFF;
            reason = result.get("reason") == null
                    ? "bot_asked"
                    : result.get("reason").toString();
        } else if (rule.sensitive()) {
            action = HANDOFF;
            reason = intent + "_sensitive";
        } else if (confidence < threshold || intent.equals("none")) {
            lowTurns++;
            action = lowTurns >= LOW_TURNS ? HANDOFF : "ask-again";
            reason = "low_confidence";
        } else {
            lowTurns = 0;
            reason = action.equals(HANDOFF) ? intent : null;
        }
        Map<String, Object> decision = new LinkedHashMap<>();
        decision.put("action", action);
        decision.put("intent", intent);
        decision.put("confidence", Math.round(confidence * 100) / 100.0);
        decision.put("reason", reason);
        decision.put("low_turns", action.equals(HANDOFF) ? 0 : lowTurns);
        decision.put("lead_stage", rule.leadStage());
        decided(exchange, decision);
        exchange.setVariable("slots", result.get("slots") instanceof Map<?, ?> slots ? slots : Map.of());
        exchange.setVariable("template", rule.reply());
    }

    /** The bot's own words as the body, or that the customer may say it again; null if the bot has none. */
    public void botReply(Exchange exchange) {
        if ("ask-again".equals(decision(exchange).get("action"))) {
            askAgain(exchange);
            return;
        }
        String template = exchange.getVariable("template", String.class);
        exchange.getMessage().setBody(template != null ? Replies.fill(template, facts(exchange)) : botsWords(exchange));
    }

    private static void askAgain(Exchange exchange) {
        String words = botsWords(exchange);
        exchange.getMessage().setBody(words == null ? ASK_AGAIN : words);
    }

    /**
     * Looks for the customer's own orders: by the number in the message if there is one, and always by the customer's address.
     * Whoever is not known by an address that somebody vouches for learns nothing. Sets the variable {@code known}.
     */
    public void orderDomain(Exchange exchange) {
        ownRecords(exchange, "order", List.of());
    }

    /** The same for posted invoices to customers. */
    public void invoiceDomain(Exchange exchange) {
        ownRecords(
                exchange,
                "invoice",
                List.of(List.of("move_type", "=", "out_invoice"), List.of("state", "=", "posted")));
    }

    private static void ownRecords(Exchange exchange, String slot, List<List<Object>> more) {
        Map<?, ?> slots = exchange.getVariable("slots", Map.class);
        String email = vouchedEmail(exchange);
        exchange.setVariable("known", email != null);
        if (email == null) {
            handOver(exchange, "customer_unknown");
            return;
        }
        List<Object> domain = new java.util.ArrayList<>(more);
        domain.add(List.of("partner_id.email", "=", email));
        Object number = slots == null ? null : slots.get(slot);
        if (number != null && NUMBER.matcher(number.toString()).matches()) {
            // The customer says 12 or S00012; the name ends with the digits either way.
            Matcher digits = DIGITS.matcher(number.toString());
            domain.add(List.of("name", "like", digits.find() ? digits.group() : ""));
        }
        exchange.getMessage().setBody(domain);
    }

    /** The address that the customer is known by; null if there is none, or nobody vouches for it. */
    static String vouchedEmail(Exchange exchange) {
        Map<?, ?> turn = exchange.getVariable("turn", Map.class);
        Map<?, ?> said = exchange.getVariable("said", Map.class);
        Object email = turn == null ? null : turn.get("customer_email");
        boolean vouched = said != null && Boolean.TRUE.equals(said.get("verified"));
        return email == null || email.toString().isBlank() || !vouched ? null : email.toString();
    }

    /** Changes the decision: a person answers after all. */
    static void handOver(Exchange exchange, String reason) {
        Map<String, Object> decision = new LinkedHashMap<>();
        decision(exchange).forEach((key, value) -> decision.put(String.valueOf(key), value));
        decision.put("action", HANDOFF);
        decision.put("reason", reason);
        decision.put("low_turns", 0);
        decided(exchange, decision);
    }

    /** By themselves, too: what a route reads of a map costs it a copy of the exchange. */
    private static void decided(Exchange exchange, Map<String, Object> decision) {
        exchange.setVariable("decision", decision);
        for (String name : List.of("action", "intent", "confidence")) {
            exchange.setVariable(name, decision.get(name));
        }
    }

    /** Whether there are words to send; without any, a person answers. Sets the variable {@code speaks}. */
    public void speaks(Exchange exchange) {
        boolean speaks = exchange.getMessage().getBody() instanceof String words && !words.isBlank();
        exchange.setVariable("speaks", speaks);
        if (!speaks) {
            handOver(exchange, "no_reply");
        }
    }

    /** What the customer reads when a person takes over. */
    public void handoffReply(Exchange exchange) {
        exchange.getMessage().setBody("Un momento, por favor: le va a responder una persona de nuestro equipo.");
    }

    /** Orders found in Odoo as words for the customer. */
    public void orderReply(Exchange exchange) {
        reply(exchange, Replies.orders(rows(exchange)));
    }

    /** Invoices found in Odoo as words for the customer. */
    public void invoiceReply(Exchange exchange) {
        reply(exchange, Replies.invoices(rows(exchange)));
    }

    /** Products found as words for the customer. */
    public void productReply(Exchange exchange) {
        reply(exchange, Replies.products(rows(exchange)));
    }

    /** That somebody will call, after a lead was made. */
    public void leadReply(Exchange exchange) {
        reply(exchange, "Gracias. Ya pasamos su solicitud a nuestro equipo de ventas, que le escribirá a la brevedad.");
    }

    /** That the data were noted. */
    public void contactReply(Exchange exchange) {
        reply(exchange, "Gracias, anotamos sus datos.");
    }

    private void reply(Exchange exchange, String words) {
        String template = exchange.getVariable("template", String.class);
        exchange.getMessage()
                .setBody(template == null || words == null ? words : Replies.fill(template, facts(exchange)));
    }

    /** The body of {@code intent.resolved}: what the conversation now knows, and no word of what was said. */
    public void resolved(Exchange exchange) {
        Map<String, Object> body = update(exchange);
        body.put("handled_by_ai", true);
        exchange.getMessage().setBody(body);
    }

    /** The body of {@code conversation.handoff}: whose the conversation is from now on, and why; no word of what was said. */
    public void handedOff(Exchange exchange) {
        Map<String, Object> body = update(exchange);
        body.put("owner", "human");
        body.put("status", "open");
        body.put("handoff_reason", decision(exchange).get("reason"));
        exchange.getMessage().setBody(body);
    }

    /** Reads {@code conversation.handoff} into the variable {@code handoff}. */
    public void handoff(Exchange exchange) {
        exchange.setVariable("handoff", exchange.getMessage().getBody(Map.class));
    }

    /** A note for the person who takes over: why, and the last turns. Of the variables {@code handoff} and {@code lastTurns}. */
    public void note(Exchange exchange) {
        Map<?, ?> handoff = exchange.getVariable("handoff", Map.class);
        Object words = exchange.getVariable("lastTurns", Map.class).get("words");
        exchange.getMessage()
                .setBody("El bot entrega esta conversación.\nMotivo: " + Replies.reason(handoff.get("handoff_reason"))
                        + "\nIntención: " + handoff.get("intent") + " (confianza " + handoff.get("confidence") + ")"
                        + "\nÚltimos mensajes:\n"
                        + (words == null ? "(sin texto)" : Replies.cut(words.toString(), LONGEST_REPLY)));
    }

    private static Map<String, Object> update(Exchange exchange) {
        Map<?, ?> said = exchange.getVariable("said", Map.class);
        Map<?, ?> decision = decision(exchange);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("account_id", said.get("account_id"));
        body.put("conversation_id", said.get("conversation_id"));
        body.put("intent", decision.get("intent"));
        body.put("confidence", decision.get("confidence"));
        body.put("low_turns", decision.get("low_turns"));
        Object lead = exchange.getVariable("leadId");
        if (lead instanceof Number) {
            body.put("odoo_lead_id", lead);
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (String field : List.of("intent", "confidence", "action", "reason")) {
            if (decision.get(field) != null) {
                metadata.put(field, decision.get(field));
            }
        }
        exchange.getMessage().setHeader(EventConstants.METADATA, metadata);
        return body;
    }

    private static Map<?, ?> decision(Exchange exchange) {
        return exchange.getVariable("decision", Map.class);
    }

    private static String text(Object value) {
        return value == null ? "" : value.toString();
    }

    private static String botsWords(Exchange exchange) {
        Map<?, ?> result = exchange.getVariable("result", Map.class);
        if (!(result.get("replies") instanceof List<?> replies) || replies.isEmpty()) {
            return null;
        }
        StringBuilder words = new StringBuilder();
        for (Object reply : replies) {
            words.append(words.isEmpty() ? "" : "\n").append(reply);
        }
        return words.isEmpty() ? null : Replies.cut(words.toString(), LONGEST_REPLY);
    }

    private static Map<String, Object> facts(Exchange exchange) {
        Map<String, Object> facts = new LinkedHashMap<>();
        Map<?, ?> turn = exchange.getVariable("turn", Map.class);
        if (turn != null && turn.get("customer_name") != null) {
            facts.put("name", turn.get("customer_name"));
        }
        Map<?, ?> slots = exchange.getVariable("slots", Map.class);
        if (slots != null) {
            slots.forEach((key, value) -> facts.put(String.valueOf(key), value));
        }
        String bots = botsWords(exchange);
        if (bots != null) {
            facts.put("reply", bots);
        }
        List<Map<String, Object>> rows = rows(exchange);
        if (!rows.isEmpty()) {
            rows.get(0).forEach(facts::putIfAbsent);
        }
        return facts;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> rows(Exchange exchange) {
        return exchange.getMessage().getBody() instanceof List<?> list
                        && list.stream().allMatch(Map.class::isInstance)
                ? (List<Map<String, Object>>) list
                : List.of();
    }

    private Tenant.BotSettings bot(Exchange exchange) {
        return TenantScope.of(exchange)
                .flatMap(registry::byRut)
                .filter(Tenant::active)
                .map(Tenant::bot)
                .orElse(null);
    }
}
