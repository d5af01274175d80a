using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// The root's CRL (RFC 5280 5): which Intermediate CAs are revoked. What it names stays so, also when a newer list was due: the root key is offline, and a
/// list that is late locks nobody out.
/// </summary>
public sealed class RevokedIntermediates
{
    private readonly CaRevocationList _list;

    private RevokedIntermediates(CaRevocationList list) => _list = list;

    public ReadOnlyMemory<byte> Der => _list.Der;

    public DateTimeOffset ThisUpdate => _list.ThisUpdate;

    public DateTimeOffset NextUpdate => _list.NextUpdate;

    /// <summary>cRLNumber (RFC 5280 5.2.3): grows with every list.</summary>
    public long Number => _list.Number;

    /// <summary>Throws <see cref="PkiException"/> for anything but a complete CRL that this root has signed.</summary>
    public static RevokedIntermediates Parse(ReadOnlyMemory<byte> der, X509Certificate2 root)
    {
        var list = CaRevocationList.Parse(der, RevocationListScope.Complete);
        return list.IsSignedBy(ParsedCertificate.Parse(root.RawDataMemory))
            ? new RevokedIntermediates(list)
            : throw new PkiException(PkiError.BadSignature, "The list of revoked Intermediate CAs is not signed by the root.");
    }

    /// <summary>To be kept in place of that one, of the same root. A list never goes back, nor does what it says: a platform that was restored from an older backup may sign one that knows less.</summary>
    public bool IsNewerThan(RevokedIntermediates? known) => known is null || (Number > known.Number && HasAllOf(known));

    public bool HasAllOf(RevokedIntermediates other) => other._list.Serials.IsSubsetOf(_list.Serials);

    /// <summary>Serial numbers that the other one has and this one has not, hex.</summary>
    public IEnumerable<string> MissingOf(RevokedIntermediates other) => other._list.Serials.Except(_list.Serials).Order(StringComparer.Ordinal);

    /// <param name="serialNumber">Minimal big-endian bytes.</param>
    public bool Has(ReadOnlySpan<byte> serialNumber) => _list.Serials.Contains(Convert.ToHexString(serialNumber));

    public bool Contains(X509Certificate2 certificate) => _list.Contains(ParsedCertificate.Parse(certificate.RawDataMemory));

    /// <summary>Null, or why a verified path is refused.</summary>
    internal string? FindViolation(IReadOnlyList<ParsedCertificate> path) => path.Any(_list.Contains) ? "the platform's root has revoked the Intermediate CA above it" : null;
}
