using System.Net;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>Names that are identities on the platform cannot be issued by the holder of the provisioner's key.</summary>
public sealed class ReservedNamesTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableTheory]
    [InlineData("acme-mqtt-bridge", "acme-mqtt-bridge")]
    [InlineData("ACME-MQTT-Bridge", "a.test")]
    [InlineData("a.test", "acme-mqtt-bridge")]
    [InlineData("a.test", "spiffe://iot.example/service/api")]
    [InlineData("a.test", "spiffe://acme.iot.example/device/pump-1")]
    [InlineData("a.test", "spiffe://acme.iot.example/mqtt-bridge")]
    [InlineData("a.test", "SPIFFE://ACME.IOT.EXAMPLE/device/pump-1")]
    [InlineData("a.test", "spiffe://acme.iot.example./device/pump-1")]
    [InlineData("a.test", "spiffe://x@acme.iot.example:8443/device/pump-1")]
    public async Task Sign_ReservedName_Is403AndTheTokenIsNotSpent(string cn, string san)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var before = await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.used_tokens");

        var reply = await client.SignAsync(StepCaCalls.Csr(key, null), _ca.Token(cn, san));

        reply.Status.ShouldBe(HttpStatusCode.Forbidden, reply.Body);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.used_tokens")).ShouldBe(before);
    }

    [SkippableTheory]
    [InlineData("spiffe://other.example/workload")]
    [InlineData("https://iot.example/x")]
    [InlineData("spiffe://notiot.example/service/api")]
    public async Task Sign_NameOfAnotherDomain_IsSigned(string san)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        (await client.SignAsync(StepCaCalls.Csr(key, null), _ca.Token("free.test", san))).Status.ShouldBe(HttpStatusCode.Created);
    }
}
