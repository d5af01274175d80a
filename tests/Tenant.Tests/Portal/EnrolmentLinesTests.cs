using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Features.Enrollment.Phone;
using IoTPlatform.Tenant.Portal;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Portal;

/// <summary>The first step of a device without the agent, against a server in between: it answers the platform's root, which is public, and its own behind it.</summary>
public sealed class EnrolmentLinesTests : IDisposable
{
    /// <summary>In curl's place: what the server in between answers.</summary>
    private const string Curl = """curl() { cp answer.pem "${@: -1}"; }""" + "\n";

    private readonly TempFolder _temp = new();
    private readonly X509Certificate2 _root = Root("CN=Platform");

    public EnrolmentLinesTests()
    {
        foreach (var tool in (string[])["bash", "openssl", "sha256sum"])
        {
            Requires.Tool(tool);
        }

        using var other = Root("CN=In Between");
        File.WriteAllText(_temp.Combine("answer.pem"), _root.ExportCertificatePem() + "\n" + other.ExportCertificatePem() + "\n");
    }

    private string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(_root.RawData));

    private CreatedEnrollmentToken Token(string? device) => new()
    {
        Id = Guid.NewGuid(),
        Token = "iot-enroll-abc",
        DeviceId = device,
        Uses = 1,
        ExpiresAt = TimeProvider.System.GetUtcNow(),
        TenantUrl = "https://tenant.example:9543/",
        RootFingerprint = Fingerprint,
        TrustDomain = "acme.iot.example",
    };

    public void Dispose()
    {
        _root.Dispose();
        _temp.Dispose();
    }

    /// <summary>What is in an address is good for one device, once.</summary>
    [Fact]
    public void PhonesAddress_HasTheTokenInItsFragment_AndNoneOfAFleet()
    {
        PhoneEnrolment.AddressOf(Token("pump-1")).ShouldBe("https://tenant.example:9543/enroll#device_id=pump-1&token=iot-enroll-abc");
        PhoneEnrolment.AddressOf(Token(null)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task FirstLines_TwoRoots_OneIsTrusted()
    {
        var lines = EnrolmentLines.Of(Token("pump-1"), hasOtherBroker: false, mqttPort: null);

        await RunAsync(string.Join('\n', lines.Curl.Split('\n').TakeWhile(line => !line.StartsWith("openssl req", StringComparison.Ordinal))));

        OneIsTrusted();
    }

    [SkippableFact]
    public async Task FirstStepOfThePage_TwoRoots_OneIsTrusted()
    {
        await RunAsync(File.ReadAllText(Path.Combine(Tools.RepositoryRoot, "docs", "devices-without-agent.md")).Split("```sh\n")[1].Split("```")[0]);

        OneIsTrusted();
    }

    private async Task RunAsync(string script) => (await Tools.RunAsync(
        "bash", ["-euo", "pipefail", "-c", Curl + script],
        environment: new Dictionary<string, string?> { ["TENANT"] = "https://tenant.example:9543", ["FINGERPRINT"] = Fingerprint }, workingDirectory: _temp.Path)).EnsureSuccess();

    private void OneIsTrusted()
    {
        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPemFile(_temp.Combine("root_ca.crt"));
        trusted.ShouldHaveSingleItem().RawData.ShouldBe(_root.RawData);
    }

    private static X509Certificate2 Root(string name)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
