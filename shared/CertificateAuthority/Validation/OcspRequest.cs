using System.Formats.Asn1;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>An OCSPRequest (RFC 6960 4.1.1). Who asks and whether it is signed does not matter: the answers are public.</summary>
/// <param name="Certificates">One to <see cref="MostCertificates"/>.</param>
/// <param name="Nonce">1 to 128 octets (RFC 9654 2.1), to be given back; null without one.</param>
internal sealed record OcspRequest(IReadOnlyList<OcspCertificateId> Certificates, ReadOnlyMemory<byte>? Nonce)
{
    public const int MaxBytes = 8192;
    public const string NonceOid = "1.3.6.1.5.5.7.48.1.2";
    private const int MostCertificates = 16;
    private const int LongestNonce = 128;
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag Context2 = new(TagClass.ContextSpecific, 2);

    /// <summary>Null for what is malformed, asks for too many, or asks for what is critical and unknown.</summary>
    public static OcspRequest? Read(ReadOnlyMemory<byte> der)
    {
        try
        {
            // Old clients write BER, which the RFC does not forbid.
            var reader = new AsnReader(der, AsnEncodingRules.BER);
            var request = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            return ReadTbs(request.ReadSequence());
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static OcspRequest? ReadTbs(AsnReader tbs)
    {
        if (tbs.PeekTag().HasSameClassAndValue(Context0) && tbs.ReadSequence(Context0).ReadInteger() != 0)
        {
            return null;
        }

        if (tbs.PeekTag().HasSameClassAndValue(Context1))
        {
            tbs.ReadEncodedValue();
        }

        var list = tbs.ReadSequence();
        var certificates = new List<OcspCertificateId>();
        while (list.HasData)
        {
            var one = list.ReadSequence();
            certificates.Add(OcspCertificateId.Read(one.ReadSequence()));
            if (certificates.Count > MostCertificates || (one.HasData && !TryReadExtensions(one.ReadSequence(Context0), out _)))
            {
                return null;
            }
        }

        ReadOnlyMemory<byte>? nonce = null;
        if (tbs.HasData && !TryReadExtensions(tbs.ReadSequence(Context2), out nonce))
        {
            return null;
        }

        return certificates.Count == 0 ? null : new OcspRequest(certificates, nonce);
    }

    private static bool TryReadExtensions(AsnReader explicitly, out ReadOnlyMemory<byte>? nonce)
    {
        nonce = null;
        var extensions = explicitly.ReadSequence();
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            var isCritical = extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean();
            var value = extension.ReadOctetString();
            if (oid == NonceOid)
            {
                // Some clients put the octets there without the OCTET STRING around them.
                nonce = value.Length > 2 && value[0] == 0x04 && value[1] == value.Length - 2 ? value.AsMemory(2) : value;
                if (nonce.Value.Length is 0 or > LongestNonce)
                {
                    return false;
                }
            }
            else if (isCritical)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>A CertID (RFC 6960 4.1.1).</summary>
/// <param name="HashAlgorithm">Dotted.</param>
/// <param name="HasParameters">The algorithm has NULL for its parameters, and not none.</param>
/// <param name="IssuerNameHash">Over the DER of the issuer's name.</param>
/// <param name="IssuerKeyHash">Over the bits of the issuer's public key.</param>
/// <param name="SerialNumber">Minimal big-endian bytes.</param>
internal sealed record OcspCertificateId(string HashAlgorithm, bool HasParameters, byte[] IssuerNameHash, byte[] IssuerKeyHash, byte[] SerialNumber)
{
    private const int LongestSerialNumber = 20; // RFC 5280 4.1.2.2
    private const int LongestHash = 64;

    /// <summary>DER, for the answer to repeat.</summary>
    public byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(HashAlgorithm);
                if (HasParameters)
                {
                    writer.WriteNull();
                }
            }

            writer.WriteOctetString(IssuerNameHash);
            writer.WriteOctetString(IssuerKeyHash);
            writer.WriteInteger(SerialNumber);
        }

        return writer.Encode();
    }

    public static OcspCertificateId Read(AsnReader id)
    {
        var algorithm = id.ReadSequence();
        var hash = algorithm.ReadObjectIdentifier();
        var hasParameters = algorithm.HasData;
        if (hasParameters)
        {
            algorithm.ReadNull();
            algorithm.ThrowIfNotEmpty();
        }

        var (name, key) = (id.ReadOctetString(), id.ReadOctetString());
        var serial = id.ReadIntegerBytes();
        id.ThrowIfNotEmpty();
        return name.Length <= LongestHash && key.Length <= LongestHash && serial.Length <= LongestSerialNumber
            ? new OcspCertificateId(hash, hasParameters, name, key, serial.ToArray())
            : throw new AsnContentException("The certificate is named at too great length.");
    }
}
