using System.Globalization;
using IoTPlatform.Hosting.Events;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Hosting;

public static class HealthEndpoints
{
    private const int TimeoutSeconds = 2;

    /// <summary>
    /// <c>GET /health/live</c> (the process answers) and <c>GET /health/ready</c> (the database answers, else 503; a host with events says
    /// how many acts its relay has not looked at yet, which is no reason to be unready; 503 with what every <see cref="IReadiness"/> says). Anonymous.
    /// </summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        var health = endpoints.MapGroup("/health").AllowAnonymous();
        health.MapGet("/live", Ok);
        health.MapGet("/ready", ReadyAsync);
        return endpoints;
    }

    private static IResult Ok() => Results.Text("""{"status":"ok"}""", "application/json");

    private static async Task<IResult> ReadyAsync(NpgsqlDataSource dataSource, IServiceProvider services, CancellationToken cancellationToken)
    {
        if (services.GetServices<IReadiness>().Select(check => check.Problem).FirstOrDefault(problem => problem is not null) is var (code, detail))
        {
            throw new ProblemException(503, code, detail);
        }

        var hasEvents = services.GetService<EventRelay>() is not null;
        try
        {
            await using var command = dataSource.CreateCommand(hasEvents ? "SELECT head.sequence - relay.position FROM audit.head, events.relay" : "SELECT 0::bigint");
            command.CommandTimeout = TimeoutSeconds;
            var waiting = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            return hasEvents ? Results.Text(string.Create(CultureInfo.InvariantCulture, $$"""{"status":"ok","events_waiting":{{waiting}}}"""), "application/json") : Ok();
        }
        catch (NpgsqlException e)
        {
            throw new ProblemException(503, "database_unavailable", "The database does not answer at the moment.", TimeSpan.FromSeconds(TimeoutSeconds), e);
        }
    }
}
