package cl.smarterbot.hub;

import cl.smarterbot.hub.ops.HubCli;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts the hub, or runs one command of its operator: {@code java -jar smarteros-hub.jar dead}. */
@SpringBootApplication
public class HubApplication {

    public static void main(String[] args) {
        if (HubCli.isVerb(args)) {
            System.exit(HubCli.run(args));
        }
        SpringApplication.run(HubApplication.class, args);
    }
}
