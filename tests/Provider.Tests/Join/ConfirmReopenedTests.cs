using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Join;

/// <summary>A JOIN that its holder reopens between the confirmation's read and its commit.</summary>
public sealed class ConfirmReopenedTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Confirm_JoinReopenedMeanwhile_SpendsNothingAndTheJoinGoesOn()
    {
        using var tenant = new TestTenant();
        var key = (await _provider.PrepareAsync("reopened")).JoinKey;
        await _provider.JoinAsync(key, tenant);
        await using var connection = await _provider.Database.DataSource.OpenConnectionAsync();
        Task<Answer> confirming, joining;
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            // The confirmation stops at the first row that it changes.
            await using var hold = new Npgsql.NpgsqlCommand("SELECT FROM provider.join_keys WHERE tenant_id = 'reopened' FOR UPDATE", connection, transaction);
            await hold.ExecuteNonQueryAsync();
            confirming = _provider.TryConfirmAsync("reopened", tenant);
            await Eventually.ShouldAsync(() => _provider.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%provider.join_keys%' AND datname = current_database())"));
            joining = _provider.TryJoinAsync(key, tenant.Request("https://keycloak.moved.example"));
            await Eventually.ShouldAsync(() => _provider.Database.ScalarAsync<bool>("SELECT status = 'joining' FROM provider.tenants WHERE tenant_id = 'reopened'"));
            await transaction.RollbackAsync();
        }

        (await confirming).ShouldBe(HttpStatusCode.Conflict, "join_incomplete");
        var reopened = await joining;
        if (reopened.Status != HttpStatusCode.OK)
        {
            reopened = await _provider.TryJoinAsync(key, tenant.Request("https://keycloak.moved.example"));
        }

        reopened.Read(ContractsJson.Default.JoinBundle);
        (await _provider.AuditedAsync("join.confirmed", "reopened")).ShouldBe(0);
        (await _provider.TryConfirmAsync("reopened", tenant)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await _provider.ShowAsync("reopened")).Status.ShouldBe(TenantStatus.Active);
    }
}
