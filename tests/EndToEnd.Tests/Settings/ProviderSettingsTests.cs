using System.Net;
using IoTPlatform.Client;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Settings;

/// <summary>A provider's settings, as a real process meets them.</summary>
public sealed class ProviderSettingsTests
{
    [SkippableTheory]
    [InlineData("[::1]")]
    [InlineData("fe80::1%lo")]
    [InlineData("010.0.0.1")]
    public async Task Start_NameThatNoCertificateHolds_ExitOneBeforeAnythingIsMade(string name)
    {
        using var folder = new TempFolder();
        await using var provider = Launch(folder, ("IOT_NAMES", name));

        (await provider.WaitForExitAsync()).ShouldBe(1, provider.Output);

        provider.Output.ShouldContain("IOT_NAMES");
        provider.Output.ShouldNotContain("   at IoTPlatform");
        Directory.Exists(folder.Combine("data")).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Start_ManyValidationErrors_AreAllNamedBeforeAnythingIsMade()
    {
        using var folder = new TempFolder();
        await using var provider = Launch(
            folder, ("IOT_LISTEN", "https://provider.example:9443"), ("IOT_NAMES", "a_b"), ("IOT_PUBLIC_URL", "https://gerät.example"), ("IOT_RESERVED_NAMES", "*.x"),
            ("IOT_PLATFORM_DOMAIN", "10.1"), ("IOT_RABBITMQ_MQTT_URL", "mqtts://a_b"), ("STEP_CA_PROVISIONER_PASSWORD", "correct horse"), ("IOT_ADMIN_PASSWORD", "short"),
            ("IOT_DATABASE", "nonsense=1"));

        (await provider.WaitForExitAsync()).ShouldBe(1, provider.Output);

        foreach (var setting in (string[])
            ["IOT_LISTEN", "IOT_NAMES", "IOT_PUBLIC_URL", "xn--gert-noa.example", "IOT_RESERVED_NAMES", "IOT_PLATFORM_DOMAIN", "IOT_RABBITMQ_MQTT_URL", "STEP_CA_PROVISIONER_PASSWORD", "20 characters", "IOT_ADMIN_PASSWORD", "IOT_DATABASE"])
        {
            provider.Output.ShouldContain(setting);
        }

        provider.Output.ShouldNotContain("correct horse");
        Directory.Exists(folder.Combine("data")).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Start_PlatformDomainNotSet_SaysWhichOneWasChosen()
    {
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();
        using var folder = new TempFolder();
        await using var provider = Launch(folder, ("IOT_DATABASE", database.ConnectionString));

        (await provider.WaitForLineAsync("first-boot: platform-domain …")).ShouldContain("iotplatform.internal, because IOT_PLATFORM_DOMAIN is not set");
        await provider.WaitForLineAsync("ready ");
    }

    /// <summary>The realm names itself without the slash: no waiting helps, so it is no outage.</summary>
    [SkippableFact]
    public async Task Start_IssuerWithATrailingSlash_SaysWhatTheDocumentNames()
    {
        await using var issuer = await OidcServer.StartAsync(TimeProvider.System);
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();
        using var folder = new TempFolder();
        await using var provider = Launch(
            folder, ("IOT_DATABASE", database.ConnectionString), ("IOT_IDENTITY", "keycloak"), ("IOT_OIDC_ISSUER", issuer.Issuer + "/"), ("IOT_OIDC_CA", issuer.CaFile));
        var ready = (await provider.WaitForLineAsync("ready ")).Split(' ');

        (await provider.WaitForLineAsync(line => line.Contains("nobody can sign in", StringComparison.Ordinal))).ShouldContain($"names {issuer.Issuer}.");

        var url = new Uri(ready[1].Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/");
        var trust = await RootTrust.FetchAsync(url, ready[2].Split('=')[1]);
        using var http = PlatformHttp.Create(url, trust.Provider(), null, TimeSpan.FromSeconds(20));
        using var health = await http.GetAsync("health/ready");
        health.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await health.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(text => text.ShouldContain("identity_misconfigured"), text => text.ShouldContain(issuer.Issuer));
        http.DefaultRequestHeaders.Authorization = new("Bearer", issuer.Token());
        using var answer = await http.GetAsync("portal/audit");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("identity_misconfigured");
        answer.Headers.RetryAfter.ShouldBeNull();
    }

    private static ProcessUnderTest Launch(TempFolder folder, params (string Name, string? Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["IOT_DATA"] = folder.Combine("data"), ["IOT_LISTEN"] = $"https://127.0.0.1:{FreePort.Next()}" };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return StackPrograms.Start(StackPrograms.Provider, all);
    }
}
