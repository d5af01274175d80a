namespace IoTPlatform.Pki;

/// <summary>The public address of a validation authority, plain HTTP because what it serves is signed (RFC 5280 4.2.1.13, 4.2.2.1), and what is where below it.</summary>
/// <param name="Base">Ends with a slash.</param>
public sealed record ValidationAddress(Uri Base)
{
    public Uri Ocsp { get; } = new(Base, "ocsp");

    /// <summary>DER of the issuer's certificate.</summary>
    public Uri IssuerCertificate(ReadOnlySpan<byte> issuerKeyId) => new(Base, $"ca/{Convert.ToHexStringLower(issuerKeyId)}.crt");

    /// <summary>DER of the CRL that a certificate of this shard is looked up in.</summary>
    public Uri RevocationList(ReadOnlySpan<byte> issuerKeyId, byte shard) => new(Base, $"crl/{Convert.ToHexStringLower(issuerKeyId)}/{shard:x2}.crl");
}

/// <summary>One of the 256 parts of an issuer's revocations. The serial number decides it, so nobody has to remember it and it never changes.</summary>
public static class RevocationListShard
{
    public static byte Of(ReadOnlySpan<byte> serialNumber) => serialNumber[^1];
}
