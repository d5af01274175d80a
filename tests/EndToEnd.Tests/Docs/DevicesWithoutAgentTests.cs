using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Docs;

/// <summary>docs/devices-without-agent.md, run as it stands.</summary>
public sealed class DevicesWithoutAgentTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task Commands_OfThePage_EnrolAndRenewADevice()
    {
        foreach (var tool in (string[])["bash", "curl", "openssl", "jq"])
        {
            Requires.Tool(tool);
        }

        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        await File.WriteAllTextAsync(_temp.Combine("pump-1.token"), (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = "pump-1" })).Token + "\n");
        var steps = Steps();

        var serials = new List<string>();
        foreach (var step in steps)
        {
            (await RunAsync(tenant, provider.Trust.Fingerprint, step)).EnsureSuccess();
            if (File.Exists(_temp.Combine("device-chain.crt")))
            {
                serials.Add(Leaf().SerialNumber);
            }
        }

        serials.Distinct().Count().ShouldBe(2, "enrolled, which a renewal with the same key so soon answers again, and renewed with another");
        var device = await admin.GetDeviceAsync("pump-1");
        device.Status.ShouldBe(DeviceStatus.Enrolled);
        device.Certificates.Count.ShouldBe(2);
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(_temp.Combine("device.key")));
        Leaf().PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
    }

    [SkippableFact]
    public async Task FirstStep_AnotherRoot_IsRefused()
    {
        foreach (var tool in (string[])["bash", "curl", "openssl"])
        {
            Requires.Tool(tool);
        }

        await using var provider = await ProviderStack.StartAsync();

        var result = await Tools.RunAsync("bash", ["-euo", "pipefail", "-c", Steps()[0]], environment: Variables(provider.Url, new string('0', 64)), workingDirectory: _temp.Path);

        result.ExitCode.ShouldBe(1, result.Error);
        result.Error.ShouldContain("another platform's root");
        File.Exists(_temp.Combine("root_ca.crt")).ShouldBeFalse();
    }

    private Task<ToolResult> RunAsync(TenantStack tenant, string fingerprint, string step) =>
        Tools.RunAsync("bash", ["-euo", "pipefail", "-c", step], environment: Variables(tenant.Url, fingerprint), workingDirectory: _temp.Path);

    private Dictionary<string, string?> Variables(Uri server, string fingerprint) => new()
    {
        ["TENANT"] = server.AbsoluteUri.TrimEnd('/'),
        ["FINGERPRINT"] = fingerprint,
        ["DEVICE"] = "pump-1",
        ["TOKEN"] = _temp.Combine("pump-1.token"),
    };

    private X509Certificate2 Leaf() => X509Certificate2.CreateFromPem(File.ReadAllText(_temp.Combine("device-chain.crt")));

    private static string[] Steps() =>
        [.. File.ReadAllText(Path.Combine(Tools.RepositoryRoot, "docs", "devices-without-agent.md")).Split("```sh\n").Skip(1).Select(part => part.Split("```")[0])];
}
