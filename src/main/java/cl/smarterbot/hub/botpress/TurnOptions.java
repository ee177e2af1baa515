package cl.smarterbot.hub.botpress;

import java.time.Duration;

/**
 * How to take a turn.
 *
 * @param timeout for all of it: waiting for its turn, login, call and replies
 * @param maxTextLength v12: more of the text is not sent
 * @param pollPause cloud: first pause between looks for replies; later ones are longer
 * @param quiet cloud: how long nothing more has come when the replies are complete
 */
record TurnOptions(Duration timeout, int maxTextLength, Duration pollPause, Duration quiet) {}
