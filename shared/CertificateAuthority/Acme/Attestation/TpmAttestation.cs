using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// Format tpm (WebAuthn 8.3): a TPM's attestation key, which is certified, says that another key is in the same TPM. The certificate names the device as a
/// permanent identifier (RFC 4043) among its alternative names.
/// </summary>
internal static class TpmAttestation
{
    private const uint GeneratedByTpm = 0xff544347;
    private const ushort AttestCertify = 0x8017;
    private const int ClockAndFirmware = 17 + 8;
    private const ushort Ecdsa = 0x0018;
    private const ushort RsaSsa = 0x0014;
    private const string AttestationKey = "2.23.133.8.3";
    private const string PermanentIdentifier = "1.3.6.1.5.5.7.8.3";
    private static readonly Asn1Tag OtherName = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>Identifiers of the device, and the SubjectPublicKeyInfo of the key that it attests. Throws <c>badAttestationStatement</c>.</summary>
    public static AttestedDevice Verify(AttestationObject attestation, X509Certificate2 leaf, string keyAuthorization)
    {
        if (attestation is not { Version: "2.0", CertInfo: { } certInfo, PublicArea: { } publicArea, Signature: { } signature })
        {
            throw AttestationObject.Bad("The attestation has no ver 2.0, certInfo, pubArea or sig.");
        }

        RequireAttestationKey(leaf);
        RequireSignature(leaf, certInfo, signature);
        RequireStatement(certInfo, publicArea, SHA256.HashData(Encoding.ASCII.GetBytes(keyAuthorization)));
        return new AttestedDevice(IdentifiersOf(leaf), TpmPublicKey.Read(publicArea));
    }

    /// <summary>WebAuthn 8.3.1: made for attesting, and for nothing that could be mistaken for it.</summary>
    private static void RequireAttestationKey(X509Certificate2 leaf)
    {
        var isForIt = leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(usages => usages.EnhancedKeyUsages.Cast<Oid>().Any(usage => usage.Value == AttestationKey));
        var isAuthority = leaf.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);
        if (!isForIt || isAuthority)
        {
            throw AttestationObject.Bad("The certificate is not an attestation key's (2.23.133.8.3).");
        }
    }

    /// <summary>A TPMT_SIGNATURE over what the TPM states.</summary>
    private static void RequireSignature(X509Certificate2 leaf, byte[] certInfo, byte[] signature)
    {
        var reader = new TpmReader(signature);
        var algorithm = reader.UInt16();
        if (reader.UInt16() != TpmPublicKey.Sha256)
        {
            throw AttestationObject.Bad("The TPM's signature is not made with SHA-256.");
        }

        using var ec = leaf.GetECDsaPublicKey();
        using var rsa = leaf.GetRSAPublicKey();
        var isRight = false;
        if (algorithm == Ecdsa && ec is not null)
        {
            var size = (ec.KeySize + 7) / 8;
            var r = TpmPublicKey.Padded(reader.Buffer(), size);
            var s = TpmPublicKey.Padded(reader.Buffer(), size);
            isRight = reader.IsAtEnd && ec.VerifyData(certInfo, (byte[])[.. r, .. s], HashAlgorithmName.SHA256);
        }
        else if (algorithm == RsaSsa && rsa is { KeySize: >= 2048 })
        {
            var value = reader.Buffer().ToArray();
            isRight = reader.IsAtEnd && rsa.VerifyData(certInfo, value, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        if (!isRight)
        {
            throw AttestationObject.Bad("The TPM's signature is not its attestation key's.");
        }
    }

    /// <summary>TPMS_ATTEST: made by a TPM itself, for this challenge, about that key.</summary>
    private static void RequireStatement(byte[] certInfo, byte[] publicArea, byte[] expected)
    {
        var reader = new TpmReader(certInfo);
        if (reader.UInt32() != GeneratedByTpm || reader.UInt16() != AttestCertify)
        {
            throw AttestationObject.Bad("The TPM's statement is not one about a key.");
        }

        _ = reader.Buffer();
        if (!CryptographicOperations.FixedTimeEquals(reader.Buffer(), expected))
        {
            throw AttestationObject.Bad("The TPM's statement is of another challenge.");
        }

        _ = reader.Take(ClockAndFirmware);
        var name = reader.Buffer();
        _ = reader.Buffer();
        if (!reader.IsAtEnd || !name.SequenceEqual((byte[])[TpmPublicKey.Sha256 >> 8, TpmPublicKey.Sha256 & 0xff, .. SHA256.HashData(publicArea)]))
        {
            throw AttestationObject.Bad("The TPM's statement is about another key.");
        }
    }

    private static List<string> IdentifiersOf(X509Certificate2 leaf)
    {
        var identifiers = new List<string>();
        try
        {
            foreach (var extension in leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>())
            {
                var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (names.HasData)
                {
                    if (names.PeekTag() != OtherName)
                    {
                        _ = names.ReadEncodedValue();
                        continue;
                    }

                    var other = names.ReadSequence(OtherName);
                    if (other.ReadObjectIdentifier() == PermanentIdentifier && other.ReadSequence(OtherName).ReadSequence() is { HasData: true } value && value.PeekTag().HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.UTF8String)))
                    {
                        identifiers.Add(value.ReadCharacterString(UniversalTagNumber.UTF8String));
                    }
                }
            }

            return identifiers;
        }
        catch (AsnContentException e)
        {
            throw AttestationObject.Bad("The alternative names of the attestation key's certificate can't be read.", e);
        }
    }
}
