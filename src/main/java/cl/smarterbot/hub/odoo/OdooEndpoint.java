package cl.smarterbot.hub.odoo;

import java.util.Map;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/** One model of an Odoo server and what to do with it. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "odoo",
        title = "Odoo",
        syntax = "odoo:model",
        producerOnly = true,
        remote = true,
        category = {Category.SAAS},
        headersClass = OdooConstants.class)
public class OdooEndpoint extends DefaultEndpoint {
    @UriPath
    @Metadata(required = true)
    private final String model;

    @UriParam
    private final OdooConfiguration configuration;

    @UriParam(
            prefix = "value.",
            multiValue = true,
            description =
                    "Columns of an upsert as Simple expressions, for example value.name=${body[name]}; the body if none")
    private Map<String, Object> values = Map.of();

    @UriParam(
            prefix = "createOnly.",
            multiValue = true,
            description =
                    "Columns of an upsert that are written only when the record is new, for example createOnly.name=${body[name]}")
    private Map<String, Object> createOnly = Map.of();

    OdooEndpoint(String uri, OdooComponent component, String model, OdooConfiguration configuration) {
        super(uri, component);
        this.model = model;
        this.configuration = configuration;
    }

    @Override
    public Producer createProducer() {
        return new OdooProducer(this);
    }

    /**
     * Not supported: poll with a timer and {@code searchRead}.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("odoo endpoints only send; poll with a timer and searchRead");
    }

    @Override
    public OdooComponent getComponent() {
        return (OdooComponent) super.getComponent();
    }

    /** Technical name of the model, for example {@code res.partner}. */
    public String getModel() {
        return model;
    }

    /** Columns of an upsert by name, each a Simple expression; an empty result leaves its column out. Never null. */
    public Map<String, Object> getValues() {
        return values;
    }

    public void setValues(Map<String, Object> values) {
        this.values = values;
    }

    /**
     * Columns of an upsert that are written only when the record is new, each a Simple expression; an empty result leaves its
     * column out. Never null. With them the body is not looked at.
     */
    public Map<String, Object> getCreateOnly() {
        return createOnly;
    }

    public void setCreateOnly(Map<String, Object> createOnly) {
        this.createOnly = createOnly;
    }

    /** The options of this endpoint; never null. */
    public OdooConfiguration getConfiguration() {
        return configuration;
    }
}
