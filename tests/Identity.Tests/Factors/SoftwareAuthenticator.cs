using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.Identity.Tests.Factors;

/// <summary>A WebAuthn authenticator and its browser (W3C Web Authentication, sections 5 and 6), honest unless a test says otherwise.</summary>
internal sealed class SoftwareAuthenticator(string origin) : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] CredentialId { get; set; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>What the site called the person when the passkey was made.</summary>
    public string? UserHandle { get; set; }

    /// <summary>0: it counts nothing, as synchronised passkeys do.</summary>
    public uint Count { get; set; }

    public bool Counts { get; init; } = true;

    public bool VerifiesUser { get; set; } = true;

    public string Origin { get; set; } = origin;

    public string? RelyingParty { get; set; }

    /// <summary>Bits that are turned in the signature.</summary>
    public byte Damage { get; set; }

    public string Create(string optionsJson)
    {
        var options = JsonNode.Parse(optionsJson)!;
        UserHandle = (string)options["user"]!["id"]!;
        var (x, y) = (_key.ExportParameters(false).Q.X!, _key.ExportParameters(false).Q.Y!);
        var cose = new CborWriter(CborConformanceMode.Ctap2Canonical);
        cose.WriteStartMap(5);
        WriteInt(cose, 1, 2); // kty: EC2
        WriteInt(cose, 3, -7); // alg: ES256
        WriteInt(cose, -1, 1); // crv: P-256
        cose.WriteInt32(-2);
        cose.WriteByteString(x);
        cose.WriteInt32(-3);
        cose.WriteByteString(y);
        cose.WriteEndMap();
        byte[] attested = [.. new byte[16], (byte)(CredentialId.Length >> 8), (byte)CredentialId.Length, .. CredentialId, .. cose.Encode()];
        var attestation = new CborWriter(CborConformanceMode.Ctap2Canonical);
        attestation.WriteStartMap(3);
        attestation.WriteTextString("fmt");
        attestation.WriteTextString("none");
        attestation.WriteTextString("attStmt");
        attestation.WriteStartMap(0);
        attestation.WriteEndMap();
        attestation.WriteTextString("authData");
        attestation.WriteByteString(AuthenticatorData((string)options["rp"]!["id"]!, attested));
        attestation.WriteEndMap();
        return Credential(new JsonObject
        {
            ["clientDataJSON"] = Base64Url.EncodeToString(ClientData("webauthn.create", options)),
            ["attestationObject"] = Base64Url.EncodeToString(attestation.Encode()),
            ["transports"] = new JsonArray("internal"),
        });
    }

    public string Get(string optionsJson)
    {
        var options = JsonNode.Parse(optionsJson)!;
        var data = AuthenticatorData((string)options["rpId"]!, []);
        var client = ClientData("webauthn.get", options);
        var signature = _key.SignData([.. data, .. SHA256.HashData(client)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        signature[^1] ^= Damage;
        return Credential(new JsonObject
        {
            ["clientDataJSON"] = Base64Url.EncodeToString(client),
            ["authenticatorData"] = Base64Url.EncodeToString(data),
            ["signature"] = Base64Url.EncodeToString(signature),
            ["userHandle"] = UserHandle,
        });
    }

    public void Dispose() => _key.Dispose();

    private string Credential(JsonObject response) => new JsonObject
    {
        ["id"] = Base64Url.EncodeToString(CredentialId),
        ["rawId"] = Base64Url.EncodeToString(CredentialId),
        ["type"] = "public-key",
        ["clientExtensionResults"] = new JsonObject(),
        ["authenticatorAttachment"] = "platform",
        ["response"] = response,
    }.ToJsonString();

    private byte[] ClientData(string type, JsonNode options) => Encoding.UTF8.GetBytes(
        new JsonObject { ["type"] = type, ["challenge"] = (string)options["challenge"]!, ["origin"] = Origin, ["crossOrigin"] = false }.ToJsonString());

    private byte[] AuthenticatorData(string relyingParty, byte[] attested)
    {
        const byte present = 0x01, verified = 0x04, hasAttested = 0x40;
        var counter = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(counter, Counts ? ++Count : 0);
        var flags = (byte)(present | (VerifiesUser ? verified : 0) | (attested.Length > 0 ? hasAttested : 0));
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(RelyingParty ?? relyingParty)), flags, .. counter, .. attested];
    }

    private static void WriteInt(CborWriter writer, int label, int value)
    {
        writer.WriteInt32(label);
        writer.WriteInt32(value);
    }
}
