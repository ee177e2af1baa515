package cl.smarterbot.hub;

import static org.assertj.core.api.Assertions.assertThat;

import cl.smarterbot.hub.odoo.OdooConfiguration;
import cl.smarterbot.hub.odoo.OdooEndpoint;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.stereotype.Component;

@DisplayName("What the hub is made of")
class HubApplicationTest {

    @Test
    @DisplayName("every component and configuration of the hub is listed, or made by one that is")
    void nothingIsForgotten() {
        List<Class<?>> listed =
                List.of(HubApplication.class.getAnnotation(Import.class).value());
        Set<Class<?>> made = listed.stream()
                .flatMap(type -> Stream.of(type.getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Bean.class))
                .map(Method::getReturnType)
                .collect(Collectors.toCollection(HashSet::new));
        made.addAll(listed);

        List<Class<?>> components = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("cl.smarterbot.hub").stream()
                        .filter(type -> type.isMetaAnnotatedWith(Component.class))
                        .filter(type -> !type.getName().equals(HubApplication.class.getName()))
                        .<Class<?>>map(JavaClass::reflect)
                        .toList();

        assertThat(components).hasSizeGreaterThan(10);
        assertThat(made).containsAll(components);
    }

    @Test
    @DisplayName("what it uses of Spring Boot is something that this version configures by itself")
    void allExist() {
        List<String> candidates = ImportCandidates.load(
                        AutoConfiguration.class, getClass().getClassLoader())
                .getCandidates();

        assertThat(candidates)
                .containsAll(UsedAutoConfigurations.OF_SPRING_BOOT.stream()
                        .map(Class::getName)
                        .toList());
    }

    @Test
    @DisplayName("what nobody asked for is not configured, unless a setting names it; what is of others is")
    void onlyWhatIsUsed() {
        String flyway = "org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration";
        String mail = "org.springframework.boot.autoconfigure.mail.MailSenderAutoConfiguration";
        String web = "org.springframework.boot.autoconfigure.web.servlet.WebMvcAutoConfiguration";
        String part = web + "$EnableWebMvcConfiguration";
        String others = "org.apache.camel.component.kafka.springboot.KafkaComponentAutoConfiguration";
        String[] names = {flyway, mail, web, part, others, null};

        assertThat(filter("").match(names, null)).containsExactly(false, false, true, true, true, false);
        assertThat(filter(flyway + "," + mail).match(names, null)).containsExactly(true, true, true, true, true, false);
    }

    private static UsedAutoConfigurations filter(String more) {
        UsedAutoConfigurations filter = new UsedAutoConfigurations();
        filter.setEnvironment(new MockEnvironment().withProperty("hub.auto-configurations", more));
        return filter;
    }

    @Test
    @DisplayName("how much one Odoo is asked at once is a setting, which each endpoint begins with")
    void odooCalls() {
        DefaultCamelContext context = new DefaultCamelContext();
        new HubConfiguration().camelContextConfiguration(17, 9).beforeApplicationStart(context);

        OdooConfiguration of =
                context.getEndpoint("odoo:sale.order", OdooEndpoint.class).getConfiguration();
        assertThat(of.getMaxConcurrentCalls()).isEqualTo(17);
        assertThat(of.getMaxConcurrentCallsPerConnection()).isEqualTo(9);
    }
}
