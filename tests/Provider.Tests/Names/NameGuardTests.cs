using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Names;

/// <summary>A name and a platform domain against the Sub-CAs that tenants hold.</summary>
public sealed class NameGuardTests
{
    [SkippableFact]
    public async Task Start_NewNameThatALiveSubCaDoesNotExclude_IsRefusedUntilItIsReservedAndRotated()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var tenant = new TestTenant();
        await provider.ActivateAsync("acme", tenant);
        await provider.StopAsync();

        var refusal = await provider.RefusalAsync((ProviderSettings.RabbitmqMqttUrl, "mqtts://mqtt.broker.example:8883"));
        refusal.ShouldContain("mqtt.broker.example");
        refusal.ShouldContain("acme");
        refusal.ShouldContain("IOT_RESERVED_NAMES=mqtt.broker.example");

        provider.Settings[ProviderSettings.ReservedNames] = "mqtt.broker.example";
        await provider.StartAgainAsync();
        (await provider.AuditedAsync("names.changed", "provider")).ShouldBe(1);
        using var rotated = new TestTenant();
        (await RotateAsync(provider, tenant, rotated)).Status.ShouldBe(HttpStatusCode.OK);
        await provider.StopAsync();
        (await provider.RefusalAsync((ProviderSettings.RabbitmqMqttUrl, "mqtts://mqtt.broker.example:8883"))).ShouldContain("acme"); // the old Sub-CA is live, too

        provider.Settings[ProviderSettings.ReservedNames] = "mqtt.broker.example";
        await provider.StartAgainAsync();
        (await RetireAsync(provider, rotated)).Status.ShouldBe(HttpStatusCode.NoContent);
        await provider.StopAsync();
        provider.Settings[ProviderSettings.RabbitmqMqttUrl] = "mqtts://mqtt.broker.example:8883";

        await provider.StartAgainAsync();

        (await provider.AuditedAsync("names.changed", "provider")).ShouldBe(2);
    }

    /// <summary>An installation from before names were recorded must start: its names are in use already.</summary>
    [SkippableFact]
    public async Task Start_NamesNeverRecorded_AreTakenWithAWarning()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var tenant = new TestTenant();
        await provider.ActivateAsync("acme", tenant);
        await provider.StopAsync();
        await provider.Database.ExecuteAsync("DELETE FROM provider.served_names");
        await provider.Database.ExecuteAsync("DELETE FROM provider.kept_settings");
        provider.Settings[ProviderSettings.RabbitmqMqttUrl] = "mqtts://mqtt.broker.example:8883";

        await provider.StartAgainAsync();

        provider.Log.Text.ShouldContain("mqtt.broker.example (IOT_RABBITMQ_MQTT_URL) is not excluded by a Sub-CA of tenant acme");
        provider.Options.PlatformDomain.ShouldBe("iot.example");
    }

    [SkippableFact]
    public async Task Start_AnotherPlatformDomain_IsTakenBeforeAJoinAndRefusedAfterwards()
    {
        await using var provider = await RunningProvider.StartAsync();
        await provider.StopAsync();
        provider.Settings[ProviderSettings.PlatformDomain] = "other.example";
        await provider.StartAgainAsync();
        provider.Options.PlatformDomain.ShouldBe("other.example");
        (await provider.AuditedAsync("setting.changed", ProviderSettings.PlatformDomain)).ShouldBe(1);
        using var tenant = new TestTenant();
        await provider.ActivateAsync("acme", tenant);
        await provider.StopAsync();

        var refusal = await provider.RefusalAsync((ProviderSettings.PlatformDomain, "iot.example"));

        refusal.ShouldContain("other.example");
        refusal.ShouldContain("IOT_PLATFORM_DOMAIN");
        await provider.Database.ExecuteAsync("DELETE FROM provider.kept_settings"); // as before it was kept: the Sub-CA shows it
        (await provider.RefusalAsync((ProviderSettings.PlatformDomain, "iot.example"))).ShouldContain("other.example");
        provider.Settings[ProviderSettings.PlatformDomain] = null;
        await provider.StartAgainAsync();
        provider.Options.PlatformDomain.ShouldBe("other.example");
    }

    [SkippableFact]
    public async Task Start_AdminPasswordThatTheAccountDoesNotHave_IsRefused()
    {
        await using var provider = await RunningProvider.StartAsync();
        await provider.StopAsync();

        var refusal = await provider.RefusalAsync((AdminPasswordSetting.Name, "another long password"));

        refusal.ShouldContain("IOT_ADMIN_PASSWORD");
        refusal.ShouldNotContain("another long");
        provider.Settings[AdminPasswordSetting.Name] = null;
        await provider.StartAgainAsync();
    }

    private static Task<Answer> RotateAsync(RunningProvider provider, TestTenant current, TestTenant next)
    {
        const string Path = "portal/admin/tenants/acme/sub-ca/rotate";
        var proof = current.Proof("acme", provider.At(Path), provider.Time, next.SubCa.SubjectPublicKeyInfo);
        return provider.Anonymous().PostAsync(Path, new RotateSubCaRequest { SubCaCsr = next.SubCa.CreateCsrPem(new SubjectNames()), Proof = proof }, ContractsJson.Default.RotateSubCaRequest);
    }

    private static Task<Answer> RetireAsync(RunningProvider provider, TestTenant keeper)
    {
        const string Path = "portal/admin/tenants/acme/sub-ca/retire";
        return provider.Anonymous().PostAsync(Path, new JoinConfirmation { Proof = keeper.Proof("acme", provider.At(Path), provider.Time) }, ContractsJson.Default.JoinConfirmation);
    }
}
