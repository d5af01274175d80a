using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class SignTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableFact]
    public async Task Sign_GenuineToken_IsStepCasLeafWithChain()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), _ca.Token("a.test"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        reply.ContentType.ShouldBe("application/json");
        reply.Body.ShouldEndWith("}\n");
        using var leaf = reply.Certificate;
        leaf.Subject.ShouldBe("CN=a.test");
        (leaf.NotAfter - leaf.NotBefore).ShouldBe(TimeSpan.FromHours(24) + TimeSpan.FromMinutes(1));
        var parsed = ParsedCertificate.Parse(leaf.RawDataMemory);
        parsed.Names.Dns.ShouldBe(["a.test"]);
        parsed.KeyUsages.ShouldBe(X509KeyUsageFlags.DigitalSignature);
        parsed.ExtendedKeyUsages.ShouldBe([Oids.ServerAuth, Oids.ClientAuth]);
        parsed.StepProvisioner.ShouldBe(new StepProvisionerExtension(1, "iot-bridge", _ca.Module.IotBridge.KeyId));
        _ca.Authority.Chain.Verify(leaf, CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).ShouldBeTrue();
        var chain = reply.Json.GetProperty("certChain");
        chain.GetArrayLength().ShouldBe(2);
        chain[0].GetString().ShouldBe(reply.Json.GetProperty("crt").GetString());
        chain[1].GetString().ShouldBe(reply.Json.GetProperty("ca").GetString());
        X509Certificate2.CreateFromPem(chain[1].GetString()).Subject.ShouldBe("CN=IoTPlatform Intermediate CA");
        reply.Json.GetProperty("tlsOptions").GetProperty("minVersion").GetDouble().ShouldBe(1.2);
    }
}
