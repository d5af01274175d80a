using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Hosting;

public static class HealthEndpoints
{
    /// <summary>
    /// <c>GET /health/live</c> (the process answers; an outage of what it uses is no reason to restart it) and <c>GET /health/ready</c> (the
    /// database answers and accepts changes, else 503 within 4 s; a host with events says how many acts its relay has not looked at yet, which
    /// is no reason to be unready; and what each <see cref="IReadinessCheck"/> says). Anonymous.
    /// </summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        var health = endpoints.MapGroup("/health").AllowAnonymous();
        health.MapGet("/live", Ok);
        health.MapGet("/ready", ReadyAsync);
        return endpoints;
    }

    private static IResult Ok() => Results.Text("""{"status":"ok"}""", "application/json");

    private static async Task<IResult> ReadyAsync(DatabaseProbe database, IEnumerable<IReadinessCheck> checks, CancellationToken cancellationToken)
    {
        var answer = new JsonObject { ["status"] = "ok" };
        if (await database.AskAsync(cancellationToken) is { } waiting)
        {
            answer["events_waiting"] = waiting;
        }

        foreach (var check in checks)
        {
            answer[check.Name] = check.Problem is { } problem ? throw problem : check.State;
        }

        return Results.Text(answer.ToJsonString(), "application/json");
    }
}

/// <summary>A component reported by <c>/health/ready</c>. It answers at once, from its last observation.</summary>
public interface IReadinessCheck
{
    /// <summary>Member of the answer.</summary>
    string Name { get; }

    /// <summary>A word for it.</summary>
    string State { get; }

    /// <summary>Why the host should get no requests; null: it is no less ready for it.</summary>
    ProblemException? Problem { get; }
}
