using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Interop;

/// <summary>Row by row: what OpenSSL prints is what the trust hierarchy says.</summary>
public sealed class TrustHierarchyTableTests : IDisposable
{
    private const string CaUsage = "X509v3 Key Usage: critical\nCertificate Sign, CRL Sign";

    private readonly Hierarchy _pki = new();

    [SkippableFact]
    public async Task Root_TenYears_P384_PathLength2()
    {
        var text = await OpenSsl.TextAsync(_pki.Root.Certificate);

        text.ShouldContain("Issuer: CN = Test Root CA");
        text.ShouldContain("Subject: CN = Test Root CA");
        text.ShouldContain("NIST CURVE: P-384");
        text.ShouldContain("Signature Algorithm: ecdsa-with-SHA384");
        text.ShouldContain("Not Before: Jun  1 11:59:00 2026 GMT");
        text.ShouldContain("Not After : May 29 12:00:00 2036 GMT");
        text.ShouldContain("X509v3 Basic Constraints: critical\nCA:TRUE, pathlen:2");
        text.ShouldContain(CaUsage);
        text.ShouldContain("X509v3 Subject Key Identifier:");
        text.ShouldContain("X509v3 Authority Key Identifier:");
        text.ShouldNotContain("Extended Key Usage");
        text.ShouldNotContain("Name Constraints");
        text.ShouldNotContain("Alternative Name");
    }

    [SkippableFact]
    public async Task Intermediate_FiveYears_P256_PathLength1()
    {
        var text = await OpenSsl.TextAsync(_pki.Intermediate.Certificate);

        text.ShouldContain("Issuer: CN = Test Root CA");
        text.ShouldContain("NIST CURVE: P-256");
        text.ShouldContain("Signature Algorithm: ecdsa-with-SHA384");
        text.ShouldContain("Not After : May 31 12:00:00 2031 GMT");
        text.ShouldContain("X509v3 Basic Constraints: critical\nCA:TRUE, pathlen:1");
        text.ShouldContain(CaUsage);
        text.ShouldNotContain("Extended Key Usage");
    }

    [SkippableFact]
    public async Task TenantSubCa_TwoYears_P256_PathLength0_NameConstraints()
    {
        var text = await OpenSsl.TextAsync(_pki.Acme.Certificate);

        text.ShouldContain("Issuer: CN = Test Intermediate CA");
        text.ShouldContain("Subject: CN = acme Sub-CA");
        text.ShouldContain("NIST CURVE: P-256");
        text.ShouldContain("Signature Algorithm: ecdsa-with-SHA256");
        text.ShouldContain("Not After : May 31 12:00:00 2028 GMT");
        text.ShouldContain("X509v3 Basic Constraints: critical\nCA:TRUE, pathlen:0");
        text.ShouldContain(CaUsage);
        text.ShouldContain(
            "X509v3 Name Constraints: critical\nPermitted:\nURI:acme.iotplatform.internal\nExcluded:\nDNS:provider.example\nDNS:login.example\nDNS:provider\n"
            + "IP:192.0.2.7/255.255.255.255");
        text.ShouldContain("IP:2001:DB8:0:0:0:0:0:7/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF");
        text.ShouldNotContain("Extended Key Usage");
    }

    [SkippableFact]
    public async Task Service_OneYear_BothUsages_ConfigurableNames()
    {
        var text = await TextAsync(_pki.Intermediate, Profiles.Service, SubjectNames.FromSans("iot.provider.example", ["iot.provider.example", "localhost", "192.0.2.7", "::1"]));

        text.ShouldContain("Not After : Jun  1 12:00:00 2027 GMT");
        text.ShouldContain("X509v3 Key Usage: critical\nDigital Signature, Key Encipherment\n");
        text.ShouldContain("X509v3 Extended Key Usage:\nTLS Web Server Authentication, TLS Web Client Authentication\n");
        text.ShouldContain("X509v3 Subject Alternative Name:\nDNS:iot.provider.example, DNS:localhost, IP Address:192.0.2.7, IP Address:0:0:0:0:0:0:0:1\n");
        text.ShouldNotContain("Basic Constraints");
    }

    [SkippableFact]
    public async Task MqttBridge_OneYear_ClientOnly_TenantName()
    {
        var text = await TextAsync(_pki.Intermediate, Profiles.MqttBridge, Hierarchy.BridgeNames());

        text.ShouldContain("Issuer: CN = Test Intermediate CA");
        text.ShouldContain("Subject: CN = acme-mqtt-bridge");
        text.ShouldContain("Not After : Jun  1 12:00:00 2027 GMT");
        text.ShouldContain("X509v3 Key Usage: critical\nDigital Signature\n");
        text.ShouldContain("X509v3 Extended Key Usage:\nTLS Web Client Authentication\n");
        text.ShouldContain("X509v3 Subject Alternative Name:\nURI:spiffe://acme.iotplatform.internal/mqtt-bridge\n");
        text.ShouldNotContain("Basic Constraints");
    }

    [SkippableFact]
    public async Task Device_OneDay_ClientOnly_IdInCommonNameDnsAndUri()
    {
        var text = await TextAsync(_pki.Acme, Profiles.Device, Hierarchy.DeviceNames());

        text.ShouldContain("Issuer: CN = acme Sub-CA");
        text.ShouldContain("Subject: CN = sensor-1");
        text.ShouldContain("Not Before: Jun  1 11:59:00 2026 GMT");
        text.ShouldContain("Not After : Jun  2 12:00:00 2026 GMT");
        text.ShouldContain("X509v3 Key Usage: critical\nDigital Signature\n");
        text.ShouldContain("X509v3 Extended Key Usage:\nTLS Web Client Authentication\n");
        text.ShouldContain("X509v3 Subject Alternative Name:\nDNS:sensor-1, URI:spiffe://acme.iotplatform.internal/device/sensor-1\n");
        text.ShouldNotContain("Basic Constraints");
    }

    [SkippableTheory]
    [InlineData(KeyKind.P256, "X509v3 Key Usage: critical\nDigital Signature\n")]
    [InlineData(KeyKind.Rsa2048OrMore, "X509v3 Key Usage: critical\nDigital Signature, Key Encipherment\n")]
    public async Task Leaf_OneDay_AsStepCaDoes(KeyKind key, string usage)
    {
        var text = await TextAsync(_pki.Acme, Profiles.Leaf, SubjectNames.FromSans("x", ["x.acme.example"]), key);

        text.ShouldContain(usage);
        text.ShouldContain("X509v3 Extended Key Usage:\nTLS Web Server Authentication, TLS Web Client Authentication\n");
    }

    public void Dispose() => _pki.Dispose();

    private async Task<string> TextAsync(CaSigner signer, CertificateProfile profile, SubjectNames names, KeyKind key = KeyKind.P256)
    {
        using X509Certificate2 certificate = Hierarchy.Load(Hierarchy.Issue(signer, _pki.Template(profile, names, key)));
        return await OpenSsl.TextAsync(certificate);
    }
}
