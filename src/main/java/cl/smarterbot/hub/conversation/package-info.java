/** The conversational loop's own decisions: whose turn it is, what an intent leads to, and what the customer reads. */
package cl.smarterbot.hub.conversation;
