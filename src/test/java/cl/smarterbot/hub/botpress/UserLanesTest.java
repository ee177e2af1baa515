package cl.smarterbot.hub.botpress;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@DisplayName("The lane of a user")
class UserLanesTest {
    private final ExecutorService executor = Executors.newFixedThreadPool(4);
    private final UserLanes lanes = new UserLanes(executor);
    private final Deadline deadline = Deadline.in(Duration.ofSeconds(50));

    @AfterEach
    void stop() {
        executor.shutdownNow();
    }

    @Test
    @DisplayName("keeps the order of arrival, goes on after a failure, and is forgotten when it is empty")
    void order() {
        List<Integer> ran = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Integer> first = new CompletableFuture<>();
        List<CompletableFuture<Integer>> all = new ArrayList<>();
        all.add(lanes.inTurn("a", deadline, () -> first));
        IntStream.range(0, 500)
                .forEach(i -> all.add(lanes.inTurn("a", deadline, () -> {
                    ran.add(i);
                    if (i % 3 == 0) {
                        throw new IllegalStateException("no");
                    }
                    return CompletableFuture.supplyAsync(() -> i, executor);
                })));
        assertThat(ran).isEmpty();
        assertThat(lanes.inTurn("b", deadline, () -> CompletableFuture.completedFuture(7)))
                .isCompletedWithValue(7);
        first.complete(0);
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .handle((nothing, failure) -> null)
                .join();
        assertThat(ran).isEqualTo(IntStream.range(0, 500).boxed().toList());
        assertThat(lanes.size()).isZero();
    }
}
