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

/// <summary>One thing that the host depends on, as this process sees it.</summary>
/// <param name="Name">For example <c>database</c>.</param>
/// <param name="State">A word or a sentence.</param>
/// <param name="IsGood">It can be used.</param>
/// <param name="Since">When this process first saw it so, without a change in between.</param>
public sealed record ComponentHealth(string Name, string State, bool IsGood, DateTimeOffset Since);

/// <summary>The state of everything that <c>/health/ready</c> reports, and since when.</summary>
public sealed class HealthHistory
{
    private readonly DatabaseProbe _database;
    private readonly IReadinessCheck[] _checks;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ComponentHealth> _last = new(StringComparer.Ordinal);

    internal HealthHistory(DatabaseProbe database, IEnumerable<IReadinessCheck> checks, TimeProvider time)
    {
        _database = database;
        _checks = [.. checks];
        _time = time;
    }

    public async Task<IReadOnlyList<ComponentHealth>> AskAsync(CancellationToken cancellationToken)
    {
        var problem = await DatabaseProblemAsync(cancellationToken);
        return
        [
            Seen("database", problem ?? "answers and accepts changes", problem is null),
            .. _checks.Select(check => Seen(check.Name, check.Problem?.Message ?? check.State, check.Problem is null)),
        ];
    }

    private async Task<string?> DatabaseProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _database.AskAsync(cancellationToken);
            return null;
        }
        catch (ProblemException problem)
        {
            return problem.Message;
        }
    }

    private ComponentHealth Seen(string name, string state, bool isGood)
    {
        lock (_gate)
        {
            return _last.TryGetValue(name, out var last) && last.State == state && last.IsGood == isGood
                ? last
                : _last[name] = new ComponentHealth(name, state, isGood, _time.GetUtcNow());
        }
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
