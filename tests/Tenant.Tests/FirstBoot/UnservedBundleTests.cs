using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>A provider without a broker for tenants or without an identity provider: the bundle lacks their values, and the tenant lacks their files.</summary>
public sealed class UnservedBundleTests : IAsyncLifetime
{
    private TestTenant _tenant = null!;

    public async Task InitializeAsync() => _tenant = await TestTenant.CreateAsync();

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Boot_NothingServed_HasNoFilesOfIt()
    {
        _tenant.Provider.HasIdentityProvider = false;
        _tenant.Provider.Tamper = bundle => Without(bundle, "rabbitmq_", "cdm_");

        await _tenant.BootAsync();

        File.Exists(_tenant.InData("join-bundle", "rabbitmq.env")).ShouldBeFalse();
        File.Exists(_tenant.InData("join-bundle", "keycloak-federation.env")).ShouldBeFalse();
        File.Exists(_tenant.InData("join-bundle", "mqtt-bridge.crt")).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Boot_BrokerServedOnly_HasItsFile()
    {
        _tenant.Provider.HasIdentityProvider = false;
        _tenant.Provider.Tamper = bundle => Without(bundle, "cdm_");

        await _tenant.BootAsync();

        File.Exists(_tenant.InData("join-bundle", "rabbitmq.env")).ShouldBeTrue();
        File.Exists(_tenant.InData("join-bundle", "keycloak-federation.env")).ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData("rabbitmq_vhost")]
    [InlineData("cdm_idp_client_secret")]
    public async Task Join_HalfOfWhatIsServed_IsRefused(string missing)
    {
        _tenant.Provider.Tamper = bundle => Without(bundle, missing);

        (await Should.ThrowAsync<StartupException>(() => _tenant.BootAsync())).Message.ShouldContain("value is missing");
    }

    private static JoinBundle Without(JoinBundle bundle, params string[] members)
    {
        var json = JsonSerializer.SerializeToNode(bundle, ContractsJson.Default.JoinBundle)!.AsObject();
        foreach (var name in json.Select(member => member.Key).Where(name => members.Any(member => name.StartsWith(member, StringComparison.Ordinal))).ToList())
        {
            json.Remove(name);
        }

        return JsonSerializer.Deserialize(json, ContractsJson.Default.JoinBundle)!;
    }
}
