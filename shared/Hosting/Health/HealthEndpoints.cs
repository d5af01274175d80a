using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Hosting;

public static class HealthEndpoints
{
    /// <summary>
    /// <c>GET /health/live</c> (the process answers; an outage of what it uses is no reason to restart it) and <c>GET /health/ready</c> (the
    /// database answers and accepts changes and no <see cref="IReadiness"/> names a problem, else 503 within 4 s; a host with events says how many
    /// acts its relay has not looked at yet, which is no reason to be unready). Anonymous.
    /// </summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        var health = endpoints.MapGroup("/health").AllowAnonymous();
        health.MapGet("/live", Ok);
        health.MapGet("/ready", ReadyAsync);
        return endpoints;
    }

    private static IResult Ok() => Results.Text("""{"status":"ok"}""", "application/json");

    private static async Task<IResult> ReadyAsync(DatabaseProbe database, IServiceProvider services, CancellationToken cancellationToken)
    {
        if (services.GetServices<IReadiness>().Select(check => check.Problem).FirstOrDefault(problem => problem is not null) is var (code, detail))
        {
            throw new ProblemException(503, code, detail);
        }

        return await database.AskAsync(cancellationToken) is { } waiting
            ? Results.Text(string.Create(CultureInfo.InvariantCulture, $$"""{"status":"ok","events_waiting":{{waiting}}}"""), "application/json")
            : Ok();
    }
}
