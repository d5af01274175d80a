using IoTPlatform.Provider.Features.Join.Steps;
using IoTPlatform.Provider.Features.Proofs;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Join;

internal static class JoinServices
{
    public static IServiceCollection AddJoin(this IServiceCollection services) => services
        .AddSingleton<JoinLimits>()
        .AddSingleton<TenantProofs>()
        .AddSingleton<JoinAbandonment>()
        .AddScoped<JoinKeyGate>()
        .AddScoped<JoinBinder>()
        .AddScoped<JoinRequests>()
        .AddScoped<JoinBundles>()
        .AddSingleton<IJoinStep, SignSubCaStep>()
        .AddSingleton<IJoinStep, BrokerStep>()
        .AddSingleton<IJoinStep, SignBridgeStep>()
        .AddSingleton<IJoinStep, FederationStep>();

    public static void MapJoinWorkflow(this IEndpointRouteBuilder app)
    {
        app.MapJoin();
        app.MapConfirmJoin();
        app.MapJoinStatus();
        app.MapJoinRequests();
    }
}
