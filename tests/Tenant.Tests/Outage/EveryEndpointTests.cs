using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Tenant.Tests.Outage;

/// <summary>Every endpoint of a tenant while its database only reads: an answer of its own, or 503 with Retry-After; never a fault.</summary>
public sealed class EveryEndpointTests
{
    [SkippableFact]
    public async Task Endpoints_DatabaseReadOnly_503WithRetryAfter()
    {
        await using var tenant = await TestTenant.StartAsync();
        using var admin = await tenant.AdminAsync();
        var token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = "pump-1" })).Token;
        using var http = PlatformHttp.Create(tenant.Url, tenant.Trust, client: null, TimeSpan.FromSeconds(60));
        var access = IssuedToken.Of(tenant.Running!.Services, "admin", Roles.Admin);
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var bodies = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["/devices/{deviceId}/enroll"] = JsonSerializer.Serialize(new EnrollRequest { Csr = CertificateSigningRequest.CreatePem(key, new SubjectNames()) }, ContractsJson.Default.EnrollRequest),
        };
        await ReadOnlyAsync(tenant);

        var unavailable = new List<string>();
        var wrong = new List<string>();
        foreach (var (method, path) in tenant.Service<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(Requests).Distinct())
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Regex.Replace(path, @"\{[^}]*\}", "pump-1", RegexOptions.None, TimeSpan.FromSeconds(1)).TrimStart('/'), UriKind.Relative));
            request.Headers.Authorization = new("Bearer", path.EndsWith("/enroll", StringComparison.Ordinal) ? token : access);
            request.Content = method is "GET" or "HEAD" ? null : new StringContent(bodies.GetValueOrDefault(path, "{}"), Encoding.UTF8, "application/json");
            using var response = await http.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter is not null)
            {
                unavailable.Add($"{method} {path}");
            }
            else if ((int)response.StatusCode >= 500)
            {
                wrong.Add($"{method} {path}: {(int)response.StatusCode}");
            }
        }

        wrong.ShouldBeEmpty();
        unavailable.ShouldContain("POST /portal/admin/identity/rotate-keys");
        unavailable.ShouldContain(line => line.EndsWith("/enroll", StringComparison.Ordinal), string.Join('\n', unavailable));
    }

    private static IEnumerable<(string Method, string Path)> Requests(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => (method, "/" + endpoint.RoutePattern.RawText!.TrimStart('/')));

    private static async Task ReadOnlyAsync(TestTenant tenant)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(tenant.Database.SuperuserConnectionString) { Database = "postgres" }.ConnectionString);
        await connection.OpenAsync();
        foreach (var sql in (string[])[$"ALTER DATABASE {tenant.Database.Name} SET default_transaction_read_only = on", $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{tenant.Database.Name}'"])
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
