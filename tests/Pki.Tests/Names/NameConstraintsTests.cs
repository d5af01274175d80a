using System.Formats.Asn1;
using System.Net;

namespace IoTPlatform.Pki.Tests.Names;

/// <summary>RFC 5280 4.2.1.10.</summary>
public sealed class NameConstraintsTests
{
    private static readonly NameConstraints Full = new()
    {
        PermittedDns = ["acme.example", "below.example"],
        ExcludedDns = ["bad.acme.example", "example.org"],
        PermittedIp = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")],
        ExcludedIp = [IPNetwork.Parse("10.9.8.7/32"), IPNetwork.Parse("0.0.0.0/0")],
        PermittedEmail = ["example.com", "ops@example.org", ".example.net"],
        ExcludedEmail = ["bad@example.com"],
        PermittedUriDomains = ["acme.iotplatform.internal", ".below.internal"],
        ExcludedUriDomains = ["x.below.internal"],
    };

    [Fact]
    public void Encode_Parse_KeepsEverything()
    {
        var parsed = NameConstraints.Parse(Full.Encode());

        parsed.PermittedDns.ShouldBe(Full.PermittedDns);
        parsed.ExcludedDns.ShouldBe(Full.ExcludedDns);
        parsed.PermittedIp.ShouldBe(Full.PermittedIp);
        parsed.ExcludedIp.ShouldBe(Full.ExcludedIp);
        parsed.PermittedEmail.ShouldBe(Full.PermittedEmail);
        parsed.ExcludedEmail.ShouldBe(Full.ExcludedEmail);
        parsed.PermittedUriDomains.ShouldBe(Full.PermittedUriDomains);
        parsed.ExcludedUriDomains.ShouldBe(Full.ExcludedUriDomains);
    }

    [Fact]
    public void Encode_OneIpNetwork_IsAddressAndMask() =>
        Convert.ToHexString(new NameConstraints { ExcludedIp = [IPNetwork.Parse("10.128.0.0/9")] }.Encode()).ShouldBe("300EA10C300A87080A800000FF800000");

    [Fact]
    public void Encode_Nothing_IsRefused() => ((Action)(() => new NameConstraints().Encode())).ShouldBeRefused(PkiError.ProfileViolation);

    [Theory]
    [InlineData("a b")]
    [InlineData("")]
    [InlineData("..x")]
    [InlineData(".below.example")] // for URIs and mailboxes only (RFC 5280 4.2.1.10)
    [InlineData("*.example")] // a constraint has no wildcards: python-cryptography refuses the whole certificate
    public void Encode_IllFormedDns_IsRefused(string name) =>
        ((Action)(() => new NameConstraints { ExcludedDns = [name] }.Encode())).ShouldBeRefused(PkiError.NameNotAllowed);

    [Fact]
    public void Parse_DirectoryName_IsRefused()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4)))
        using (writer.PushSequence())
        {
        }

        ((Action)(() => NameConstraints.Parse(writer.Encode()))).ShouldBeRefused(PkiError.NameNotAllowed);
    }

    [Theory]
    [InlineData("3000")] // nothing
    [InlineData("3002A000")] // an empty list
    [InlineData("300EA10C300A87080A800000FF00FF00")] // a mask with a hole
    [InlineData("300EA10C300A87080A800001FF800000")] // bits behind the mask
    [InlineData("300DA10B3009" + "87070A800000FF8000")] // seven octets
    [InlineData("300EA10C300A87080A800000FF80000000")] // a byte too many
    public void Parse_IllFormed_IsRefused(string hex) => ((Action)(() => NameConstraints.Parse(Convert.FromHexString(hex)))).ShouldBeRefused(PkiError.Malformed);

    [Fact]
    public void Parse_EveryPrefix_IsRefused()
    {
        var der = Full.Encode();
        for (var i = 0; i < der.Length; i++)
        {
            var prefix = der[..i];
            ((Action)(() => NameConstraints.Parse(prefix))).ShouldBeRefused(PkiError.Malformed);
        }
    }

    [Theory]
    [InlineData("acme.example", true)]
    [InlineData("ACME.Example", true)]
    [InlineData("a.acme.example", true)]
    [InlineData("*.acme.example", false)] // would match bad.acme.example
    [InlineData("*.x.acme.example", true)]
    [InlineData("xacme.example", false)]
    [InlineData("example", false)]
    [InlineData("a.below.example", true)]
    [InlineData("below.example", true)]
    [InlineData("bad.acme.example", false)]
    [InlineData("a.bad.acme.example", false)]
    [InlineData("other.org", false)]
    public void Permits_Dns_AsTheRfcSays(string name, bool permitted) =>
        (Full with { ExcludedDns = ["bad.acme.example"] }).Permits(new SubjectNames { Dns = [name] }, out _).ShouldBe(permitted);

    [Theory]
    [InlineData("iot.provider.example", false)]
    [InlineData("x.iot.provider.example", false)]
    [InlineData("*.iot.provider.example", false)]
    [InlineData("*.provider.example", false)]
    [InlineData("i*.provider.example", false)]
    [InlineData("*.example", true)]
    [InlineData("www.provider.example", true)]
    [InlineData("iot.provider.example.", false)]
    [InlineData("iot_x.provider.example", false)]
    public void Permits_NamesAroundAnExcludedHost_NoneThatCouldPassForIt(string name, bool permitted) =>
        new NameConstraints { ExcludedDns = ["iot.provider.example"] }.Permits(new SubjectNames { Dns = [name] }, out _).ShouldBe(permitted);

    [Theory]
    [InlineData("iot.provider.example", false)]
    [InlineData("provider", false)]
    [InlineData("acme-mqtt-bridge", true)]
    [InlineData("acme Sub-CA", true)]
    public void Permits_CommonNameWithoutDnsName_IsJudgedAsOne(string name, bool permitted) =>
        new NameConstraints { ExcludedDns = ["iot.provider.example", "provider"], PermittedDns = ["acme.example"] }
            .Permits(new SubjectNames { CommonName = name }, out _).ShouldBe(permitted);

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("10.9.8.7", false)]
    [InlineData("::ffff:10.9.8.7", false)]
    [InlineData("11.0.0.1", false)]
    [InlineData("2001:db8:1::1", true)]
    [InlineData("2001:db9::1", false)]
    public void Permits_Ip_AsTheRfcSays(string address, bool permitted) =>
        (Full with { ExcludedIp = [IPNetwork.Parse("10.9.8.7/32")] }).Permits(new SubjectNames { Ip = [IPAddress.Parse(address)] }, out _).ShouldBe(permitted);

    [Theory]
    [InlineData("a@example.com", true)]
    [InlineData("bad@example.com", false)]
    [InlineData("Bad@example.com", true)] // local parts are compared with case
    [InlineData("ops@example.org", true)]
    [InlineData("a@example.org", false)]
    [InlineData("a@x.example.com", false)]
    [InlineData("a@x.example.net", true)]
    [InlineData("a@example.net", false)]
    [InlineData("not an address", false)]
    public void Permits_Email_AsTheRfcSays(string address, bool permitted) => Full.Permits(new SubjectNames { Emails = [address] }, out _).ShouldBe(permitted);

    [Theory]
    [InlineData("spiffe://acme.iotplatform.internal/device/1", true)]
    [InlineData("https://ACME.iotplatform.internal:8443/x", true)]
    [InlineData("spiffe://globex.iotplatform.internal/device/1", false)]
    [InlineData("spiffe://x.acme.iotplatform.internal/device/1", false)]
    [InlineData("spiffe://iotplatform.internal/service/api", false)]
    [InlineData("spiffe://acme.iotplatform.internal:x@globex.iotplatform.internal/device/1", false)]
    [InlineData("spiffe://acme.iotplatform.internal@globex.iotplatform.internal/device/1", false)]
    [InlineData("spiffe://globex.iotplatform.internal?.acme.iotplatform.internal/x", false)]
    [InlineData("https://a.below.internal/", true)]
    [InlineData("https://x.below.internal/", false)]
    [InlineData("https://below.internal/", false)]
    [InlineData("https://10.0.0.1/", false)]
    [InlineData("urn:acme.iotplatform.internal:x", false)]
    [InlineData("acme.iotplatform.internal", false)]
    public void Permits_Uri_AsTheRfcSays(string uri, bool permitted) => Full.Permits(new SubjectNames { Uris = [uri] }, out _).ShouldBe(permitted);

    [Fact]
    public void Permits_Violation_NamesTheName()
    {
        Full.Permits(new SubjectNames { Dns = ["other.org"] }, out var violation).ShouldBeFalse();
        violation.ShouldBe("DNS:other.org");
    }

    [Fact]
    public void ForTenant_ProviderNames_AreExcludedWithWhatWildcardsWouldMatch()
    {
        var constraints = NameConstraints.ForTenant(
            "acme.iotplatform.internal", ["localhost", "provider.localhost", "127.0.0.1", "::1", "provider", "iot.provider.example", "mqtt.provider.example", "login.example", "192.0.2.7", "2001:db8::7"], []);

        constraints.PermittedUriDomains.ShouldBe(["acme.iotplatform.internal"]);
        constraints.PermittedDns.ShouldBeEmpty();
        constraints.ExcludedDns.ShouldBe(["provider", "provider.example", "login.example"]);
        constraints.ExcludedIp.Select(n => n.ToString()).ShouldBe(["192.0.2.7/32", "::ffff:192.0.2.7/128", "2001:db8::7/128"]);
        NameConstraints.Parse(constraints.Encode()).ExcludedIp.ShouldBe(constraints.ExcludedIp);
    }

    [Fact]
    public void ForTenant_DeclaredDomains_AreTheOnlyOnesBesideLocalhost()
    {
        var constraints = NameConstraints.ForTenant("acme.iotplatform.internal", ["iot.provider.example"], ["acme.example", "Acme.example"]);

        constraints.PermittedDns.ShouldBe(["acme.example", "localhost"]);
        constraints.Permits(SubjectNames.FromSans("sensor-1.acme.example", ["sensor-1.acme.example", "localhost"]), out _).ShouldBeTrue();
        constraints.Permits(SubjectNames.FromSans("sensor-1", ["sensor-1"]), out _).ShouldBeFalse();
    }

    /// <summary>A permitted list without the provider's parent domain shuts its wildcard out by itself, so a tenant may have a domain beside the provider's.</summary>
    [Fact]
    public void ForTenant_DeclaredDomainBesideTheProviders_StaysUsable()
    {
        var constraints = NameConstraints.ForTenant("acme.iotplatform.internal", ["iot.corp.example"], ["plant.corp.example"]);

        constraints.ExcludedDns.ShouldBe(["iot.corp.example"]);
        constraints.Permits(SubjectNames.FromSans(null, ["api.plant.corp.example"]), out _).ShouldBeTrue();
        constraints.Permits(new SubjectNames { Dns = ["*.corp.example"] }, out _).ShouldBeFalse();
    }

    [Fact]
    public void ForTenant_DeclaredDomainAroundTheProviders_LosesThePartAWildcardWouldReach()
    {
        var constraints = NameConstraints.ForTenant("acme.iotplatform.internal", ["iot.corp.example"], ["corp.example"]);

        constraints.ExcludedDns.ShouldBe(["corp.example"]);
    }
}
