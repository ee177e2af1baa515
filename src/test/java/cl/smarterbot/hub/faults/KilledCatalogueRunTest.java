package cl.smarterbot.hub.faults;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.sandbox.SandboxTrouble;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("faults")
class KilledCatalogueRunTest {

    private static final int PRODUCTS = 100;
    private static final int PAGE = 30;

    private static final Duration BOUND = Duration.ofSeconds(90);

    @Test
    @DisplayName(
            "kill -9 at every page of a catalogue run: it goes on at its page, and no product is written or told of twice")
    void goesOn() {
        try (World world = World.of("catalogue")) {
            world.odoo().odoo().products(1, PRODUCTS, 24);
            world.odoo()
                    .trouble()
                    .add(SandboxTrouble.Rule.of(SandboxTrouble.Kind.DELAY)
                            .on("product.product", "search_read")
                            .delay(Duration.ofSeconds(1)));
            HubProcess hub = world.hub("")
                    .with("HUB_PRODUCTS_PAGE_SIZE", Integer.toString(PAGE))
                    .with("HUB_PRODUCTS_OFTEN", "0 0 1 1 *")
                    .with("HUB_PRODUCTS_NIGHTLY", "0 0 1 1 *");
            hub.start();
            hub.awaitReady(World.READY_BOUND);
            world.awaitTenants(hub);
            world.count("select count(*) from hub.product_request('76000012-4', 'full', false)");
            int all = world.odoo()
                    .odoo()
                    .records("product.product", Map.of("company_id", "1"))
                    .size();
            long last = all / PAGE + 1L;
            // Odoo takes its time for each page: the next one is under way when the hub dies.
            for (long pages = 0; pages < last; pages++) {
                world.awaitZero(
                        "runs short of " + pages + " pages",
                        "select count(*) from (select 1) x where not exists (select from hub.product_sync"
                                + " where run_id is not null and pages >= " + pages + ")",
                        BOUND);
                hub.kill();
                assertThat(world.count("select count(*) from hub.product_sync where run_id is not null"))
                        .as("the run is under way after page " + pages)
                        .isEqualTo(1);
                hub.start();
                hub.awaitReady(World.READY_BOUND);
            }
            world.awaitZero("runs under way", "select count(*) from hub.product_sync where run_id is not null", BOUND);
            world.awaitQuiet(BOUND);

            assertThat(world.count("select count(*) from public.products")).isEqualTo(all);
            assertThat(world.count("select count(*) from public.events where type = 'product.upserted'"))
                    .isEqualTo(all);
            assertThat(world.count("select count(*) from public.events where type = 'product.refresh.completed'"))
                    .isEqualTo(1);
            assertThat(world.count("select pages from hub.product_sync")).isEqualTo(last);
            Map<?, ?> calls = (Map<?, ?>) world.odoo().odoo().stats().get("calls");
            assertThat((Long) calls.get("product.product.search_read"))
                    .as("a kill costs Odoo no more than the page that it broke off")
                    .isBetween(last, 2 * last);
        }
    }
}
