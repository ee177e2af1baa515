package cl.smarterbot.hub.botpress;

/** What is sent of a long message. */
final class TurnText {
    private TurnText() {}

    /**
     * The beginning of a text, up to a word's end where there is one in its second half.
     *
     * @param most UTF-16 units, as the server counts
     */
    static String cut(String text, int most) {
        String whole = text.strip();
        if (whole.length() <= most) {
            return whole;
        }
        for (int end = most; end > most / 2; end--) {
            if (Character.isWhitespace(whole.charAt(end))) {
                return whole.substring(0, end).stripTrailing();
            }
        }
        return whole.substring(0, Character.isHighSurrogate(whole.charAt(most - 1)) ? most - 1 : most);
    }
}
