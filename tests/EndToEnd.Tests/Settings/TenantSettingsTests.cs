using System.Net;
using System.Net.Sockets;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Settings;

/// <summary>A tenant's settings against a real provider: what cannot work is refused before anything is made or spent.</summary>
public sealed class TenantSettingsTests(TenantSettingsTests.OneProvider one) : IClassFixture<TenantSettingsTests.OneProvider>
{
    /// <summary>The names of the case, one start each on one key, which is good afterwards.</summary>
    [SkippableFact]
    public async Task Start_NamesThatNoCertificateHolds_ExitOneAndTheKeyIsUnspent()
    {
        await using var tenant = await one.TenantAsync("grammar");
        foreach (var name in (string[])["iot_tenant", "[::1]", "fe80::1%lo", "gerät.example", "localhost."])
        {
            var output = await RefusedAsync(tenant, ("IOT_NAMES", name));
            output.ShouldContain("IOT_NAMES", customMessage: name);
            output.ShouldNotContain("first-boot");
            Directory.Exists(tenant.Data).ShouldBeFalse(name);
        }

        await JoinsAsync(tenant);
    }

    [SkippableFact]
    public async Task Start_PortInUse_ExitOneAndTheKeyIsUnspent()
    {
        await using var tenant = await one.TenantAsync("port");
        using (var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            taken.Listen();
            var output = await RefusedAsync(tenant, ("IOT_LISTEN", $"https://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}"));
            output.ShouldContain("the port is in use");
            Directory.Exists(tenant.Data).ShouldBeFalse();
        }

        await JoinsAsync(tenant);
    }

    /// <summary>The grammar can't know it, the constraints do: the name lies beside the provider's own.</summary>
    [SkippableFact]
    public async Task Start_NameThatTheSubCaMayNotCertify_ExitOneAndTheKeyIsUnspent()
    {
        await using var tenant = await one.TenantAsync("excluded");

        var output = await RefusedAsync(tenant, ("IOT_NAMES", "localhost,provider.iot.example"));

        output.ShouldContain("provider.iot.example");
        output.ShouldContain("The JOIN key is not spent");
        await JoinsAsync(tenant);
    }

    [SkippableFact]
    public async Task Start_Joined_NeedsNoFirstBootFileAndTakesNoSettingThatCameTooLate()
    {
        await using var tenant = await one.TenantAsync("joined");
        await JoinsAsync(tenant);
        await StopAsync(tenant);

        (await RefusedAsync(tenant, ("JOIN_KEY", "ABCD-EFGH-JKMN-PQRS"))).ShouldContain("JOIN_KEY is another key than the one this tenant joined with");
        (await RefusedAsync(tenant, ("KEYCLOAK_URL", "https://keycloak.example"))).ShouldContain("KEYCLOAK_URL");
        (await RefusedAsync(tenant, ("IOT_ADMIN_PASSWORD", "another long password"))).ShouldContain("IOT_ADMIN_PASSWORD is not the password of the account admin");
        (await RefusedAsync(tenant, ("TENANT_ID", "globex"))).ShouldContain("TENANT_ID");

        foreach (var name in (string[])["PROVIDER_URL", "STEP_CA_FINGERPRINT", "JOIN_KEY", "TENANT_ID", "IOT_ADMIN_PASSWORD"])
        {
            tenant.Overrides[name] = null;
        }

        await JoinsAsync(tenant);
    }

    [SkippableFact]
    public async Task Start_ManyValidationErrors_AreAllNamedBeforeAnythingIsMade()
    {
        await using var tenant = await one.TenantAsync("many");

        var output = await RefusedAsync(
            tenant, ("IOT_LISTEN", "https://tenant.example:9443"), ("IOT_NAMES", "a_b"), ("PROVIDER_URL", "https://010.0.0.1"), ("STEP_CA_PROVISIONER_PASSWORD", "short"),
            ("STEP_CA_PASSWORD_FILE", "/none/at/all"), ("IOT_ADMIN_PASSWORD", "short"), ("IOT_DATABASE", "nonsense"), ("IOT_RABBITMQ_NAMES", "localhost."), ("IOT_BROKER", "rabbitmq"));

        foreach (var setting in (string[])
            ["IOT_LISTEN", "IOT_NAMES", "PROVIDER_URL", "STEP_CA_PROVISIONER_PASSWORD", "STEP_CA_PASSWORD_FILE", "IOT_ADMIN_PASSWORD", "IOT_DATABASE", "IOT_RABBITMQ_NAMES"])
        {
            output.ShouldContain(setting);
        }

        Directory.Exists(tenant.Data).ShouldBeFalse();
    }

    private static async Task<string> RefusedAsync(TenantStack tenant, params (string Name, string? Value)[] settings)
    {
        foreach (var (name, value) in settings)
        {
            tenant.Overrides[name] = value;
        }

        tenant.Launch();
        var exit = await tenant.Process.WaitForExitAsync();
        var output = tenant.Process.Output;
        tenant.Overrides.Clear();
        exit.ShouldBe(1, output);
        output.ShouldNotContain("   at IoTPlatform");
        return output;
    }

    private static async Task JoinsAsync(TenantStack tenant)
    {
        tenant.Launch();
        await tenant.ReadyAsync();
    }

    private static async Task StopAsync(TenantStack tenant)
    {
        tenant.Process.Terminate();
        await tenant.Process.WaitForExitAsync();
        await tenant.Process.DisposeAsync();
    }

    public sealed class OneProvider : IAsyncLifetime
    {
        private ProviderStack _provider = null!;

        public async Task InitializeAsync() => _provider = await ProviderStack.StartAsync();

        /// <summary>Prepared, not launched.</summary>
        internal async Task<TenantStack> TenantAsync(string tenantId)
        {
            PreparedTenant prepared = await _provider.PrepareAsync(tenantId);
            return new TenantStack(_provider, await PostgresServer.CreateEmptyDatabaseAsync(), tenantId, prepared.JoinKey);
        }

        public async Task DisposeAsync()
        {
            if (_provider is not null)
            {
                await _provider.DisposeAsync();
            }
        }
    }
}
