package cl.smarterbot.hub;

import cl.smarterbot.hub.botpress.BotpressComponent;
import cl.smarterbot.hub.odoo.OdooComponent;
import cl.smarterbot.hub.ops.HubCli;
import cl.smarterbot.hub.ops.MailOpsConfiguration;
import cl.smarterbot.hub.ops.OpsConfiguration;
import cl.smarterbot.hub.sandbox.SandboxConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

/**
 * Starts the hub, or runs one command of its operator: {@code java -jar smarteros-hub.jar dead}.
 *
 * <p>What it is made of is listed here: looking for it in every class of the hub would take part of each start.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({
    HubConfiguration.class,
    MailConfiguration.class,
    StorageConfiguration.class,
    OdooComponent.class,
    BotpressComponent.class,
    HubHealthIndicator.class,
    OpsConfiguration.class,
    MailOpsConfiguration.class,
    SandboxConfiguration.class,
    Demo.class
})
public class HubApplication {

    public static void main(String[] args) {
        if (HubCli.isVerb(args)) {
            System.exit(HubCli.run(args));
        }
        SpringApplication hub = new SpringApplication(HubApplication.class);
        hub.addInitializers(new EarlyDatabase());
        hub.run(args);
    }
}
