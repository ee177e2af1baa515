package cl.smarterbot.hub.sandbox;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Starts the sandbox with the hub when {@code hub.sandbox.enabled} is true, on {@code hub.sandbox.port} (0: any). */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("hub.sandbox.enabled")
public class SandboxConfiguration {

    @Bean(destroyMethod = "close")
    SandboxServer sandboxServer(@Value("${hub.sandbox.port:0}") int port) {
        return SandboxServer.start(port);
    }
}
