package cl.smarterbot.hub.schedule;

import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.RouteAware;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.service.ServiceHelper;

/** Declares a schedule while its route runs; its firings come to the route through a consumer of events. */
final class ScheduleConsumer extends DefaultConsumer {

    private final ScheduleRuntime runtime;
    private final Schedule schedule;
    private final Consumer firings;

    ScheduleConsumer(ScheduleEndpoint endpoint, Processor processor, Schedule schedule, Consumer firings) {
        super(endpoint, processor);
        this.runtime = endpoint.getComponent().runtime();
        this.schedule = schedule;
        this.firings = firings;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        if (firings instanceof RouteAware aware) {
            aware.setRoute(getRoute());
        }
        // The subscription first: a firing without one would come to nobody.
        ServiceHelper.startService(firings);
        runtime.add(schedule);
    }

    @Override
    protected void doSuspend() throws Exception {
        runtime.remove(schedule);
        ServiceHelper.suspendService(firings);
        super.doSuspend();
    }

    @Override
    protected void doResume() throws Exception {
        super.doResume();
        ServiceHelper.resumeService(firings);
        runtime.add(schedule);
    }

    @Override
    protected void doStop() throws Exception {
        runtime.remove(schedule);
        ServiceHelper.stopService(firings);
        super.doStop();
    }

    @Override
    protected void doShutdown() throws Exception {
        ServiceHelper.stopAndShutdownService(firings);
        super.doShutdown();
    }
}
