package cl.smarterbot.hub;

import cl.smarterbot.hub.database.DatabaseProperties;
import cl.smarterbot.hub.database.HubDatabase;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/** Makes the database before the other parts, so that its server starts and the migration runs while they are made. */
final class EarlyDatabase implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    static final String BEAN = "hubDatabase";

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        HubDatabase database = new HubDatabase(
                Binder.get(context.getEnvironment()).bindOrCreate("hub.database", DatabaseProperties.class));
        DefaultListableBeanFactory beans = (DefaultListableBeanFactory) context.getBeanFactory();
        beans.registerSingleton(BEAN, database);
        // Also closed if the rest of the start fails.
        beans.registerDisposableBean(BEAN, database::close);
        database.begin();
    }
}
