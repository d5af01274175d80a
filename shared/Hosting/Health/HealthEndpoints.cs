using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace IoTPlatform.Hosting;

public static class HealthEndpoints
{
    private const int TimeoutSeconds = 2;

    /// <summary><c>GET /health/live</c> (the process answers) and <c>GET /health/ready</c> (the database answers, else 503). Anonymous.</summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        var health = endpoints.MapGroup("/health").AllowAnonymous();
        health.MapGet("/live", Ok);
        health.MapGet("/ready", ReadyAsync);
        return endpoints;
    }

    private static IResult Ok() => Results.Text("""{"status":"ok"}""", "application/json");

    private static async Task<IResult> ReadyAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = dataSource.CreateCommand("SELECT 1");
            command.CommandTimeout = TimeoutSeconds;
            await command.ExecuteScalarAsync(cancellationToken);
            return Ok();
        }
        catch (NpgsqlException e)
        {
            throw new ProblemException(503, "database_unavailable", "The database does not answer at the moment.", TimeSpan.FromSeconds(TimeoutSeconds), e);
        }
    }
}
