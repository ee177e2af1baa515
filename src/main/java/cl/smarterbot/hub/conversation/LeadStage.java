package cl.smarterbot.hub.conversation;

import cl.smarterbot.hub.tenancy.TenantRegistry;
import cl.smarterbot.hub.tenancy.TenantScope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a lead goes when its conversation is resolved, as steps of {@code conversation-lead-stage.yaml}:
 *
 * <ul>
 *   <li>{@code changed}: the change of a conversation as its event carries it
 *   <li>{@code lead}: the row of {@code lead-of-conversation.sql}
 *   <li>{@code stage}: name of the stage; null if the lead stays where it is
 * </ul>
 */
public final class LeadStage {

    private static final Logger LOG = LoggerFactory.getLogger(LeadStage.class);
    private static final String STAGE = "stage";

    private final TenantRegistry registry;

    public LeadStage(TenantRegistry registry) {
        this.registry = registry;
    }

    /** Notes the lead in the variable {@code leadId} with what the bot understood in {@code result}: that intent made it. */
    public void remember(Exchange exchange) {
        Map<String, Object> result = new LinkedHashMap<>();
        exchange.getVariable("result", Map.class).forEach((key, value) -> result.put(String.valueOf(key), value));
        result.put("lead", exchange.getVariable("leadId"));
        exchange.setVariable("result", result);
    }

    /** Reads the change; sets {@code resolved}. */
    public void read(Exchange exchange) {
        Map<?, ?> changed = exchange.getMessage().getBody(Map.class);
        exchange.setVariable("changed", changed);
        exchange.setVariable("resolved", changed != null && Boolean.TRUE.equals(changed.get("resolved")));
    }

    /** Looks up the stage by the intent that made the lead. */
    public void choose(Exchange exchange) {
        Map<?, ?> lead = exchange.getVariable("lead", Map.class);
        String stage = lead == null || lead.get("odoo_lead_id") == null || lead.get("lead_intent") == null
                ? null
                : registry.intent(
                                TenantScope.of(exchange).orElseThrow(),
                                lead.get("lead_intent").toString())
                        .leadStage();
        exchange.setVariable(STAGE, stage);
        exchange.getMessage().setBody(stage == null ? List.of() : List.of(List.of("name", "=", stage)));
    }

    /** What to write, of the stages in the body; {@code stage} is null if Odoo has none of that name. */
    public void move(Exchange exchange) {
        List<?> stages = exchange.getMessage().getBody(List.class);
        if (stages.isEmpty() || !(stages.get(0) instanceof Map<?, ?> stage)) {
            LOG.warn(
                    "Odoo of {} has no CRM stage of the name that hub.intent gives as lead_stage: the lead stays",
                    TenantScope.of(exchange).orElseThrow());
            exchange.setVariable(STAGE, null);
            return;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("id", exchange.getVariable("lead", Map.class).get("odoo_lead_id"));
        values.put("stage_id", stage.get("id"));
        exchange.getMessage().setBody(values);
    }
}
