package cl.smarterbot.hub.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {

    private static final RetryPolicy EXACT = new RetryPolicy(8, Duration.ofSeconds(5), 5, Duration.ofHours(24), 0);

    @Test
    @DisplayName("the pause grows by the multiplier: 5 s, 25 s, 125 s, to 21.7 h after the seventh failure")
    void grows() {
        assertThat(IntStream.rangeClosed(1, 7)
                        .mapToLong(n -> EXACT.delayAfter(n, null).toSeconds()))
                .containsExactly(5L, 25L, 125L, 625L, 3125L, 15_625L, 78_125L);
    }

    @Test
    @DisplayName("the pause never passes the longest pause, however many attempts there were")
    void capped() {
        assertThat(EXACT.delayAfter(9, null)).isEqualTo(Duration.ofHours(24));
        assertThat(EXACT.delayAfter(100_000, null)).isEqualTo(Duration.ofHours(24));
    }

    @Test
    @DisplayName("jitter spreads the pause around its value by the share given and no further")
    void jitter() {
        RetryPolicy policy = RetryPolicy.DEFAULT;
        Set<Long> seen = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            long pause = policy.delayAfter(1, null).toMillis();
            assertThat(pause).isBetween(4_000L, 6_000L);
            seen.add(pause);
        }
        assertThat(seen).as("different pauses").hasSizeGreaterThan(300);
    }

    @Test
    @DisplayName("a Retry-After longer than the pause is honoured, a shorter one does not shorten the pause")
    void retryAfter() {
        assertThat(EXACT.delayAfter(1, Duration.ofMinutes(3))).isEqualTo(Duration.ofMinutes(3));
        assertThat(EXACT.delayAfter(1, Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    @DisplayName("a Retry-After of a year is cut to the longest pause")
    void retryAfterCapped() {
        assertThat(EXACT.delayAfter(1, Duration.ofDays(365))).isEqualTo(Duration.ofHours(24));
    }

    @Test
    @DisplayName("attempts are used up with the last one, not one later")
    void exhausted() {
        assertThat(EXACT.exhausted(7)).isFalse();
        assertThat(EXACT.exhausted(8)).isTrue();
        assertThat(EXACT.exhausted(9)).isTrue();
    }

    @Test
    @DisplayName("a policy that could never work is refused")
    void refused() {
        Duration second = Duration.ofSeconds(1);
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(0, second, 2, second, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, second, 0.9, second, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, second, 2, second, -0.1));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, second, 2, second, 1.1));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, Duration.ofMillis(-1), 2, second, 0));
    }
}
