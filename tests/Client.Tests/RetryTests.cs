using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Client.Tests;

/// <summary>RFC 9110 section 9.2.2: only what is idempotent is repeated by the client.</summary>
public sealed class RetryTests
{
    private static readonly TenantSummary Acme = new() { TenantId = "acme", DisplayName = "Acme", Status = TenantStatus.Active, CreatedAt = DateTimeOffset.UnixEpoch };

    [Fact]
    public async Task Get_BusyThenFine_IsRepeated()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => server.Seen.Count < 3 ? context.ProblemAsync(503, "busy", "busy", retryAfter: 0) : Tenants(context);
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await client.ListTenantsAsync()).Items.Single().TenantId.ShouldBe("acme");

        server.Seen.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Get_ConnectionBreaks_IsRepeated()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) =>
        {
            if (server.Seen.Count > 1)
            {
                return Tenants(context);
            }

            context.Abort();
            return Task.CompletedTask;
        };
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await client.ListTenantsAsync()).Items.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Get_BusyForEver_GivesUp()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.ProblemAsync(503, "busy", "busy", retryAfter: 0);
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<ApiException>(() => client.ListTenantsAsync())).Code.ShouldBe("busy");

        server.Seen.Count.ShouldBe(4);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(500)]
    public async Task Get_Refused_IsNotRepeated(int status)
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.ProblemAsync(status, "no", "no");
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<ApiException>(() => client.ListTenantsAsync());

        server.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Get_AskedToWaitLong_IsLeftToTheCaller()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.ProblemAsync(429, "too_many_attempts", "slow down", retryAfter: 600);
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<ApiException>(() => client.ListTenantsAsync())).RetryAfter.ShouldBe(TimeSpan.FromMinutes(10));

        server.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Post_BusyServer_IsNotRepeated()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.ProblemAsync(503, "busy", "busy", retryAfter: 0);
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<ApiException>(() => client.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "acme", DisplayName = "Acme" }));

        server.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Post_ConnectionBreaks_IsNotRepeated()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<UnreachableException>(() => client.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "acme", DisplayName = "Acme" }));

        server.Seen.Count.ShouldBe(1);
    }

    private static Task Tenants(HttpContext context) =>
        context.JsonAsync(new Page<TenantSummary> { Items = [Acme] }, ContractsJson.Default.PageTenantSummary);
}
