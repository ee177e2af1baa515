/**
 * Schedules: {@code from: schedule:name} runs a route for each tenant at its times, once in the cluster. A firing is an event of the
 * log, so the route is a durable subscription like any other. See {@code docs/adr/0006-schedules.md}.
 */
package cl.smarterbot.hub.schedule;
