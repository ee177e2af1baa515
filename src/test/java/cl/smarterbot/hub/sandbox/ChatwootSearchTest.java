package cl.smarterbot.hub.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The search of the sandbox's Chatwoot")
class ChatwootSearchTest {
    private static final ChatwootAccount ACCOUNT = new ChatwootAccount(1, "A", Map.of());
    private static final String LETTERS = "ab@+_.%1A";

    private static String text(Random random, int most) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(most) + 1; i > 0; i--) {
            text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return text.toString();
    }

    private static ChatwootContact contact(Random random, int id) {
        ChatwootContact contact = new ChatwootContact(id, ACCOUNT, Instant.EPOCH);
        contact.name = text(random, 8);
        contact.email = random.nextBoolean() ? null : text(random, 8).toLowerCase(Locale.ROOT);
        contact.phone = random.nextBoolean() ? null : "+" + text(random, 5);
        contact.identifier = random.nextBoolean() ? null : text(random, 8);
        return contact;
    }

    @Test
    @DisplayName("finds by its index just what a look at every contact finds")
    void indexMissesNothing() {
        Random random = new Random(7);
        ChatwootSearch search = new ChatwootSearch();
        List<ChatwootContact> all = new ArrayList<>();
        for (int id = 1; id <= 400; id++) {
            ChatwootContact contact = contact(random, id);
            search.add(contact);
            all.add(contact);
        }
        all.subList(0, 100).forEach(search::remove);
        all.subList(0, 100).clear();
        int narrowed = 0;
        int found = 0;
        for (int i = 0; i < 3_000; i++) {
            String part = text(random, 5);
            List<ChatwootContact> candidates = List.copyOf(search.candidates(part, all));
            narrowed += candidates.size() < all.size() ? 1 : 0;
            List<ChatwootContact> expected =
                    all.stream().filter(ChatwootSearch.matcher(part)).toList();
            found += expected.size();
            assertThat(candidates.stream().filter(ChatwootSearch.matcher(part)))
                    .as(part)
                    .containsExactlyInAnyOrderElementsOf(expected);
        }
        assertThat(narrowed).isGreaterThan(500);
        assertThat(found).isGreaterThan(500);
    }

    @Test
    @DisplayName("looks at few contacts for a whole address or number")
    void narrow() {
        ChatwootSearch search = new ChatwootSearch();
        List<ChatwootContact> all = new ArrayList<>();
        for (int id = 1; id <= 1_000; id++) {
            ChatwootContact contact = new ChatwootContact(id, ACCOUNT, Instant.EPOCH);
            contact.email = "visitor" + id + "@bench.example";
            contact.phone = "+5690000" + (1_000 + id);
            search.add(contact);
            all.add(contact);
        }
        assertThat(search.candidates("visitor500@bench.example", all)).hasSize(1);
        assertThat(search.candidates("+56900001500", all)).hasSize(1);
        assertThat(search.candidates("visitor", all)).isSameAs(all);
    }
}
