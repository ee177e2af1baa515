package cl.smarterbot.hub.door;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the public port believes of its callers, and how it treats those who mean no good.
 *
 * @param trustedProxies addresses and CIDR blocks of proxies whose word on the client's address counts; none by default
 * @param clientIpHeader header in which those proxies name the client: {@code X-Forwarded-For}, read from the right, or one with a
 *     single address, such as {@code CF-Connecting-IP}
 * @param badCredentialsPerMinute wrong credentials a minute from one client address before it gets 429 instead of 401
 * @param honeypotField form field that a visitor never sees; blank switches the trap off
 * @param leastFillTime a form whose {@code elapsed_ms} says that it was filled in faster was not filled in by a person; 0 switches
 *     the trap off
 */
@ConfigurationProperties("hub.door")
public record GuardProperties(
        @DefaultValue List<String> trustedProxies,
        @DefaultValue("X-Forwarded-For") String clientIpHeader,
        @DefaultValue("30") int badCredentialsPerMinute,
        @DefaultValue("website") String honeypotField,
        @DefaultValue("0") Duration leastFillTime) {}
