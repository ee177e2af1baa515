/**
 * Stand-in vendor servers for the demo and the tests: they speak the vendors' own wire formats on loopback, hold their
 * records in memory and can be told to misbehave.
 */
package cl.smarterbot.hub.sandbox;
