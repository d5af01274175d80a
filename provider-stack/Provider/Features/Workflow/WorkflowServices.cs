using MassTransit;

namespace IoTPlatform.Provider.Features.Workflow;

internal static class WorkflowServices
{
    /// <summary>The bus, in memory, and the workflow it wakes.</summary>
    public static IServiceCollection AddWorkflow(this IServiceCollection services)
    {
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.AddConsumer<AdvanceWorkflowConsumer>().Endpoint(endpoint => endpoint.ConcurrentMessageLimit = 16);
            bus.UsingInMemory((context, configure) => configure.ConfigureEndpoints(context));
        });
        services.AddSingleton<WorkflowEnds>();
        services.AddSingleton<TenantLocks>();
        services.AddSingleton<TenantWorkflow>();
        services.AddSingleton<WorkflowClient>();
        return services.AddHostedService<WorkflowWaker>();
    }
}
