package cl.smarterbot.hub.tenancy;

/**
 * What an intent leads to, a row of {@code hub.intent} or {@code hub.intent_default}.
 *
 * @param action word that a flow dispatches by, such as {@code order-status}
 * @param threshold least confidence; null for the tenant's own
 * @param sensitive whether a person answers, however sure the bot is
 * @param reply template of the reply with {@code {{name}}} fields; null for the action's own words
 * @param leadStage name of the stage that the lead moves to once it is resolved; null to leave it
 */
public record IntentRule(String action, Double threshold, boolean sensitive, String reply, String leadStage) {}
