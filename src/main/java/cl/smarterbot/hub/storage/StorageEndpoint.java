package cl.smarterbot.hub.storage;

import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Copies a file into the tenant's folder. The body becomes a map: {@code stored_path}, {@code stored_size} and {@code stored_type};
 * or {@code refused} with the reason, if the file may not be stored, now or later; or null, if the tenant keeps no files.
 */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "storage",
        title = "Supabase Storage",
        syntax = "storage:operation",
        producerOnly = true,
        remote = true,
        category = {Category.FILE})
public final class StorageEndpoint extends DefaultEndpoint {

    @UriPath(enums = "copy")
    private final String operation;

    @UriParam
    @Metadata(required = true)
    private String from;

    @UriParam
    @Metadata(required = true)
    private String url;

    @UriParam
    @Metadata(required = true)
    private String path;

    StorageEndpoint(String uri, StorageComponent component, String operation) {
        super(uri, component);
        this.operation = operation;
    }

    @Override
    public Producer createProducer() {
        if (from == null || url == null || path == null) {
            throw new IllegalArgumentException("storage:" + operation + " needs from, url and path");
        }
        return new StorageProducer(this);
    }

    /** @throws UnsupportedOperationException always: nothing comes from there */
    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("storage endpoints only send");
    }

    @Override
    public StorageComponent getComponent() {
        return (StorageComponent) super.getComponent();
    }

    /** The tenant's system that the file must come from, such as {@code chatwoot}. Not an expression. */
    public String getFrom() {
        return from;
    }

    public void setFrom(String from) {
        this.from = from;
    }

    /** Where the file is, a Simple expression. */
    public String getUrl() {
        return url;
    }

    public void setUrl(String url) {
        this.url = url;
    }

    /** Name of the object below the tenant's folder, a Simple expression. */
    public String getPath() {
        return path;
    }

    public void setPath(String path) {
        this.path = path;
    }
}
