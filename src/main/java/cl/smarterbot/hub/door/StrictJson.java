package cl.smarterbot.hub.door;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;

/** JSON as it may come from outside: no repeated names, bounded depth, strings and numbers. */
final class StrictJson {

    static final JsonFactory FACTORY = JsonFactory.builder()
            // UTF-8 and nothing else: what is read in two ways can say two things.
            .disable(JsonFactory.Feature.CHARSET_DETECTION)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(20)
                    .maxStringLength(64 * 1024)
                    .maxNumberLength(100)
                    .build())
            .build();

    private StrictJson() {}
}
