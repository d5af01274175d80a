using System.Buffers.Text;
using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>device-attest-01 (draft-ietf-acme-device-attest): devices whose manufacturer vouches for their keys, and those that would pass for one.</summary>
public sealed class DeviceAttestTests(AcmeHost fixture) : IClassFixture<AcmeHost>, IDisposable
{
    private const string Provisioner = "devices";
    private const string Serial = "12345678";

    private readonly Manufacturer _manufacturer = new("Test Manufacturer Root", TimeProvider.System.GetUtcNow());
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [SkippableFact]
    public async Task Step_AttestedKey_IsCertifiedAndNoOther()
    {
        using var client = await ClientAsync();
        var (order, url, token) = await OrderAsync(client);
        using var leaf = _manufacturer.Vouch(_key, Yubico(Serial));

        (await PostAsync(client, url, Step(leaf, Sign(client.KeyAuthorization(token)))))["status"].ShouldBe("valid");

        (await client.GetAsync(order.Location!))["status"].ShouldBe("ready");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await client.PostAsync(order["finalize"], new { csr = Csr(other, Serial) })).ShouldBe(HttpStatusCode.BadRequest, "badCSR");
        (await client.PostAsync(order["finalize"], new { csr = Csr(_key, "87654321") })).ShouldBe(HttpStatusCode.BadRequest, "badCSR");
        var finished = await client.PostAsync(order["finalize"], new { csr = Csr(_key, Serial) });
        finished.Status.ShouldBe(HttpStatusCode.OK, finished.Body);
        using var certificate = X509Certificate2.CreateFromPem((await client.GetAsync(finished["certificate"])).Body);
        ParsedCertificate.Parse(certificate.RawDataMemory).Names.ShouldSatisfyAllConditions(
            names => names.CommonName.ShouldBe(Serial), names => names.PermanentIdentifiers.ShouldBe([Serial]), names => names.SanCount.ShouldBe(1));
        await fixture.Ca.ShouldVerifyByOpenSslAsync(certificate, "sslclient");

        // As others read it (RFC 4043).
        var sans = new AsnReader(certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().RawData, AsnEncodingRules.DER).ReadSequence();
        var identifier = sans.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
        identifier.ReadObjectIdentifier().ShouldBe("1.3.6.1.5.5.7.8.3");
        identifier.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence().ReadCharacterString(UniversalTagNumber.UTF8String).ShouldBe(Serial);
        sans.HasData.ShouldBeFalse();

        using var owned = certificate.CopyWithPrivateKey(_key);
        using var holder = fixture.Ca.Client(owned);
        var renewed = await holder.SendAsync("/1.0/renew", "");
        renewed.Status.ShouldBe(HttpStatusCode.Created, renewed.Body);
        using var next = renewed.Certificate;
        ParsedCertificate.Parse(next.RawDataMemory).Names.PermanentIdentifiers.ShouldBe([Serial]);
    }

    /// <summary>Whom the inventory does not have places no order, and finishes none when it has left meanwhile.</summary>
    [SkippableFact]
    public async Task Inventory_HasTheDeviceOrNothingIsOrderedOrFinished()
    {
        await fixture.Ca.Database.ExecuteAsync("INSERT INTO ca.inventories (name, changed_at) VALUES ('serials', now()) ON CONFLICT DO NOTHING");
        const string Template = """{"subject":{"commonName":{{ toJson .Subject.CommonName }},"organizationalUnit":{{ toJson .Inventory.line }}},"sans":{{ toJson .SANs }},"keyUsage":["digitalSignature"],"extKeyUsage":["clientAuth"]}""";
        await fixture.AddAsync("listed", new JsonObject
        {
            ["challenges"] = new JsonArray("device-attest-01"),
            ["attestationRoots"] = Roots(_manufacturer.Root),
            ["options"] = new JsonObject { ["inventory"] = "serials", ["x509"] = new JsonObject { ["template"] = Template } },
        }.ToJsonString());
        using var client = await fixture.NewClientAsync("listed");
        var placing = new { identifiers = new[] { new { type = "permanent-identifier", value = Serial } } };
        (await client.PostAsync(client.At("new-order"), placing)).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        await fixture.Ca.Database.ExecuteAsync("INSERT INTO ca.inventory_entries (inventory, key, data) VALUES ('serials', $1, $2)", Serial, """{"line":"7"}""");
        var order = await client.PostAsync(client.At("new-order"), placing);
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("device-attest-01");
        using var leaf = _manufacturer.Vouch(_key, Yubico(Serial));
        (await PostAsync(client, challenge.GetProperty("url").GetString()!, Step(leaf, Sign(client.KeyAuthorization(challenge.GetProperty("token").GetString()!)))))["status"].ShouldBe("valid");

        await fixture.Ca.Database.ExecuteAsync("DELETE FROM ca.inventory_entries WHERE inventory = 'serials'");
        (await client.PostAsync(order["finalize"], new { csr = Csr(_key, Serial) })).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        await fixture.Ca.Database.ExecuteAsync("INSERT INTO ca.inventory_entries (inventory, key, data) VALUES ('serials', $1, $2)", Serial, """{"line":"7"}""");
        var finished = await client.PostAsync(order["finalize"], new { csr = Csr(_key, Serial) });

        finished.Status.ShouldBe(HttpStatusCode.OK, finished.Body);
        using var certificate = X509Certificate2.CreateFromPem((await client.GetAsync(finished["certificate"])).Body);
        certificate.Subject.ShouldContain("OU=7");
    }

    /// <summary>What was not attested is not certified: a request's own permanent identifier is no name of it.</summary>
    [SkippableFact]
    public async Task Request_WithAnotherPermanentIdentifier_GetsTheAttestedOneAlone()
    {
        using var client = await ClientAsync();
        var (order, url, token) = await OrderAsync(client);
        using var leaf = _manufacturer.Vouch(_key, Yubico(Serial));
        (await PostAsync(client, url, Step(leaf, Sign(client.KeyAuthorization(token)))))["status"].ShouldBe("valid");
        var request = new CertificateRequest($"CN={Serial}", _key, HashAlgorithmName.SHA256);
        var value = new AsnWriter(AsnEncodingRules.DER);
        using (value.PushSequence())
        using (value.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            value.WriteObjectIdentifier("1.3.6.1.5.5.7.8.3");
            using (value.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (value.PushSequence())
            {
                value.WriteCharacterString(UniversalTagNumber.UTF8String, "another");
            }
        }

        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", value.Encode(), critical: false));

        var finished = await client.PostAsync(order["finalize"], new { csr = Base64Url.EncodeToString(request.CreateSigningRequest()) });

        finished.Status.ShouldBe(HttpStatusCode.OK, finished.Body);
        using var certificate = X509Certificate2.CreateFromPem((await client.GetAsync(finished["certificate"])).Body);
        ParsedCertificate.Parse(certificate.RawDataMemory).Names.PermanentIdentifiers.ShouldBe([Serial]);
    }

    [SkippableFact]
    public async Task Step_RsaKey_IsAttested()
    {
        using var client = await ClientAsync();
        var (_, url, token) = await OrderAsync(client);
        using var key = RSA.Create(2048);
        using var leaf = _manufacturer.Vouch(new CertificateRequest("CN=device", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), Yubico(Serial));

        (await PostAsync(client, url, Step(leaf, key.SignData(Encoding.ASCII.GetBytes(client.KeyAuthorization(token)), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))))["status"].ShouldBe("valid");
    }

    [SkippableTheory]
    [InlineData("1.2.840.113635.100.8.9.1")]
    [InlineData("1.2.840.113635.100.8.9.2")]
    public async Task Apple_SerialNumberOrUdid_IsAttested(string oid)
    {
        using var client = await ClientAsync();
        var (order, url, token) = await OrderAsync(client);
        using var leaf = _manufacturer.Vouch(_key, Extension(oid, Encoding.UTF8.GetBytes(Serial)), Nonce(token));

        (await PostAsync(client, url, Attestation("apple", leaf, signature: null)))["status"].ShouldBe("valid");

        (await client.PostAsync(order["finalize"], new { csr = Csr(_key, Serial) })).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableTheory]
    [InlineData("foreign root", "badAttestationStatement")]
    [InlineData("ended", "badAttestationStatement")]
    [InlineData("other device", "rejectedIdentifier")]
    [InlineData("no serial number", "rejectedIdentifier")]
    [InlineData("other challenge", "badAttestationStatement")]
    [InlineData("other account", "badAttestationStatement")]
    [InlineData("other key", "badAttestationStatement")]
    [InlineData("no signature", "badAttestationStatement")]
    [InlineData("bare signature", "badAttestationStatement")]
    [InlineData("no certificates", "badAttestationStatement")]
    [InlineData("format", "badAttestationStatement")]
    [InlineData("apple stale", "badAttestationStatement")]
    [InlineData("apple without digest", "badAttestationStatement")]
    [InlineData("deep", "badAttestationStatement")]
    [InlineData("large", "badAttestationStatement")]
    [InlineData("endless", "badAttestationStatement")]
    [InlineData("no cbor", "badAttestationStatement")]
    [InlineData("twice", "badAttestationStatement")]
    public async Task Evidence_OfNothing_EndsTheOrder(string kind, string error)
    {
        using var client = await ClientAsync();
        var (order, url, token) = await OrderAsync(client);

        var reply = await PostAsync(client, url, Evidence(kind, client, token));

        reply["status"].ShouldBe("invalid", reply.Body);
        reply.Json.GetProperty("error").GetProperty("type").GetString().ShouldBe("urn:ietf:params:acme:error:" + error);
        (await client.GetAsync(order.Location!))["status"].ShouldBe("invalid");
    }

    [SkippableFact]
    public async Task Order_OfADevice_HasNoOtherChallengeAndNoOtherName()
    {
        using var client = await ClientAsync();
        using var plain = await fixture.NewClientAsync();

        (await plain.PostAsync(plain.At("new-order"), new { identifiers = new[] { Device(Serial) } })).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { Device(Serial), Device("2") } })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { Device("plant-mqtt-bridge") } })).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        (await client.OrderAsync("a.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        var (order, url, _) = await OrderAsync(client);
        (await client.GetAsync(order.Authorizations.Single())).Json.GetProperty("challenges").GetArrayLength().ShouldBe(1);
        (await client.PostAsync(url, new { })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.GetAsync(order.Location!))["status"].ShouldBe("pending", "nothing was tried");
    }

    [SkippableFact]
    public void Provisioner_WithoutAManufacturersRoot_IsRefused()
    {
        var registry = fixture.Ca.Module.Provisioners;

        Refusal("""{"type":"ACME","name":"d","challenges":["device-attest-01"]}""").ShouldContain("attestationRoots");
        Refusal($$"""{"type":"ACME","name":"d","challenges":["device-attest-01"],"attestationRoots":"{{Roots(fixture.Ca.Root)}}"}""").ShouldContain("own root");
        Refusal($$"""{"type":"ACME","name":"d","challenges":["device-attest-01"],"attestationRoots":"{{Roots(_manufacturer.Root)}}","attestationFormats":["packed"]}""").ShouldContain("packed");

        string Refusal(string definition) => Should.Throw<ProblemException>(() => registry.Create(ProvisionerDefinition.Parse(definition))).Message;
    }

    public void Dispose()
    {
        _manufacturer.Dispose();
        _key.Dispose();
    }

    private byte[] Evidence(string kind, AcmeClient client, string token)
    {
        var now = TimeProvider.System.GetUtcNow();
        var proof = Sign(client.KeyAuthorization(token));
        switch (kind)
        {
            case "foreign root":
                // The same name, another key.
                using (var foreign = new Manufacturer("Test Manufacturer Root", now))
                {
                    return Step(foreign.Vouch(_key, Yubico(Serial)), proof);
                }

            case "ended":
                return Step(_manufacturer.Vouch(_key, now.AddDays(-20), now.AddDays(-2), Yubico(Serial)), proof);
            case "other device":
                return Step(_manufacturer.Vouch(_key, Yubico("87654321")), proof);
            case "no serial number":
                return Step(_manufacturer.Vouch(_key), proof);
            case "other challenge":
                return Step(Leaf(), Sign(client.KeyAuthorization(token[..^1] + (token[^1] == 'A' ? 'B' : 'A'))));
            case "other account":
                return Step(Leaf(), Sign($"{token}.{new string('A', 43)}"));
            case "other key":
                using (var other = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    return Step(_manufacturer.Vouch(other, Yubico(Serial)), proof);
                }

            case "no signature":
                return Attestation("step", Leaf(), signature: null);
            case "bare signature":
                return Attestation("step", Leaf(), proof);
            case "no certificates":
                return Attestation("step", leaf: null, Bytes(proof));
            case "format":
                return Attestation("packed", Leaf(), Bytes(proof));
            case "apple stale":
                return Attestation("apple", _manufacturer.Vouch(_key, Extension("1.2.840.113635.100.8.9.1", Encoding.UTF8.GetBytes(Serial)), Nonce("another token")), signature: null);
            case "apple without digest":
                return Attestation("apple", _manufacturer.Vouch(_key, Extension("1.2.840.113635.100.8.9.1", Encoding.UTF8.GetBytes(Serial))), signature: null);
            case "deep":
                return [0xa1, 0x61, (byte)'x', .. Enumerable.Repeat((byte)0x81, 30_000), 0xf6];
            case "large":
                return [0xa1, 0x61, (byte)'x', .. Bytes(new byte[34_000])];
            case "endless":
                return [0xbf, 0x63, .. "fmt"u8, 0x64, .. "step"u8, 0xff];
            case "twice":
                return [0xa2, 0x63, .. "fmt"u8, 0x64, .. "step"u8, 0x63, .. "fmt"u8, 0x65, .. "apple"u8];
            default:
                return Encoding.UTF8.GetBytes("{}");
        }
    }

    private X509Certificate2 Leaf() => _manufacturer.Vouch(_key, Yubico(Serial));

    private async Task<AcmeClient> ClientAsync()
    {
        await fixture.AddAsync(Provisioner, $$"""{"challenges":["device-attest-01"],"attestationRoots":"{{Roots(_manufacturer.Root)}}"}""");
        return await fixture.NewClientAsync(Provisioner);
    }

    private static async Task<(AcmeReply Order, string Url, string Token)> OrderAsync(AcmeClient client)
    {
        var order = await client.PostAsync(client.At("new-order"), new { identifiers = new[] { Device(Serial) } });
        order.Status.ShouldBe(HttpStatusCode.Created, order.Body);
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("device-attest-01");
        return (order, challenge.GetProperty("url").GetString()!, challenge.GetProperty("token").GetString()!);
    }

    private static Task<AcmeReply> PostAsync(AcmeClient client, string url, byte[] attestation) => client.PostAsync(url, new { attObj = Base64Url.EncodeToString(attestation) });

    private static object Device(string value) => new { type = "permanent-identifier", value };

    private byte[] Sign(string text) => _key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    private static string Csr(ECDsa key, string commonName) => Base64Url.EncodeToString(new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256).CreateSigningRequest());

    private static string Roots(X509Certificate2 root) => Convert.ToBase64String(Encoding.ASCII.GetBytes(root.ExportCertificatePem()));

    private static X509Extension Yubico(string serial)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteInteger(long.Parse(serial, System.Globalization.CultureInfo.InvariantCulture));
        return Extension("1.3.6.1.4.1.41482.3.7", writer.Encode());
    }

    private static X509Extension Nonce(string token) => Extension("1.2.840.113635.100.8.11.1", SHA256.HashData(Encoding.ASCII.GetBytes(token)));

    private static X509Extension Extension(string oid, byte[] value) => new(oid, value, critical: false);

    private static byte[] Step(X509Certificate2 leaf, byte[] signature) => Attestation("step", leaf, Bytes(signature));

    private static byte[] Bytes(byte[] value)
    {
        var writer = new CborWriter();
        writer.WriteByteString(value);
        return writer.Encode();
    }

    private static byte[] Attestation(string format, X509Certificate2? leaf, byte[]? signature)
    {
        var writer = new CborWriter();
        writer.WriteStartMap(2);
        writer.WriteTextString("fmt");
        writer.WriteTextString(format);
        writer.WriteTextString("attStmt");
        writer.WriteStartMap(1 + (leaf is null ? 0 : 1) + (signature is null ? 0 : 1));
        writer.WriteTextString("alg");
        writer.WriteInt32(-7);
        if (leaf is not null)
        {
            writer.WriteTextString("x5c");
            writer.WriteStartArray(1);
            writer.WriteByteString(leaf.RawDataMemory.Span);
            writer.WriteEndArray();
        }

        if (signature is not null)
        {
            writer.WriteTextString("sig");
            writer.WriteByteString(signature);
        }

        writer.WriteEndMap();
        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>Who makes devices, and certifies the keys in them.</summary>
    private sealed class Manufacturer : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly DateTimeOffset _now;

        public Manufacturer(string name, DateTimeOffset now)
        {
            _now = now;
            var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
            Root = request.CreateSelfSigned(now.AddDays(-30), now.AddDays(3650));
        }

        public X509Certificate2 Root { get; }

        public X509Certificate2 Vouch(ECDsa key, params X509Extension[] extensions) => Vouch(key, _now.AddDays(-1), _now.AddDays(365), extensions);

        public X509Certificate2 Vouch(ECDsa key, DateTimeOffset from, DateTimeOffset to, params X509Extension[] extensions) =>
            Vouch(new CertificateRequest("CN=device", key, HashAlgorithmName.SHA256), from, to, extensions);

        public X509Certificate2 Vouch(CertificateRequest request, params X509Extension[] extensions) => Vouch(request, _now.AddDays(-1), _now.AddDays(365), extensions);

        public void Dispose()
        {
            Root.Dispose();
            _key.Dispose();
        }

        private X509Certificate2 Vouch(CertificateRequest request, DateTimeOffset from, DateTimeOffset to, X509Extension[] extensions)
        {
            foreach (var extension in extensions)
            {
                request.CertificateExtensions.Add(extension);
            }

            return request.Create(Root.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), from, to, RandomNumberGenerator.GetBytes(8).Select((b, i) => i == 0 ? (byte)((b & 0x7f) | 1) : b).ToArray());
        }
    }
}
