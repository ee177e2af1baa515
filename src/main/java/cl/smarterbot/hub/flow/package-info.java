/** Flow tooling: reads route files, checks them against the rules of the house, and draws them. */
package cl.smarterbot.hub.flow;
