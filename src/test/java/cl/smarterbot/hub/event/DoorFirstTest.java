package cl.smarterbot.hub.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DoorFirstTest {

    private final DoorFirst doorFirst = new DoorFirst(Duration.ofMillis(10));

    private void interval(long millisOfEach) {
        for (int i = 0; i < 50; i++) {
            doorFirst.committed(Duration.ofMillis(millisOfEach).toNanos());
        }
        doorFirst.adjust();
    }

    private void intervals(int count, long millisOfEach) {
        for (int i = 0; i < count; i++) {
            interval(millisOfEach);
        }
    }

    @Test
    void deliveriesHaveAllTheirConcurrencyWhileAppendsArePrompt() {
        intervals(100, 9);

        assertThat(doorFirst.of(64)).isEqualTo(64);
    }

    @Test
    void whileAppendsWaitDeliveriesBecomeFewerByAQuarterAtATimeButNeverNone() {
        interval(2);
        interval(40);
        assertThat(doorFirst.of(64)).isEqualTo(48);
        interval(40);
        assertThat(doorFirst.of(64)).isEqualTo(36);

        intervals(50, 40);
        assertThat(doorFirst.of(64)).isBetween(1, 2);
        assertThat(doorFirst.of(1)).isEqualTo(1);
    }

    @Test
    void theyComeBackLittleByLittleAndToTheLast() {
        interval(2);
        intervals(50, 40);
        int least = doorFirst.of(100);

        interval(2);
        assertThat(doorFirst.of(100)).isBetween(least + 1, least + 3);
        intervals(60, 2);
        assertThat(doorFirst.of(100)).isEqualTo(100);
    }

    @Test
    void withoutAppendsNothingIsHeldBack() {
        interval(2);
        intervals(50, 40);
        doorFirst.adjust();

        assertThat(doorFirst.of(100)).isEqualTo(100);
    }

    @Test
    void appendsOfWhichNoneIsCommittedYetAreNoSignOfCalm() {
        interval(2);
        intervals(50, 40);
        int least = doorFirst.of(100);
        doorFirst.waiting(() -> 1);
        doorFirst.adjust();

        assertThat(doorFirst.of(100)).isBetween(least, least + 3);
    }

    @Test
    void aDiskOnWhichEveryCommitIsSlowDoesNotStopDeliveries() {
        intervals(100, 35);

        assertThat(doorFirst.of(64)).as("commits as slow as ever").isEqualTo(64);
        interval(120);
        assertThat(doorFirst.of(64)).as("slower than ever").isEqualTo(48);
    }

    @Test
    void aDiskThatBecameSlowForGoodIsLearnt() {
        intervals(10, 2);
        intervals(20, 30);
        assertThat(doorFirst.of(64)).isLessThan(10);

        intervals(3_000, 30);
        assertThat(doorFirst.of(64)).isEqualTo(64);
    }

    @Test
    void aTargetOfZeroHoldsNothingBack() {
        DoorFirst off = new DoorFirst(Duration.ZERO);
        off.committed(Duration.ofSeconds(9).toNanos());
        off.adjust();

        assertThat(off.of(64)).isEqualTo(64);
    }
}
