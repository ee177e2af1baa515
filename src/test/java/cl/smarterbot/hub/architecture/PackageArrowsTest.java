package cl.smarterbot.hub.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;

/** The arrows of {@code docs/adr/0001-shape-of-the-hub.md}: who may use whom. */
@AnalyzeClasses(packages = "cl.smarterbot.hub", importOptions = ImportOption.DoNotIncludeTests.class)
class PackageArrowsTest {

    private static final String BASE = "cl.smarterbot.hub";
    private static final List<String> ALL = List.of(
            "botpress",
            "chatwoot",
            "contact",
            "conversation",
            "database",
            "door",
            "event",
            "flow",
            "odoo",
            "ops",
            "product",
            "resend",
            "rest",
            "sandbox",
            "schedule",
            "secrets",
            "storage",
            "supabase",
            "tenancy");

    @ArchTest
    static final ArchRule eventLogUsesNothingOfOurs = uses("event");

    @ArchTest
    static final ArchRule odooComponentUsesNothingOfOurs = uses("odoo");

    @ArchTest
    static final ArchRule restCallsUseNothingOfOurs = uses("rest");

    @ArchTest
    static final ArchRule botpressUsesRestTenancyAndSecrets = uses("botpress", "rest", "secrets", "tenancy");

    @ArchTest
    static final ArchRule chatwootUsesRestTenancyAndSecrets =
            uses("chatwoot", "rest", "secrets", "tenancy").allowEmptyShould(true);

    @ArchTest
    static final ArchRule resendUsesRestTenancyAndSecrets = uses("resend", "rest", "secrets", "tenancy");

    @ArchTest
    static final ArchRule storageUsesRestOnly = uses("storage", "rest");

    @ArchTest
    static final ArchRule secretsUseNothingOfOurs = uses("secrets");

    @ArchTest
    static final ArchRule databaseUsesNothingOfOurs = uses("database");

    @ArchTest
    static final ArchRule flowToolsUseNothingOfOurs = uses("flow");

    @ArchTest
    static final ArchRule scheduleUsesEventOnly = uses("schedule", "event");

    @ArchTest
    static final ArchRule sandboxUsesNothingOfOurs = uses("sandbox");

    @ArchTest
    static final ArchRule tenancyUsesSecretsOnly = uses("tenancy", "secrets");

    @ArchTest
    static final ArchRule conversationUsesEventAndTenancy = uses("conversation", "event", "tenancy");

    @ArchTest
    static final ArchRule productUsesTheDoorEventsOdooAndTenancy = uses("product", "door", "event", "odoo", "tenancy");

    @ArchTest
    static final ArchRule contactUsesTenancyOnly = uses("contact", "tenancy");

    @ArchTest
    static final ArchRule doorUsesEventTenancyAndSecrets = uses("door", "event", "tenancy", "secrets");

    @ArchTest
    static final ArchRule nobodyUsesOps = noClasses()
            .that()
            .resideOutsideOfPackages(BASE, BASE + ".ops..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(BASE + ".ops..");

    @ArchTest
    static final ArchRule nobodyUsesTheCompositionRoot = noClasses()
            .that()
            .resideInAPackage(BASE + ".*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(BASE);

    @ArchTest
    static final ArchRule noCycles = slices().matching(BASE + ".(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule packagesAreNamedByCapability = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..common..", "..impl..", "..service..", "..helper..", "..misc..");

    @ArchTest
    static final ArchRule odooStandsAlone = classes()
            .that()
            .resideInAPackage(BASE + ".odoo..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    BASE + ".odoo..",
                    "java..",
                    "javax.xml..",
                    "javax.net.ssl..",
                    "org.apache.camel..",
                    "org.slf4j..",
                    "com.fasterxml.jackson..",
                    "io.vertx.core..",
                    "io.netty.channel..",
                    "io.github.resilience4j..");

    @ArchTest
    static final ArchRule nobodySleeps = noClasses().should().callMethod(Thread.class, "sleep", long.class);

    private static ArchRule uses(String owner, String... allowed) {
        List<String> forbidden = new ArrayList<>(ALL);
        forbidden.remove(owner);
        forbidden.removeAll(List.of(allowed));
        return noClasses()
                .that()
                .resideInAPackage(BASE + "." + owner + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        forbidden.stream().map(p -> BASE + "." + p + "..").toArray(String[]::new));
    }
}
