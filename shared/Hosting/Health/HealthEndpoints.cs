using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Hosting;

public static class HealthEndpoints
{
    /// <summary><c>GET /health/live</c> (the process answers) and <c>GET /health/ready</c> (the database answers, else 503). Anonymous.</summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints) => throw new NotImplementedException();
}
