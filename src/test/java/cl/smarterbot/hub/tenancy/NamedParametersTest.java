package cl.smarterbot.hub.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.component.sql.DefaultSqlPrepareStatementStrategy;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Named parameters of SQL in routes")
class NamedParametersTest {

    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final NamedParameters ours = new NamedParameters();

    private Exchange exchange() {
        Exchange exchange = new DefaultExchange(camel);
        exchange.getMessage().setBody(Map.of("a", 1, "b", "two"));
        exchange.getMessage().setHeader("h", "three");
        exchange.setVariable("v", Map.of("x", 4));
        return exchange;
    }

    private List<Object> values(DefaultSqlPrepareStatementStrategy strategy, String query, int count) throws Exception {
        Exchange exchange = exchange();
        Iterator<?> values = strategy.createPopulateIterator(
                query,
                strategy.prepareQuery(query, true, exchange),
                count,
                exchange,
                exchange.getMessage().getBody());
        List<Object> all = new ArrayList<>();
        values.forEachRemaining(all::add);
        return all;
    }

    @ParameterizedTest
    @DisplayName("are read as Camel reads them")
    @CsvSource(
            delimiter = ';',
            value = {
                "select :?a, :?b ; 2",
                "select cast(:?${variable.v[x]} as int), :?h, ':x' || :?a || ':y' ; 3",
                "select 1 ; 0",
                "select :?a::int, x from y where z = :?${header.h} ; 2",
            })
    void asCamel(String query, int count) throws Exception {
        DefaultSqlPrepareStatementStrategy camels = new DefaultSqlPrepareStatementStrategy();
        assertThat(ours.prepareQuery(query, true, exchange()))
                .isEqualTo(camels.prepareQuery(query, true, exchange()))
                .satisfies(sql -> assertThat(FencedConnection.parameters(sql)).isEqualTo(count));
        if (count > 0) {
            assertThat(values(ours, query, count)).hasSize(count);
            assertThat(values(ours, query, count).toString())
                    .isEqualTo(values(camels, query, count).toString());
        }
    }

    @Test
    @DisplayName("that are nowhere are an error that names them")
    void missing() {
        assertThatThrownBy(() -> values(ours, "select :?nowhere", 1)).hasMessageContaining("[nowhere]");
    }

    @ParameterizedTest
    @DisplayName("are counted only where no quote, comment or operator could hide one")
    @ValueSource(strings = {"select $$ ? $$", "select a ?? 'b'", "select /* ? */ 1", "select '", "select E'\\' ?'"})
    void unsure(String sql) {
        assertThat(FencedConnection.parameters(sql)).isEqualTo(-1);
    }

    @Test
    @DisplayName("in quotes and comments are none")
    void quoted() {
        assertThat(FencedConnection.parameters("select '?', \"a?\", ? -- ?\n, ?"))
                .isEqualTo(2);
    }
}
