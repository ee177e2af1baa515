package cl.smarterbot.hub.contact;

/** A text that counts how often a character of it is looked at: work that is bounded, whatever the machine. */
final class Counted implements CharSequence {

    private final String text;
    private int looks;

    Counted(String text) {
        this.text = text;
    }

    int looks() {
        return looks;
    }

    @Override
    public int length() {
        return text.length();
    }

    @Override
    public char charAt(int index) {
        looks++;
        return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        throw new AssertionError("a copy of a part would hide work");
    }

    @Override
    public String toString() {
        throw new AssertionError("a copy would hide work");
    }
}
