using System.Net;
using IoTPlatform.CertificateAuthority.Acme;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>ACME while its database is away.</summary>
public sealed class AcmeOutageTests
{
    [SkippableFact]
    public async Task Database_Away_IsServerInternalAndTellsWhenToAskAgain()
    {
        await using var ca = await CaHost.StartAsync(CaHost.DefaultOptions with { Acme = new AcmeOptions { Name = "acme" } });
        using var client = new AcmeClient(ca, "acme");
        (await client.RegisterAsync()).Status.ShouldBe(HttpStatusCode.Created);
        var body = client.Sign(client.Account!, payload: null, await client.NonceAsync());
        var maintenance = new NpgsqlConnectionStringBuilder(ca.Database.SuperuserConnectionString) { Database = "postgres" };
        await using var server = NpgsqlDataSource.Create(maintenance.ConnectionString);
        await RunAsync($"ALTER DATABASE {ca.Database.Name} ALLOW_CONNECTIONS false");
        await RunAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{ca.Database.Name}'");
        try
        {
            var refused = (await client.SendAsync(client.Account!, body)).ShouldBe(HttpStatusCode.ServiceUnavailable, "serverInternal");
            refused.RetryAfter.ShouldNotBeNull();
        }
        finally
        {
            await RunAsync($"ALTER DATABASE {ca.Database.Name} ALLOW_CONNECTIONS true");
        }

        (await client.SendAsync(client.Account!, body)).Status.ShouldBe(HttpStatusCode.OK, "nothing was spent");

        async Task RunAsync(string sql)
        {
            await using var command = server.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
