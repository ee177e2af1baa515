package cl.smarterbot.hub.schedule;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of schedules.
 *
 * @param pollInterval how often a node asks what is due: a firing is late by about half of it
 * @param batch most firings of one schedule in one commit
 */
@ConfigurationProperties("hub.schedule")
public record ScheduleProperties(
        @DefaultValue("1s") Duration pollInterval,
        @DefaultValue("200") int batch) {}
