using System.Buffers.Text;
using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>device-attest-01 with evidence that a TPM makes itself.</summary>
public sealed class TpmAttestTests(AcmeHost fixture) : IClassFixture<AcmeHost>, IAsyncLifetime
{
    private const string Provisioner = "machines";
    private const string Device = "board-4711";
    private const string TpmAttestationKey = "2.23.133.8.3";

    private readonly ECDsa _manufacturerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private X509Certificate2 _manufacturer = null!;
    private TpmSimulator _tpm = null!;
    private TpmKey _attestationKey = null!;
    private TpmKey _key = null!;

    public async Task InitializeAsync()
    {
        _tpm = await TpmSimulator.StartAsync();
        _attestationKey = await _tpm.CreateAsync(TpmSimulator.AttestationKey);
        _key = await _tpm.CreateAsync(TpmSimulator.SigningKey);
        var request = new CertificateRequest("CN=TPM Manufacturer", _manufacturerKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        _manufacturer = request.CreateSelfSigned(now.AddDays(-30), now.AddDays(3650));
        await fixture.AddAsync(
            Provisioner,
            $$"""{"challenges":["device-attest-01"],"attestationFormats":["tpm"],"attestationRoots":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(_manufacturer.ExportCertificatePem()))}}"}""");
    }

    public async Task DisposeAsync()
    {
        await _tpm.DisposeAsync();
        _manufacturer.Dispose();
        _manufacturerKey.Dispose();
    }

    [SkippableTheory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task KeyOfATpm_Attested_IsCertified(bool attestsByRsa, bool isRsa)
    {
        using var client = await fixture.NewClientAsync(Provisioner);
        var (order, url, expected) = await OrderAsync(client);
        var attestationKey = attestsByRsa ? await _tpm.CreateRsaAsync(TpmSimulator.AttestationKey) : _attestationKey;
        var key = _key;
        if (isRsa)
        {
            await _tpm.FlushAsync(_key);
            key = await _tpm.CreateRsaAsync(TpmSimulator.SigningKey);
        }

        var (certInfo, signature) = await _tpm.CertifyAsync(key, attestationKey, expected);

        var reply = await PostAsync(client, url, Attestation(certInfo, signature, key.PublicArea, by: attestationKey));

        reply["status"].ShouldBe("valid", reply.Body);
        var finished = await client.PostAsync(order["finalize"], new { csr = Base64Url.EncodeToString(await CsrAsync(key)) });
        finished.Status.ShouldBe(HttpStatusCode.OK, finished.Body);
        using var certificate = X509Certificate2.CreateFromPem((await client.GetAsync(finished["certificate"])).Body);
        ParsedCertificate.Parse(certificate.RawDataMemory).Names.CommonName.ShouldBe(Device);
        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(key.Public.ExportSubjectPublicKeyInfo());
    }

    [SkippableTheory]
    [InlineData("changed statement")]
    [InlineData("other key's signature")]
    [InlineData("algorithm of another key")]
    [InlineData("bytes behind it")]
    public async Task Evidence_OfAnRsaKey_ThatItDidNotSign_IsRefused(string kind)
    {
        using var client = await fixture.NewClientAsync(Provisioner);
        var (_, url, expected) = await OrderAsync(client);
        var attestationKey = await _tpm.CreateRsaAsync(TpmSimulator.AttestationKey);
        var (certInfo, signature) = await _tpm.CertifyAsync(_key, kind == "other key's signature" ? _attestationKey : attestationKey, expected);
        switch (kind)
        {
            case "changed statement":
                certInfo[^1] ^= 1;
                break;
            case "algorithm of another key":
                // ECDSA.
                (signature[0], signature[1]) = (0x00, 0x18);
                break;
            case "bytes behind it":
                signature = [.. signature, 0];
                break;
        }

        var reply = await PostAsync(client, url, Attestation(certInfo, signature, _key.PublicArea, by: attestationKey));

        reply["status"].ShouldBe("invalid", reply.Body);
        reply.Json.GetProperty("error").GetProperty("type").GetString().ShouldBe("urn:ietf:params:acme:error:badAttestationStatement");
    }

    /// <summary>Its symmetric algorithm and no scheme are before the modulus (TPM 2.0 Library, Part 2, 12.2.3.5).</summary>
    [SkippableFact]
    public async Task PublicArea_OfAStorageKey_IsRead()
    {
        var key = await _tpm.CreateRsaAsync(TpmSimulator.StorageKey);

        TpmPublicKey.Read(key.PublicArea).ShouldBe(key.Public.ExportSubjectPublicKeyInfo());
    }

    [SkippableTheory]
    [InlineData("other challenge", "badAttestationStatement")]
    [InlineData("other key", "badAttestationStatement")]
    [InlineData("key that can leave", "badAttestationStatement")]
    [InlineData("changed statement", "badAttestationStatement")]
    [InlineData("key that signs anything", "badAttestationStatement")]
    [InlineData("certificate of another use", "badAttestationStatement")]
    [InlineData("other device", "rejectedIdentifier")]
    [InlineData("cut off", "badAttestationStatement")]
    [InlineData("version", "badAttestationStatement")]
    public async Task Evidence_OfNothing_IsRefused(string kind, string error)
    {
        using var client = await fixture.NewClientAsync(Provisioner);
        var (_, url, expected) = await OrderAsync(client);
        var (certInfo, signature) = await _tpm.CertifyAsync(_key, _attestationKey, kind == "other challenge" ? new byte[32] : expected);
        var area = _key.PublicArea;
        var (usage, device, version, by) = (TpmAttestationKey, Device, "2.0", _attestationKey);
        switch (kind)
        {
            case "other key":
                area = (await _tpm.CreateAsync(TpmSimulator.SigningKey, seed: 7)).PublicArea;
                break;
            case "key that can leave":
                // Neither fixedTPM nor fixedParent: its owner may have copied it.
                var movable = await _tpm.CreateAsync(TpmSimulator.SigningKey & ~0x12u);
                (certInfo, signature) = await _tpm.CertifyAsync(movable, _attestationKey, expected);
                area = movable.PublicArea;
                break;
            case "changed statement":
                certInfo[^1] ^= 1;
                break;
            case "key that signs anything":
                // A statement that was not made by the TPM, signed by a key of it.
                certInfo[0] ^= 1;
                by = _key;
                var der = await _tpm.SignAsync(_key, SHA256.HashData(certInfo));
                var numbers = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
                signature = [0, 0x18, 0, 0x0b, .. Sized(numbers.ReadInteger()), .. Sized(numbers.ReadInteger())];
                break;
            case "certificate of another use":
                usage = "1.3.6.1.5.5.7.3.2";
                break;
            case "other device":
                device = "board-1";
                break;
            case "cut off":
                certInfo = certInfo[..^1];
                break;
            default:
                version = "1.2";
                break;
        }

        var reply = await PostAsync(client, url, Attestation(certInfo, signature, area, usage, device, version, by));

        reply["status"].ShouldBe("invalid", reply.Body);
        reply.Json.GetProperty("error").GetProperty("type").GetString().ShouldBe("urn:ietf:params:acme:error:" + error);
    }

    private static byte[] Sized(System.Numerics.BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private static async Task<(AcmeReply Order, string Url, byte[] Expected)> OrderAsync(AcmeClient client)
    {
        var order = await client.PostAsync(client.At("new-order"), new { identifiers = new[] { new { type = "permanent-identifier", value = Device } } });
        order.Status.ShouldBe(HttpStatusCode.Created, order.Body);
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("device-attest-01");
        var proof = client.KeyAuthorization(challenge.GetProperty("token").GetString()!);
        return (order, challenge.GetProperty("url").GetString()!, SHA256.HashData(Encoding.ASCII.GetBytes(proof)));
    }

    private static Task<AcmeReply> PostAsync(AcmeClient client, string url, byte[] attestation) => client.PostAsync(url, new { attObj = Base64Url.EncodeToString(attestation) });

    /// <summary>Signed by the TPM: the key itself is not to be had.</summary>
    private async Task<byte[]> CsrAsync(TpmKey key)
    {
        var toBeSigned = new CertificateRequest(new X500DistinguishedName($"CN={Device}"), key.Public, HashAlgorithmName.SHA256);
        var generator = new Recorder(key.Public);
        try
        {
            toBeSigned.CreateSigningRequest(generator);
        }
        catch (InvalidOperationException)
        {
            generator.Signature = await _tpm.SignAsync(key, SHA256.HashData(generator.Data!));
        }

        return toBeSigned.CreateSigningRequest(generator);
    }

    private byte[] Attestation(byte[] certInfo, byte[] signature, byte[] publicArea, string usage = TpmAttestationKey, string device = Device, string version = "2.0", TpmKey? by = null)
    {
        using var certificate = Certify(by ?? _attestationKey, usage, device);
        var writer = new CborWriter();
        writer.WriteStartMap(2);
        writer.WriteTextString("fmt");
        writer.WriteTextString("tpm");
        writer.WriteTextString("attStmt");
        writer.WriteStartMap(6);
        writer.WriteTextString("ver");
        writer.WriteTextString(version);
        writer.WriteTextString("alg");
        writer.WriteInt32((by ?? _attestationKey).Public.Oid.Value == "1.2.840.113549.1.1.1" ? -257 : -7);
        writer.WriteTextString("x5c");
        writer.WriteStartArray(1);
        writer.WriteByteString(certificate.RawDataMemory.Span);
        writer.WriteEndArray();
        writer.WriteTextString("sig");
        writer.WriteByteString(signature);
        writer.WriteTextString("certInfo");
        writer.WriteByteString(certInfo);
        writer.WriteTextString("pubArea");
        writer.WriteByteString(publicArea);
        writer.WriteEndMap();
        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>As a manufacturer certifies an attestation key (WebAuthn 8.3.1): no subject, and the device among the alternative names (RFC 4043).</summary>
    private X509Certificate2 Certify(TpmKey key, string usage, string device)
    {
        var request = new CertificateRequest(new X500DistinguishedName(""), key.Public, HashAlgorithmName.SHA256);
        var names = new AsnWriter(AsnEncodingRules.DER);
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        using (names.PushSequence())
        using (names.PushSequence(tag))
        {
            names.WriteObjectIdentifier("1.3.6.1.5.5.7.8.3");
            using (names.PushSequence(tag))
            using (names.PushSequence())
            {
                names.WriteCharacterString(UniversalTagNumber.UTF8String, device);
            }
        }

        request.CertificateExtensions.Add(new X509SubjectAlternativeNameExtension(names.Encode(), critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(new OidCollection { new Oid(usage) }, critical: false));
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(_manufacturer.SubjectName, X509SignatureGenerator.CreateForECDsa(_manufacturerKey), now.AddDays(-1), now.AddDays(365), [1, 2, 3, 4]);
    }

    /// <summary>Tells what is to be signed, and answers it when it is asked again.</summary>
    private sealed class Recorder(PublicKey key) : X509SignatureGenerator
    {
        private readonly X509SignatureGenerator _generator = key.GetRSAPublicKey() is { } rsa ? CreateForRSA(rsa, RSASignaturePadding.Pkcs1) : CreateForECDsa(key.GetECDsaPublicKey()!);

        public byte[]? Data { get; private set; }

        public byte[]? Signature { get; set; }

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => _generator.GetSignatureAlgorithmIdentifier(hashAlgorithm);

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
        {
            Data = data;
            return Signature ?? throw new InvalidOperationException("There is no signature yet.");
        }

        protected override PublicKey BuildPublicKey() => key;
    }
}
