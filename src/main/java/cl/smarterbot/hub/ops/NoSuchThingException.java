package cl.smarterbot.hub.ops;

/** The path names nothing that can exist. */
final class NoSuchThingException extends RuntimeException {}
