package cl.smarterbot.hub.contact;

import java.util.HashMap;
import java.util.Map;

/** Tells Spanish, English and Portuguese apart by the small words that only one of them has. */
public final class Languages {

    /** What the first words do not tell, the rest will not tell either. */
    private static final int READ = 2_000;

    private static final int FEWEST_WORDS = 4;
    private static final int LONGEST_WORD = 16;
    private static final int FEWEST_POINTS = 2;
    private static final String[] NAMES = {"es", "en", "pt"};
    private static final Map<String, Integer> WORDS = new HashMap<>();

    static {
        words(
                0,
                "el los las y con del una un unos en al hola gracias quiero necesito necesitamos tienen tiene cuánto cuanto");
        words(
                0,
                "precio precios muy pero más hay buenas buenos días usted ustedes yo mi su sus lo le les qué dónde donde");
        words(
                0,
                "cuando también tambien es son quisiera podrían podrian hacer cotización cotizacion cotizar saludos estoy");
        words(0, "está están hasta sin ella ellos nosotros nuestro nuestra hoy mañana ahora soy fue ya si sí sobre");
        words(
                1,
                "the and you is are to of for with have has this that we would like please hello hi thanks thank what how");
        words(
                1,
                "price need want your my can does it in on be from our not am i was there when where which could do about");
        words(
                2,
                "um uma não você vocês obrigado obrigada olá em é são muito mais quero preciso gostaria também bom boa");
        words(
                2,
                "tem têm preço quanto pelo pela isso meu minha seu sua eu ao aos à às fazer quando onde estou está com");
        words(2, "os na nas das foi já hoje amanhã agora sem ele ela nós");
    }

    private Languages() {}

    private static void words(int language, String list) {
        for (String word : list.split(" ")) {
            // A word of two languages tells nothing.
            WORDS.merge(word, language, (a, b) -> a.equals(b) ? a : -1);
        }
    }

    /**
     * The language of a text: {@code es}, {@code en} or {@code pt}.
     *
     * @param text of any length, of which the beginning counts; may be null
     * @return null if it is short or undecided
     */
    public static String of(CharSequence text) {
        if (text == null) {
            return null;
        }
        int[] points = new int[NAMES.length];
        StringBuilder word = new StringBuilder(LONGEST_WORD + 1);
        int words = 0;
        int end = Math.min(text.length(), READ);
        for (int i = 0; i <= end; i++) {
            char c = i < end ? Character.toLowerCase(text.charAt(i)) : ' ';
            switch (c) {
                case 'ñ', '¿', '¡' -> points[0] += 2;
                case 'ã', 'õ', 'ç', 'ê' -> points[2] += 2;
                default -> {}
            }
            boolean inside = Character.isLetterOrDigit(c) || c == '@' || c == '_' || c == '\'';
            // The dots of an address are not those of a sentence: smarterbot.com has no Portuguese in it.
            boolean joint = (c == '.' || c == ':' || c == '/' || c == '-')
                    && i + 1 < end
                    && !Character.isWhitespace(text.charAt(i + 1));
            if (inside || joint) {
                if (word.length() <= LONGEST_WORD) {
                    word.append(c);
                }
            } else if (!word.isEmpty()) {
                words++;
                if (word.length() <= LONGEST_WORD) {
                    int language = WORDS.getOrDefault(word.toString(), -1);
                    if (language >= 0) {
                        points[language]++;
                    }
                }
                word.setLength(0);
            }
        }
        return words < FEWEST_WORDS ? null : winner(points);
    }

    private static String winner(int[] points) {
        int best = 0;
        for (int i = 1; i < points.length; i++) {
            if (points[i] > points[best]) {
                best = i;
            }
        }
        for (int i = 0; i < points.length; i++) {
            if (i != best && points[i] == points[best]) {
                return null;
            }
        }
        return points[best] >= FEWEST_POINTS ? NAMES[best] : null;
    }
}
