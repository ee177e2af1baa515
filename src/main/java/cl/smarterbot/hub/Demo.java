package cl.smarterbot.hub;

import org.springframework.stereotype.Component;

/** Demo. */
@Component
class Demo {
    void seed() {}
}
