using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Templates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Templates;

/// <summary>What the JSON of a template may say, and what it may not.</summary>
public sealed class RenderedLeafTests
{
    [Fact]
    public void Names_OfListsAndTypedSans_AreAllThere()
    {
        var leaf = RenderedLeaf.Parse("""
            {"subject":{"commonName":"a.test","organization":"Ops","country":["DE"]},"dnsNames":["a.test"],"ipAddresses":"192.0.2.1","emailAddresses":["a@a.test"],"uris":["urn:a"],
             "sans":[{"type":"dns","value":"b.test"},{"type":"IP","value":"2001:db8::1"},{"type":"auto","value":"c@a.test"},{"value":"c.test"},{"type":"uri","value":"urn:b"},{"type":"dns","value":""},{"type":"permanentIdentifier","value":"serial 7 ✓"}]}
            """);

        leaf.Names.CommonName.ShouldBe("a.test");
        leaf.Names.Dns.ShouldBe(["a.test", "b.test", "c.test"]);
        leaf.Names.Ip.Select(ip => ip.ToString()).ShouldBe(["192.0.2.1", "2001:db8::1"]);
        leaf.Names.Emails.ShouldBe(["a@a.test", "c@a.test"]);
        leaf.Names.Uris.ShouldBe(["urn:a", "urn:b"]);
        leaf.Names.PermanentIdentifiers.ShouldBe(["serial 7 ✓"]);
        SubjectAttributes.Read(leaf.Contents.Subject!.Value.Span).ShouldBe([new("2.5.4.6", "DE"), new("2.5.4.10", "Ops"), new("2.5.4.3", "a.test")]);
    }

    [Fact]
    public void Members_InAnyCaseAndNull_AreReadAsGoReadsThem()
    {
        var leaf = RenderedLeaf.Parse("""{"Subject":"a.test","KEYUSAGE":"digital_signature","extKeyUsage":["clientAuth"],"dnsNames":null,"unknownExtKeyUsage":["1.2.3.4"],"other":1,"version":3,"issuer":"x"}""");

        leaf.Names.CommonName.ShouldBe("a.test");
        leaf.KeyUsages.ShouldBe(X509KeyUsageFlags.DigitalSignature);
        leaf.ExtendedKeyUsages.ShouldBe([Oids.ClientAuth, "1.2.3.4"]);
    }

    [Fact]
    public void PermanentIdentifier_WithControlCharacters_IsRefused() =>
        Should.Throw<PkiException>(() => RenderedLeaf.Parse("""{"subject":"a","sans":[{"type":"permanentIdentifier","value":"a\nb"}]}""")).Message.ShouldContain("permanent identifier");

    [Theory]
    [InlineData("""{"subject":"a","basicConstraints":{"isCA":true,"maxPathLen":0}}""", "CA certificate")]
    [InlineData("""{"subject":"a","keyUsage":["certSign"]}""", "CA certificates")]
    [InlineData("""{"subject":"a","keyUsage":["crlSign"]}""", "CA certificates")]
    [InlineData("""{"subject":"a","extKeyUsage":["ocspSigning"]}""", "ocspSigning")]
    [InlineData("""{"subject":"a","extKeyUsage":["any"]}""", "any")]
    [InlineData("""{"subject":"a","unknownExtKeyUsage":["1.3.6.1.5.5.7.3.9"]}""", "ocspSigning")]
    [InlineData("""{"subject":"a","unknownExtKeyUsage":["2.5.29.37.0"]}""", "any")]
    [InlineData("""{"subject":"a","nameConstraints":{"critical":true,"permittedDNSDomains":["a"]}}""", "name constraints")]
    [InlineData("""{"subject":"a","serialNumber":"1"}""", "serial")]
    [InlineData("""{"subject":"a","notAfter":"2036-01-01T00:00:00Z"}""", "lifetime")]
    [InlineData("""{"subject":"a","subjectKeyId":"AQ=="}""", "key identifiers")]
    [InlineData("""{"subject":{"commonName":"a","extraNames":[{"type":"2.5.4.3","value":"b"}]}}""", "common name")]
    [InlineData("""{"subject":"a","sans":[{"type":"hardwareModuleName","value":"x"}]}""", "hardwareModuleName")]
    [InlineData("""{"subject":"a","extKeyUsage":["nobody"]}""", "nobody")]
    [InlineData("""{"subject":"a","unknownExtKeyUsage":["nonsense"]}""", "no object identifier")]
    [InlineData("""{"subject":"a","SUBJECT":"b"}""", "twice")]
    [InlineData("""{"subject":"a","subject":"b"}""", "no JSON")]
    [InlineData("""{"subject":"a"} {"subject":"b"}""", "no JSON")]
    [InlineData("""["a"]""", "no JSON object")]
    [InlineData("""{"subject":"a",}""", "line 1")]
    public void Certificate_BeyondALeaf_IsRefused(string json, string reason) => Should.Throw<RenderedException>(() => RenderedLeaf.Parse(json)).Message.ShouldContain(reason);

    /// <summary>The names of a subjectAltName are judged as all names are, and none that can't be judged comes in by it.</summary>
    [Fact]
    public void SubjectAltName_AsAnExtension_IsReadAsNames()
    {
        RenderedLeaf.Parse("""{"subject":"a.test","dnsNames":["b.test"],"extensions":[{"id":"2.5.29.17","value":"MAiCBmMudGVzdA=="}]}""").Names.Dns.ShouldBe(["c.test"]);
        Should.Throw<PkiException>(() => RenderedLeaf.Parse("""{"subject":"a.test","extensions":[{"id":"2.5.29.17","value":"MBGgDwYKKwYBBAGCNxQCA6ABDA=="}]}"""));
    }

    [Theory]
    [InlineData("""{"subject":{"commonName":"a:b"}}""")]
    [InlineData("""{"subject":{"commonName":"a","organization":"x\u0000y"}}""")]
    [InlineData("""{"subject":{"commonName":"a","country":"Germany"}}""")]
    [InlineData("""{"subject":{"commonName":"a","extraNames":[{"type":"nonsense","value":"b"}]}}""")]
    [InlineData("""{"subject":"a","dnsNames":["a b"]}""")]
    [InlineData("""{"subject":"a","uris":["https://user@host/"]}""")]
    public void Names_ThatAreNotCertified_AreRefused(string json) => Should.Throw<PkiException>(() => RenderedLeaf.Parse(json));
}
