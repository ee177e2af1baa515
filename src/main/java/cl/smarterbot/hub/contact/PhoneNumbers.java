package cl.smarterbot.hub.contact;

import com.google.i18n.phonenumbers.NumberParseException;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.PhoneNumberFormat;
import com.google.i18n.phonenumbers.Phonenumber.PhoneNumber;

/** Phone numbers as people type them, in the form that machines dial (E.164). */
public final class PhoneNumbers {

    private static final String CHILE = "CL";
    private static final int FEWEST_DIGITS = 6;
    /** E.164 has 15 at most; two more for an international prefix. */
    private static final int MOST_DIGITS = 17;
    /** What follows this many digits and a letter or a slash is an extension or another number. */
    private static final int WHOLE_NUMBER = 7;

    // Reads its tables once; safe for all threads.
    private static final PhoneNumberUtil UTIL = PhoneNumberUtil.getInstance();

    private PhoneNumbers() {}

    /**
     * The first number in a text, as {@code +56987654321}. Numbers without country are Chilean; spellings from before the
     * renumbering (8-digit mobiles, landlines without the extra 2, a leading 0) are brought up to date. Numbers of other
     * countries need their {@code +} or {@code 00}.
     *
     * @param text free text of any length; may be null
     * @return null if there is no valid number
     */
    public static String e164(String text) {
        String dialled = dialled(text);
        if (dialled == null) {
            return null;
        }
        String number = valid(dialled);
        if (number == null && (dialled.charAt(0) == '0' || dialled.startsWith("+560"))) {
            // The 0 of long distance, also written as +56 (0)9.
            dialled = dialled.substring(dialled.indexOf('0') + 1);
            number = valid(dialled);
        }
        if (number == null && dialled.length() == 8) {
            number = valid(renumbered(dialled));
        }
        return number;
    }

    /** Digits of the first number, with a leading + if it has one; null if there is none. Reads each character once. */
    private static String dialled(String text) {
        if (text == null) {
            return null;
        }
        StringBuilder digits = new StringBuilder(MOST_DIGITS + 1);
        int count = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int digit = Character.digit(c, 10);
            if (digit >= 0) {
                if (++count > MOST_DIGITS) {
                    return null;
                }
                digits.append((char) ('0' + digit));
            } else if (c == '+' || c == '\uff0b' || c == '/' || c == ',' || c == ';' || Character.isLetter(c)) {
                if (count >= WHOLE_NUMBER) {
                    break;
                }
                digits.setLength(0);
                count = 0;
                if (c == '+' || c == '\uff0b') {
                    digits.append('+');
                }
            }
        }
        if (count < FEWEST_DIGITS) {
            return null;
        }
        return digits.length() > 2 && digits.charAt(0) == '0' && digits.charAt(1) == '0'
                ? "+" + digits.substring(2)
                : digits.toString();
    }

    /** What eight digits of before 2016 are today. */
    private static String renumbered(String digits) {
        return switch (digits.charAt(0)) {
            // Santiago: area code 2, then eight digits that begin with 2.
            case '2' -> "2" + digits;
            // Area code of two digits, then six digits that got a 2 in front. Mobiles never began with 3 or 4.
            case '3', '4' -> digits.substring(0, 2) + "2" + digits.substring(2);
            default -> "9" + digits;
        };
    }

    private static String valid(String number) {
        try {
            PhoneNumber parsed = UTIL.parse(number, CHILE);
            return UTIL.isValidNumber(parsed) ? UTIL.format(parsed, PhoneNumberFormat.E164) : null;
        } catch (NumberParseException e) {
            return null;
        }
    }
}
