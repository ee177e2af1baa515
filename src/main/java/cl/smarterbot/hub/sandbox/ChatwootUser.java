package cl.smarterbot.hub.sandbox;

/** A person who answers, or the account that programs use. */
record ChatwootUser(int id, String name, String email, String role) {}
