namespace IoTPlatform.Provider.Features.Workflow;

internal static class WorkflowServices
{
    public static IServiceCollection AddWorkflow(this IServiceCollection services) => services
        .AddSingleton<WorkflowEnds>()
        .AddSingleton<TenantLocks>()
        .AddSingleton<TenantWorkflow>()
        .AddSingleton<WorkflowRetries>()
        .AddSingleton<WorkflowClient>()
        .AddHostedService<WorkflowSweep>();
}
