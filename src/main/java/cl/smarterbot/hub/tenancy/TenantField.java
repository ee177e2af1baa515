package cl.smarterbot.hub.tenancy;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** What the registry can be told about a tenant besides its RUT: one line for each field, its column and its rule. */
public enum TenantField {
    BUSINESS_NAME("businessName", Table.TENANTS, "business_name", 255),
    CONTACT_EMAIL("contactEmail", Table.TENANTS, "contact_email", 255, Rules::isEmail, "must be an e-mail address"),
    SLUG("slug", "slug", 63, Rules.SLUG, "must be lower-case letters, digits and hyphens, at most 63"),
    PLAN("plan", "plan", 32, Rules.PLAN, "must be a lower-case word"),
    TIME_ZONE(
            "timeZone",
            Table.SETTINGS,
            "time_zone",
            64,
            Rules::isRegion,
            "must be the name of a time zone, such as America/Santiago"),
    ODOO_URL("odooUrl", Table.SETTINGS, "odoo_url", 500, Rules::isHttpUrl, Rules.URL),
    ODOO_DB("odooDb", Table.SETTINGS, "odoo_db", 100),
    ODOO_USER("odooUser", Table.SETTINGS, "odoo_user", 200),
    ODOO_COMPANY_ID("odooCompanyId", Table.TENANTS, "odoo_company_id", Type.WHOLE),
    ODOO_TRANSPORT(
            "odooTransport",
            Table.SETTINGS,
            "odoo_transport",
            10,
            Set.of("auto", "xmlrpc", "json2")::contains,
            "must be auto, xmlrpc or json2"),
    ODOO_CREATE_LEAD("odooCreateLead", Table.SETTINGS, "odoo_create_lead", Type.FLAG),
    CHATWOOT_URL("chatwootUrl", Table.SETTINGS, "chatwoot_url", 500, Rules::isHttpUrl, Rules.URL),
    CHATWOOT_ACCOUNT_ID("chatwootAccountId", Table.SETTINGS, "chatwoot_account_id", Type.WHOLE),
    CHATWOOT_INBOX_ID("chatwootInboxId", Table.TENANTS, "chatwoot_inbox_id", Type.WHOLE),
    MAIL_FROM(
            "mailFrom",
            Table.SETTINGS,
            "mail_from",
            320,
            Rules::isMailbox,
            "must be an e-mail address, or Name <address>"),
    MAIL_ADMIN("mailAdmin", Table.SETTINGS, "mail_admin", 254, Rules::isEmail, "must be an e-mail address"),
    BOTPRESS_WORKSPACE_ID("botpressWorkspaceId", Table.TENANTS, "botpress_workspace_id", 200),
    BOTPRESS_MODE(
            "botpressMode",
            Table.SETTINGS,
            "botpress_mode",
            5,
            Set.of("v12", "cloud")::contains,
            "must be v12 or cloud"),
    BOTPRESS_URL("botpressUrl", Table.SETTINGS, "botpress_url", 500, Rules::isHttpUrl, Rules.URL),
    BOTPRESS_BOT_ID("botpressBotId", Table.SETTINGS, "botpress_bot_id", 200),
    BOTPRESS_USER("botpressUser", Table.SETTINGS, "botpress_user", 254),
    STORAGE_URL("storageUrl", Table.SETTINGS, "storage_url", 500, Rules::isHttpUrl, Rules.URL),
    STORAGE_BUCKET(
            "storageBucket",
            "storage_bucket",
            100,
            Rules.BUCKET,
            "must be lower-case letters, digits, dots, hyphens and _, at most 100"),
    STORAGE_PRODUCT_IMAGES("storageProductImages", Table.SETTINGS, "storage_product_images", Type.FLAG),
    INTENT_THRESHOLD("intentThreshold", Table.SETTINGS, "intent_threshold", Type.SHARE),
    TURN_PAUSE_MS("turnPauseMs", Table.SETTINGS, "turn_pause_ms", Type.MILLISECONDS),
    HANDOFF_TEAM_ID("handoffTeamId", Table.SETTINGS, "handoff_team_id", Type.WHOLE),
    HANDOFF_LABEL("handoffLabel", "handoff_label", 50, Rules.LABEL, "must be lower-case letters, digits, _ and -"),
    BOT_RETURNS(
            "botReturns",
            Table.SETTINGS,
            "bot_returns",
            10,
            Set.of("resolved", "given-back")::contains,
            "must be resolved or given-back"),
    BOT_ANSWERS(
            "botAnswers",
            Table.SETTINGS,
            "bot_answers",
            10,
            Set.of("pending", "open")::contains,
            "must be pending or open");

    /** How a value is written. */
    public enum Type {
        TEXT,
        /** A whole number of 1 or more. */
        WHOLE,
        /** A whole number from 0 to 60,000. */
        MILLISECONDS,
        /** A decimal number from 0 to 1. */
        SHARE,
        FLAG
    }

    private enum Table {
        TENANTS,
        SETTINGS
    }

    private final String label;
    private final Table table;
    private final String column;
    private final Type type;
    private final int longest;
    private final Predicate<String> rule;
    private final String ruleText;

    TenantField(String label, Table table, String column, Type type) {
        this(label, table, column, type, 0, value -> true, "");
    }

    TenantField(String label, Table table, String column, int longest) {
        this(label, table, column, Type.TEXT, longest, value -> true, "");
    }

    TenantField(String label, Table table, String column, int longest, Predicate<String> rule, String ruleText) {
        this(label, table, column, Type.TEXT, longest, rule, ruleText);
    }

    TenantField(String label, String column, int longest, Pattern pattern, String ruleText) {
        this(
                label,
                Table.SETTINGS,
                column,
                Type.TEXT,
                longest,
                v -> pattern.matcher(v).matches(),
                ruleText);
    }

    TenantField(
            String label, Table table, String column, Type type, int longest, Predicate<String> rule, String ruleText) {
        this.label = label;
        this.table = table;
        this.column = column;
        this.type = type;
        this.longest = longest;
        this.rule = rule;
        this.ruleText = ruleText;
    }

    /** Its name in the admin API and in messages. */
    public String label() {
        return label;
    }

    public Type type() {
        return type;
    }

    String column() {
        return column;
    }

    String updateSql() {
        return table == Table.TENANTS
                ? "update public.tenants set " + column + " = ?, updated_at = now() where rut = ?"
                : "update hub.tenant_settings set " + column + " = ?, updated_at = now() where tenant_rut = ?";
    }

    /** The rule that a value of the field's type breaks; null if it is fine. */
    public String brokenRule(Object value) {
        return switch (type) {
            case FLAG -> null;
            case WHOLE -> (Integer) value < 1 ? "must be 1 or more" : null;
            case MILLISECONDS -> (Integer) value < 0 || (Integer) value > 60_000 ? "must be 0 to 60000" : null;
            case SHARE -> {
                java.math.BigDecimal share = (java.math.BigDecimal) value;
                boolean fits = share.signum() >= 0 && share.compareTo(java.math.BigDecimal.ONE) <= 0;
                yield fits ? null : "must be a number from 0 to 1";
            }
            case TEXT -> brokenRule((String) value);
        };
    }

    private String brokenRule(String value) {
        if (value.length() > longest) {
            return "must have at most " + longest + " characters";
        }
        if (value.chars().anyMatch(Character::isISOControl)) {
            return "must not have control characters";
        }
        return rule.test(value) ? null : ruleText;
    }

    private static final class Rules {
        static final Pattern SLUG = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
        static final Pattern PLAN = Pattern.compile("[a-z][a-z0-9_-]*");
        static final Pattern LABEL = Pattern.compile("[a-z0-9_-]+");
        static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");
        static final Pattern EMAIL = Pattern.compile("[^\\s@<>,;\"]+@[^\\s@<>,;\"]+\\.[^\\s@<>,;\"]+");
        static final Pattern NAMED = Pattern.compile("[^<>\"@,;]{1,64} <([^<>]+)>");
        static final String URL = "must be an http or https URL without user, query or fragment";

        static boolean isEmail(String text) {
            return EMAIL.matcher(text).matches();
        }

        static boolean isMailbox(String text) {
            var named = NAMED.matcher(text);
            return isEmail(named.matches() ? named.group(1) : text);
        }

        static boolean isHttpUrl(String text) {
            try {
                URI uri = new URI(text);
                return ("http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme()))
                        && uri.getHost() != null
                        && uri.getRawUserInfo() == null
                        && uri.getRawQuery() == null
                        && uri.getRawFragment() == null;
            } catch (URISyntaxException e) {
                return false;
            }
        }

        static boolean isRegion(String name) {
            try {
                return ZoneId.getAvailableZoneIds().contains(ZoneId.of(name).getId());
            } catch (DateTimeException e) {
                return false;
            }
        }
    }
}
