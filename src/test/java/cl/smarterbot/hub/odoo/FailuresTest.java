package cl.smarterbot.hub.odoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import cl.smarterbot.hub.odoo.OdooException.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailuresTest {

    @ParameterizedTest(name = "{0} is {2}")
    @DisplayName("Faults recorded from Odoo 18 are typed and permanent")
    @CsvSource({
        "18/xmlrpc-005-authenticate-bad-db, res.partner, NOT_FOUND",
        "18/xmlrpc-009-execute-bad-password, res.partner, ACCESS_DENIED",
        "18/xmlrpc-002-fault-es_CL-missing, res.partner, MISSING",
        "18/xmlrpc-031-fault-write-missing-id, res.partner, MISSING",
        "18/xmlrpc-033-fault-wrong-model, res.partnerx, NOT_FOUND",
        "18/xmlrpc-034-fault-wrong-method, res.partner, NOT_FOUND",
        "18/xmlrpc-035-fault-private-method, res.partner, ACCESS",
        "18/xmlrpc-036-fault-unknown-field-read, res.partner, BAD_REQUEST",
        "18/xmlrpc-041-fault-required-missing-partner, res.partner, VALIDATION",
        "18/xmlrpc-043-fault-required-missing-lead, crm.lead, VALIDATION",
        "18/xmlrpc-045-fault-bad-m2o-id, res.partner, VALIDATION",
        "18/xmlrpc-053-fault-other-company-product-read, product.product, ACCESS",
        "18/xmlrpc-056-fault-allowed_company-not-allowed, product.product, ACCESS",
        "18/xmlrpc-060-fault-unlink-used-product, product.product, VALIDATION",
        "18/xmlrpc-064-proto-GET, res.partner, BAD_REQUEST",
    })
    void recordedXmlRpcFaults(String sample, String model, Kind kind) {
        OdooException failure =
                catchThrowableOfType(OdooException.class, () -> XmlRpcWire.decode(Recorded.answer(sample), model));
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.isTransient()).isFalse();
        assertThat(failure.getMessage())
                .doesNotContain("Traceback")
                .doesNotContain("frames")
                .doesNotContain("\n");
    }

    @ParameterizedTest(name = "{0} is {1}")
    @DisplayName("Errors recorded from Odoo 19 are typed and permanent, a 500 included")
    @CsvSource({
        "19/json2-038-write-deleted, MISSING",
        "19/json2-041-bad-key, ACCESS_DENIED",
        "19/json2-042-password-as-bearer, ACCESS_DENIED",
        "19/json2-044-bad-db, NOT_FOUND",
        "19/json2-046-wrong-model, NOT_FOUND",
        "19/json2-047-wrong-method, NOT_FOUND",
        "19/json2-048-private, ACCESS",
        "19/json2-049-unknown-field, BAD_REQUEST",
        "19/json2-050-required, VALIDATION",
        "19/json2-051-access, ACCESS",
        "19/json2-052-company-not-allowed, ACCESS",
        "19/json2-054-missing-arg, BAD_REQUEST",
        "19/json2-056-malformed-json, BAD_REQUEST",
        "19/json2-057-ct-text, BAD_REQUEST",
        "19/json2-062-date-z, BAD_REQUEST",
    })
    void recordedJson2Errors(String sample, Kind kind) {
        OdooException failure =
                catchThrowableOfType(OdooException.class, () -> Json2Wire.decode(Recorded.answer(sample)));
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.isTransient()).isFalse();
        assertThat(failure.getMessage()).doesNotContain("Traceback").doesNotContain("\n");
    }

    @Test
    @DisplayName("A recorded None result is a success without a value")
    void noneIsNull() {
        assertThat(XmlRpcWire.decode(Recorded.answer("18/xmlrpc-002-quant-apply-inventory"), "stock.quant"))
                .isNull();
        assertThat(Json2Wire.decode(Recorded.answer("19/json2-035-none-result")))
                .isNull();
    }

    @Test
    @DisplayName("Recorded results keep their types")
    void recordedResults() {
        assertThat(XmlRpcWire.decode(Recorded.answer("18/xmlrpc-003-authenticate-bad-password"), null))
                .isEqualTo(false);
        assertThat(XmlRpcWire.decode(Recorded.answer("18/xmlrpc-019-unicode"), "res.partner"))
                .isEqualTo(44L);
        assertThat(XmlRpcWire.decode(Recorded.answer("18/xmlrpc-027-load-create"), "res.partner"))
                .isEqualTo(Map.of("ids", List.of(77L, 78L), "messages", List.of(), "nextrow", 0L));
        assertThat(Json2Wire.decode(Recorded.answer("19/json2-021-search_read")))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .first()
                .isEqualTo(Map.of(
                        "id",
                        34L,
                        "name",
                        "A uno",
                        "email",
                        false,
                        "country_id",
                        false,
                        "write_date",
                        "2026-11-23 05:52:45"));
    }

    @ParameterizedTest(name = "{0} is {1}, transient {2}")
    @DisplayName("Fault 1 is told apart by the class on the last line of its traceback")
    @CsvSource({
        "psycopg2.errors.SerializationFailure, CONFLICT, true",
        "psycopg2.extensions.TransactionRollbackError, CONFLICT, true",
        "psycopg2.errors.DeadlockDetected, CONFLICT, true",
        "psycopg2.errors.LockNotAvailable, CONFLICT, true",
        "odoo.exceptions.LockError, CONFLICT, true",
        "psycopg2.OperationalError, UNAVAILABLE, true",
        "psycopg2.InterfaceError, UNAVAILABLE, true",
        "psycopg2.pool.PoolError, UNAVAILABLE, true",
        "psycopg2.errors.DiskFull, UNAVAILABLE, true",
        "psycopg2.errors.OutOfMemory, UNAVAILABLE, true",
        "MemoryError, UNAVAILABLE, true",
        "psycopg2.errors.NumericValueOutOfRange, BAD_REQUEST, false",
        "psycopg2.errors.UniqueViolation, BAD_REQUEST, false",
        "ValueError, BAD_REQUEST, false",
        "KeyError, BAD_REQUEST, false",
        "AssertionError, BAD_REQUEST, false",
    })
    void faultOne(String type, Kind kind, boolean passing) {
        String text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in x\n    raise ValueError('no')\n"
                + "ValueError: no\n\nDuring handling of the above exception, another exception occurred:\n\n"
                + "Traceback (most recent call last):\n  File \"b.py\", line 2, in y\n    call()\n" + type
                + ": something\nDETAIL:  Failing row contains (1, ana@example.com).\n";
        OdooException failure = Failures.of(new XmlRpcReader.Fault("1", text), "res.partner");
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.isTransient()).isEqualTo(passing);
        assertThat(failure.getMessage()).isEqualTo(type + ": something");
    }

    @ParameterizedTest(name = "{0} is {1}")
    @DisplayName("Fault 1 and a 500 of a machine that is out of disk, memory or files pass; those of the call do not")
    @CsvSource({
        "'psycopg2.OperationalError: could not extend file \"base/16384/2608\": No space left on device', UNAVAILABLE",
        "'psycopg2.errors.DiskFull: could not extend file \"base/16384/2608\": No space left on device', UNAVAILABLE",
        "'psycopg2.errors.InternalError_: could not extend file \"base/1\": wrote only 4096 of 8192 bytes', UNAVAILABLE",
        "'OSError: [Errno 28] No space left on device', UNAVAILABLE",
        "'OSError: [Errno 24] Too many open files', UNAVAILABLE",
        "MemoryError, UNAVAILABLE",
        "'OSError: [Errno 22] Invalid argument', BAD_REQUEST",
        "'FileNotFoundError: [Errno 2] No such file or directory', BAD_REQUEST",
        "'ValueError: MemoryError', BAD_REQUEST",
    })
    void exhaustedMachine(String last, Kind kind) {
        String text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in x\n    go()\n" + last + "\n";
        OdooException xmlRpc = Failures.of(new XmlRpcReader.Fault("1", text), "res.partner");
        assertThat(xmlRpc.kind()).isEqualTo(kind);
        assertThat(xmlRpc.isTransient()).isEqualTo(kind == Kind.UNAVAILABLE);
        String[] parts = last.split(": ", 2);
        String name = parts[0].contains(".") ? parts[0] : "builtins." + parts[0];
        OdooException json2 =
                Failures.ofJson(500, Map.of("name", name, "message", parts.length > 1 ? parts[1] : ""), null);
        assertThat(json2.kind()).isEqualTo(kind);
    }

    @ParameterizedTest(name = "HTTP {0} is {1}, transient {2}")
    @DisplayName("A bare HTTP status is typed")
    @CsvSource({
        "500, UNAVAILABLE, true",
        "502, UNAVAILABLE, true",
        "503, UNAVAILABLE, true",
        "429, UNAVAILABLE, true",
        "408, UNAVAILABLE, true",
        "425, UNAVAILABLE, true",
        "301, PROTOCOL, false",
        "302, PROTOCOL, false",
        "307, PROTOCOL, false",
        "400, BAD_REQUEST, false",
        "401, ACCESS_DENIED, false",
        "403, ACCESS, false",
        "404, NOT_FOUND, false",
        "409, BAD_REQUEST, false",
        "422, BAD_REQUEST, false",
    })
    void statuses(int status, Kind kind, boolean passing) {
        OdooException failure = Failures.ofStatus(status, null);
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.isTransient()).isEqualTo(passing);
    }

    @Test
    @DisplayName("JSON-2: 409 and a serialisation failure in a 500 are conflicts, a 503 in JSON is unavailable")
    void json2Transient() {
        assertThat(Failures.ofJson(409, Map.of("name", "odoo.exceptions.LockError"), null)
                        .kind())
                .isEqualTo(Kind.CONFLICT);
        OdooException serialization = Failures.ofJson(
                500,
                Map.of("name", "psycopg2.errors.SerializationFailure", "message", "could not serialize access"),
                null);
        assertThat(serialization.kind()).isEqualTo(Kind.CONFLICT);
        assertThat(serialization.isTransient()).isTrue();
        OdooException busy = Failures.ofJson(503, Map.of("name", "x"), Duration.ofSeconds(7));
        assertThat(busy.isTransient()).isTrue();
        assertThat(busy.retryAfter()).contains(Duration.ofSeconds(7));
    }

    @Test
    @DisplayName("Retry-After is read as seconds or date and capped at one hour")
    void retryAfter() {
        Instant now = Instant.parse("2026-11-23T06:00:00Z");
        assertThat(Failures.retryAfter("120", now)).isEqualTo(Duration.ofMinutes(2));
        assertThat(Failures.retryAfter("Mon, 23 Nov 2026 06:00:30 GMT", now)).isEqualTo(Duration.ofSeconds(30));
        assertThat(Failures.retryAfter("Mon, 23 Nov 2026 05:00:00 GMT", now)).isEqualTo(Duration.ZERO);
        assertThat(Failures.retryAfter("soon", now)).isNull();
        assertThat(Failures.retryAfter("-5", now)).isNull();
        assertThat(Failures.ofStatus(503, Duration.ofDays(9)).retryAfter()).contains(Duration.ofHours(1));
    }

    @Test
    @DisplayName("The secret of the connection is struck from the server's text")
    void secretIsStruck() {
        OdooException failure =
                OdooException.badRequest("bad value hunter22 in call").at("res.partner.x", "hunter22");
        assertThat(failure.getMessage()).isEqualTo("res.partner.x: bad value *** in call");
    }
}
