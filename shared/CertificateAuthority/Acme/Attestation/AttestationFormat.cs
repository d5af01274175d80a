using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What a format's leaf certificate and signature prove. Its chain was verified.</summary>
internal static class AttestationFormat
{
    /// <summary>Yubico PIV and its like: the attested key signs the key authorization, and its certificate has the device's serial number.</summary>
    public const string Step = "step";

    /// <summary>Apple's managed device attestation: the certificate has serial number, UDID and the token's digest.</summary>
    public const string Apple = "apple";

    /// <summary>A TPM's attestation key speaks for another key of the same TPM.</summary>
    public const string Tpm = "tpm";

    public static IReadOnlyList<string> All { get; } = [Step, Apple, Tpm];

    private const string YubicoSerialNumber = "1.3.6.1.4.1.41482.3.7";
    private const string AppleSerialNumber = "1.2.840.113635.100.8.9.1";
    private const string AppleUdid = "1.2.840.113635.100.8.9.2";
    private const string AppleNonce = "1.2.840.113635.100.8.11.1";

    /// <summary>Throws <c>badAttestationStatement</c> for evidence that is not of this challenge.</summary>
    public static AttestedDevice Verify(AttestationObject attestation, X509Certificate2 leaf, string token, string keyAuthorization)
    {
        if (attestation.Format == Tpm)
        {
            return TpmAttestation.Verify(attestation, leaf, keyAuthorization);
        }

        var key = leaf.PublicKey.ExportSubjectPublicKeyInfo();
        if (attestation.Format == Step)
        {
            RequireSignature(attestation.Signature, leaf, Encoding.ASCII.GetBytes(keyAuthorization));
            return new AttestedDevice(ValueOf(leaf, YubicoSerialNumber) is { } serial ? [SerialNumber(serial)] : [], key);
        }

        // Apple leaves the digest out where it attested lately: such evidence could be of any challenge.
        return ValueOf(leaf, AppleNonce) is { } nonce && CryptographicOperations.FixedTimeEquals(nonce, SHA256.HashData(Encoding.ASCII.GetBytes(token)))
            ? new AttestedDevice([.. new[] { ValueOf(leaf, AppleSerialNumber), ValueOf(leaf, AppleUdid) }.OfType<byte[]>().Select(Encoding.UTF8.GetString)], key)
            : throw AttestationObject.Bad("The attestation's certificate does not have the digest of the challenge's token.");
    }

    /// <summary>As step sends it: a CBOR byte string within the statement's. ECDSA with SHA-256 in DER, or RSA PKCS#1 with SHA-256.</summary>
    private static void RequireSignature(byte[]? encoded, X509Certificate2 leaf, byte[] data)
    {
        byte[] signature;
        try
        {
            var reader = new CborReader(encoded ?? throw AttestationObject.Bad("The attestation has no sig."), CborConformanceMode.Strict);
            signature = reader.ReadByteString();
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException)
        {
            throw AttestationObject.Bad("The attestation's sig is no CBOR byte string.", e);
        }

        using var ec = leaf.GetECDsaPublicKey();
        using var rsa = leaf.GetRSAPublicKey();
        var isRight = ec is not null ? ec.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
            : rsa is { KeySize: >= 2048 } && rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        if (!isRight)
        {
            throw AttestationObject.Bad("The attestation's sig is not the certificate's key's over this challenge.");
        }
    }

    private static byte[]? ValueOf(X509Certificate2 leaf, string oid) => leaf.Extensions.FirstOrDefault(extension => extension.Oid?.Value == oid)?.RawData;

    private static string SerialNumber(byte[] der)
    {
        try
        {
            var number = AsnDecoder.ReadInteger(der, AsnEncodingRules.DER, out var read);
            return read == der.Length && number.Sign >= 0 ? number.ToString(System.Globalization.CultureInfo.InvariantCulture) : throw AttestationObject.Bad("The device's serial number is none.");
        }
        catch (AsnContentException e)
        {
            throw AttestationObject.Bad("The device's serial number can't be read.", e);
        }
    }
}

/// <param name="Identifiers">By which its manufacturer knows the device.</param>
/// <param name="PublicKey">SubjectPublicKeyInfo of the key that is in it.</param>
internal sealed record AttestedDevice(IReadOnlyList<string> Identifiers, byte[] PublicKey);
