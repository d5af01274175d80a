using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Join;

/// <summary>A provider on the embedded broker and login promises a tenant neither: no address, no login, no secret.</summary>
public sealed class UnservedTests : IAsyncLifetime
{
    private RunningProvider _provider = null!;

    public async Task InitializeAsync() =>
        _provider = await RunningProvider.StartAsync(services => services.AddSingleton<IFederationProvisioner, EmbeddedFederationProvisioner>());

    public async Task DisposeAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Join_NothingBesideTheProvider_AnswersWithoutAmqpAndFederation()
    {
        using var tenant = new TestTenant();

        var answer = await _provider.TryJoinAsync((await _provider.PrepareAsync("acme")).JoinKey, tenant);

        var bundle = answer.Read(ContractsJson.Default.JoinBundle);
        bundle.SignedCert.ShouldNotBeEmpty();
        bundle.MqttBridgeCert.ShouldNotBeEmpty();
        bundle.RabbitmqMqttUrl.ShouldNotBeNull();
        foreach (var member in new[] { "rabbitmq_url", "cdm_" })
        {
            answer.Body.ShouldNotContain(member);
        }

        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.federation_secrets")).ShouldBe(0);
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.federation_clients")).ShouldBe(0);
        (await _provider.ShowAsync("acme")).Steps.Single(step => step.Step == "federation").CompletedAt.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Federation_WithoutIdentityProvider_SaysSo()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("acme", tenant);
        using var bridge = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        var admin = await _provider.AdminAsync();

        (await _provider.Anonymous(bridge).GetAsync("portal/admin/tenants/acme/federation")).ShouldBe(HttpStatusCode.Conflict, "no_identity_provider");
        (await admin.PostAsync("portal/admin/tenants/acme/federation/rotate-secret")).ShouldBe(HttpStatusCode.Conflict, "no_identity_provider");
    }
}
