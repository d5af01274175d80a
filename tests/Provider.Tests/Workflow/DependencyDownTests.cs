using System.Net;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using NSubstitute;
using NSubstitute.ClearExtensions;
using NSubstitute.ExceptionExtensions;

namespace IoTPlatform.Provider.Tests.Workflow;

/// <summary>The seams fail as a broker or an identity provider fails that the embedded ones can't imitate.</summary>
public sealed class DependencyDownTests(DependencyDownTests.Fixture fixture) : IClassFixture<DependencyDownTests.Fixture>, IAsyncLifetime
{
    /// <summary>When the next attempt comes, and no later: the steps of an attempt that begins while the clock still moves would run out of time.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly IBrokerProvisioner _broker = fixture.Broker;
    private readonly IFederationProvisioner _federation = fixture.Federation;
    private readonly RunningProvider _provider = fixture.Provider;
    private readonly TestTenant _tenant = new();

    public Task InitializeAsync()
    {
        _broker.ClearSubstitute();
        _federation.ClearSubstitute();
        _federation.DiscoveryUrl.Returns(new Uri("https://identity.example/.well-known/openid-configuration"));
        _broker.InspectAsync("", default).ReturnsForAnyArgs((BrokerTenant?)null);
        _federation.InspectAsync("", default).ReturnsForAnyArgs((FederationClientState?)null);
        return Task.CompletedTask;
    }

    public static TheoryData<string> Faults => ["down", "http", "timeout", "bug"];

    [SkippableTheory]
    [MemberData(nameof(Faults))]
    public async Task Join_BrokerFails_Answers503AndTheSameKeyCompletesLater(string fault)
    {
        var prepared = await _provider.PrepareAsync("acme");
        _broker.EnsureTenantAsync(null!, default).ThrowsAsyncForAnyArgs(Fault(fault));

        var refused = await _provider.TryJoinAsync(prepared.JoinKey, _tenant);

        refused.ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");
        refused.RetryAfter!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        refused.Body.ShouldNotContain("swordfish");
        var waiting = await _provider.ShowAsync("acme");
        waiting.Status.ShouldBe(TenantStatus.Joining);
        waiting.Steps.Single(s => s.Step == "broker").CompletedAt.ShouldBeNull();
        waiting.Steps.Single(s => s.Step == "broker").LastError!.ShouldNotContain("swordfish");

        _broker.EnsureTenantAsync(null!, default).ReturnsForAnyArgs(Task.CompletedTask);
        await _provider.JoinAsync(prepared.JoinKey, _tenant);
        await AssertNothingTwiceAsync();
    }

    [SkippableTheory]
    [MemberData(nameof(Faults))]
    public async Task Join_IdentityProviderFails_Answers503AndTheSameSecretIsUsedLater(string fault)
    {
        var prepared = await _provider.PrepareAsync("acme");
        _federation.EnsureClientAsync(null!, default).ThrowsAsyncForAnyArgs(Fault(fault));

        (await _provider.TryJoinAsync(prepared.JoinKey, _tenant)).ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");

        _federation.EnsureClientAsync(null!, default).ReturnsForAnyArgs(Task.CompletedTask);
        var bundle = await _provider.JoinAsync(prepared.JoinKey, _tenant);
        _federation.ReceivedCalls().Where(c => c.GetMethodInfo().Name == nameof(IFederationProvisioner.EnsureClientAsync))
            .Select(c => ((FederationClient)c.GetArguments()[0]!).Secret).ShouldBe([bundle.CdmIdpClientSecret, bundle.CdmIdpClientSecret]);
        await AssertNothingTwiceAsync();
    }

    [SkippableFact]
    public async Task Join_DependencySaysWhenToComeBack_RetryAfterSaysSo()
    {
        var prepared = await _provider.PrepareAsync("acme");
        _broker.EnsureTenantAsync(null!, default).ThrowsAsyncForAnyArgs(new DependencyDownException("broker", "The broker is being upgraded.", TimeSpan.FromSeconds(42)));

        var refused = await _provider.TryJoinAsync(prepared.JoinKey, _tenant);

        refused.RetryAfter.ShouldBe(TimeSpan.FromSeconds(42));
        refused.Body.ShouldContain("The broker is being upgraded.");
    }

    [SkippableFact]
    public async Task Join_DependencyBackWithoutACall_CompletesByItself()
    {
        var prepared = await _provider.PrepareAsync("acme");
        _broker.EnsureTenantAsync(null!, default).ThrowsAsyncForAnyArgs(Fault("down"));
        await _provider.TryJoinAsync(prepared.JoinKey, _tenant);
        var ensured = new TaskCompletionSource();
        _federation.EnsureClientAsync(null!, default).ReturnsForAnyArgs(Task.CompletedTask).AndDoes(_ => ensured.TrySetResult());
        _broker.EnsureTenantAsync(null!, default).ReturnsForAnyArgs(Task.CompletedTask);

        _provider.Time.Advance(Retry);

        await ensured.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await UntilAsync(async () => (await _provider.ShowAsync("acme")).Status == TenantStatus.Joined);
    }

    [SkippableFact]
    public async Task Join_ProviderRestartedWhileWaiting_CompletesAtStart()
    {
        var prepared = await _provider.PrepareAsync("acme");
        _federation.EnsureClientAsync(null!, default).ThrowsAsyncForAnyArgs(Fault("down"));
        await _provider.TryJoinAsync(prepared.JoinKey, _tenant);
        await _provider.StopAsync();
        _federation.EnsureClientAsync(null!, default).ReturnsForAnyArgs(Task.CompletedTask);

        await _provider.StartAgainAsync();

        await UntilAsync(async () => (await _provider.ShowAsync("acme")).Status == TenantStatus.Joined);
        await _provider.JoinAsync(prepared.JoinKey, _tenant);
        await AssertNothingTwiceAsync();
    }

    [SkippableFact]
    public async Task Remove_BrokerFails_Answers503AndGoesOnByItself()
    {
        var removed = await _provider.AuditedAsync("tenant.removed", "acme");
        await _provider.ActivateAsync("acme", _tenant);
        _broker.RemoveTenantAsync("", default).ThrowsAsyncForAnyArgs(Fault("down"));
        var admin = await _provider.AdminAsync();

        (await admin.DeleteAsync("portal/admin/tenants/acme")).ShouldBe(HttpStatusCode.ServiceUnavailable, "dependency_unavailable");

        (await _provider.ShowAsync("acme")).Status.ShouldBe(TenantStatus.Removing);
        (await _provider.CertificatesAsync("acme", "tenant-sub-ca", valid: true)).ShouldBe(0);
        _broker.RemoveTenantAsync("", default).ReturnsForAnyArgs(Task.CompletedTask);
        _provider.Time.Advance(Retry);
        await UntilAsync(async () => (await admin.GetAsync("portal/admin/tenants/acme")).Status == HttpStatusCode.NotFound);
        (await _provider.AuditedAsync("tenant.removed", "acme")).ShouldBe(removed + 1);
    }

    [SkippableFact]
    public async Task Remove_WhileJoinWaits_EndsTheJoin()
    {
        var prepared = await _provider.PrepareAsync("acme");
        _federation.EnsureClientAsync(null!, default).ThrowsAsyncForAnyArgs(Fault("down"));
        await _provider.TryJoinAsync(prepared.JoinKey, _tenant);

        (await (await _provider.AdminAsync()).DeleteAsync("portal/admin/tenants/acme")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.TryJoinAsync(prepared.JoinKey, _tenant)).ShouldBe(HttpStatusCode.Unauthorized, "join_key_refused");
        (await _provider.CertificatesAsync("acme", "tenant-sub-ca", valid: true)).ShouldBe(0);
    }

    /// <summary>Removes the test's tenant; the next test starts from nothing.</summary>
    public async Task DisposeAsync()
    {
        _broker.ClearSubstitute();
        _federation.ClearSubstitute();
        await (await _provider.AdminAsync()).DeleteAsync("portal/admin/tenants/acme");
        _tenant.Dispose();
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal IBrokerProvisioner Broker { get; } = Substitute.For<IBrokerProvisioner>();
        internal IFederationProvisioner Federation { get; } = Substitute.For<IFederationProvisioner>();
        internal RunningProvider Provider { get; private set; } = null!;

        public async Task InitializeAsync() => Provider = await RunningProvider.StartAsync(services => services.AddSingleton(Broker).AddSingleton(Federation));

        public async Task DisposeAsync()
        {
            if (Provider is not null)
            {
                await Provider.DisposeAsync();
            }
        }
    }

    private static Exception Fault(string kind) => kind switch
    {
        "down" => new DependencyDownException("broker", "The broker does not answer."),
        "http" => new HttpRequestException("connection refused (https://user:swordfish@broker)"),
        "timeout" => new TimeoutException("swordfish"),
        _ => new InvalidOperationException("swordfish"),
    };

    private async Task AssertNothingTwiceAsync()
    {
        (await _provider.CertificatesAsync("acme", "tenant-sub-ca", valid: true)).ShouldBe(1);
        (await _provider.CertificatesAsync("acme", "mqtt-bridge", valid: true)).ShouldBe(1);
    }

    /// <summary>Waits for something another thread does; the bound is only there to end a test that failed.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
