using System.Net;
using System.Text;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Outage;

/// <summary>Every endpoint of the host while its database only reads, or is away: an answer of its own, or 503 with Retry-After; never a fault.</summary>
public sealed class EveryEndpointTests : IAsyncLifetime
{
    private const string TokenEndpoint = "/realms/cdm/protocol/openid-connect/token";
    private RunningProvider _provider = null!;
    private string _joinKey = "";
    private readonly TestTenant _tenant = new();

    public async Task InitializeAsync()
    {
        _provider = await RunningProvider.StartAsync();
        _joinKey = (await _provider.PrepareAsync("acme")).JoinKey;
        var added = await (await _provider.AdminAsync()).PostJsonAsync("portal/admin/service-accounts", """{"name":"backup","roles":["cdm-viewer"]}""");
        var program = added.Read(Contracts.ContractsJson.Default.ServiceAccountCredentials);
        _bodies[TokenEndpoint] = $"grant_type=client_credentials&client_id={program.ClientId}&client_secret={program.ClientSecret}&scope={program.Scope}";
        _bodies["/portal/admin/join"] = System.Text.Json.JsonSerializer.Serialize(_tenant.Request(), Contracts.ContractsJson.Default.JoinRequest);
    }

    public async Task DisposeAsync()
    {
        _tenant.Dispose();
        await _provider.DisposeAsync();
    }

    [SkippableFact]
    public async Task Endpoints_DatabaseReadOnly_503WithRetryAfter()
    {
        var admin = await _provider.AdminAsync();
        await EndSessionsAsync($"ALTER DATABASE {_provider.Database.Name} SET default_transaction_read_only = on");

        var unavailable = await WalkAsync(admin);

        unavailable.ShouldContain("POST " + TokenEndpoint);
        unavailable.ShouldContain("POST /portal/admin/tenants/prepare");
        unavailable.ShouldContain("POST /portal/admin/join");
        unavailable.ShouldContain("GET /health/ready");
        unavailable.ShouldNotContain("GET /portal/admin/tenants"); // reading goes on
    }

    [SkippableFact]
    public async Task Endpoints_DatabaseAway_503WithRetryAfter()
    {
        var admin = await _provider.AdminAsync();
        await EndSessionsAsync($"ALTER DATABASE {_provider.Database.Name} ALLOW_CONNECTIONS false");
        try
        {
            var unavailable = await WalkAsync(admin);

            unavailable.ShouldContain("POST " + TokenEndpoint);
            unavailable.ShouldContain("GET /portal/admin/tenants");
            unavailable.ShouldContain("GET /health/ready");
        }
        finally
        {
            await Postgres($"ALTER DATABASE {_provider.Database.Name} ALLOW_CONNECTIONS true");
        }
    }

    private async Task EndSessionsAsync(string sql)
    {
        await Postgres(sql);
        await Postgres($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_provider.Database.Name}'");
    }

    private async Task Postgres(string sql)
    {
        var maintenance = new Npgsql.NpgsqlConnectionStringBuilder(_provider.Database.SuperuserConnectionString) { Database = "postgres" };
        await using var connection = new Npgsql.NpgsqlConnection(maintenance.ConnectionString);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Returns what answered 503; every other answer must be one that does not blame the server.</summary>
    private async Task<List<string>> WalkAsync(ApiCaller admin)
    {
        var unavailable = new List<string>();
        var wrong = new List<string>();
        var endpoints = _provider.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();
        foreach (var (method, path) in endpoints.SelectMany(Requests).Distinct())
        {
            var body = method is "GET" or "HEAD" ? null : new StringContent(_bodies.GetValueOrDefault(path, "{}"), Encoding.UTF8, path == TokenEndpoint ? "application/x-www-form-urlencoded" : "application/json");
            var answer = await admin.SendAsync(new HttpMethod(method), Fill(path).TrimStart('/'), body, ("X-Join-Key", _joinKey));
            if (answer.Status == HttpStatusCode.ServiceUnavailable && answer.RetryAfter is not null)
            {
                unavailable.Add($"{method} {path}");
            }
            else if ((int)answer.Status >= 500)
            {
                wrong.Add($"{method} {path}: {(int)answer.Status}");
            }
        }

        wrong.ShouldBeEmpty();
        return unavailable;
    }

    private static IEnumerable<(string Method, string Path)> Requests(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => (method, "/" + endpoint.RoutePattern.RawText!.TrimStart('/')));

    private static string Fill(string path) => System.Text.RegularExpressions.Regex.Replace(path, @"\{[^}]*\}", "acme", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));

    private readonly Dictionary<string, string> _bodies = new(StringComparer.Ordinal)
    {
        ["/portal/admin/tenants/prepare"] = """{"tenant_id":"globex","display_name":"Globex"}""",
    };
}
