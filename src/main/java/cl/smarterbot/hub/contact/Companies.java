package cl.smarterbot.hub.contact;

import java.net.IDN;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/** Guesses the company of a person from the domain of the e-mail address. */
public final class Companies {

    private static final int LONGEST_ADDRESS = 320;
    /** Sells addresses to everybody, under whatever top-level domain. */
    private static final Set<String> MAILBOX_NAMES = Set.of(
            "gmail",
            "googlemail",
            "hotmail",
            "outlook",
            "live",
            "msn",
            "yahoo",
            "ymail",
            "rocketmail",
            "icloud",
            "aol",
            "gmx",
            "protonmail",
            "tutanota",
            "yandex",
            "zohomail",
            "fastmail",
            "hushmail",
            "mailinator",
            "yopmail",
            "terra",
            "uol",
            "vtr",
            "entel",
            "entelchile",
            "entelnet",
            "manquehue",
            "ctcinternet",
            "chilesat",
            "telsur",
            "surnet",
            "gtdmail",
            "qq",
            "163",
            "126",
            "naver");

    private static final Set<String> MAILBOX_DOMAINS = Set.of(
            "me.com",
            "mac.com",
            "mail.com",
            "email.com",
            "usa.net",
            "inbox.com",
            "proton.me",
            "pm.me",
            "tuta.io",
            "tuta.com",
            "mail.ru",
            "bk.ru",
            "list.ru",
            "bol.com.br",
            "ig.com.br",
            "123.cl",
            "123mail.cl",
            "tie.cl",
            "mi.cl",
            "adsl.tie.cl",
            "web.de",
            "t-online.de",
            "orange.fr",
            "free.fr",
            "wanadoo.fr",
            "laposte.net",
            "libero.it",
            "att.net",
            "comcast.net",
            "verizon.net");
    /** Names under which others register below a country's domain. */
    private static final Set<String> SECOND_LEVEL = Set.of(
            "com", "co", "gob", "gov", "gub", "gouv", "org", "or", "net", "ne", "edu", "ac", "mil", "int", "nom", "ind",
            "info", "web", "tur", "art", "adv", "eng", "med", "ltd", "plc", "sch");

    private Companies() {}

    /**
     * The company that an address tells of: {@code ventas@ferreteria-sur.cl} is of {@code Ferreteria Sur}.
     *
     * @param email an address, Unicode or punycode; may be null
     * @return null if the domain sells mailboxes to everybody or tells nothing
     */
    public static String ofEmail(String email) {
        if (email == null || email.length() > LONGEST_ADDRESS) {
            return null;
        }
        String domain = email.substring(email.lastIndexOf('@') + 1).toLowerCase(Locale.ROOT);
        if (domain.length() == email.length() || domain.isEmpty()) {
            return null;
        }
        // Never throws; what it cannot read it leaves.
        String[] labels = IDN.toUnicode(domain, IDN.ALLOW_UNASSIGNED).split("\\.");
        int last = labels.length - 1;
        boolean country = last >= 1 && labels[last].length() == 2;
        int own = country && SECOND_LEVEL.contains(labels[last - 1]) ? last - 2 : last - 1;
        if (own < 0) {
            return null;
        }
        String name = labels[own];
        String registered = String.join(".", Arrays.copyOfRange(labels, own, labels.length));
        if (MAILBOX_NAMES.contains(name) || MAILBOX_DOMAINS.contains(registered) || name.startsWith("xn--")) {
            return null;
        }
        String words = name.replace('-', ' ').replace('_', ' ').strip();
        if (words.codePoints().noneMatch(Character::isLetter)) {
            return null;
        }
        // Three letters are an abbreviation: uc.cl, bci.cl.
        return words.length() <= 3 ? words.toUpperCase(Locale.ROOT) : PersonNames.tidy(words);
    }
}
