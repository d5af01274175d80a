namespace IoTPlatform.Pki;

/// <summary>
/// The provider's list of revoked Sub-CAs: a CRL of the Intermediate CA for CA certificates only (RFC 5280 5, 5.2.5). Reading judges the
/// form; who signed it is asked with <see cref="IsSignedBy"/>.
/// </summary>
public sealed class RevokedSubCas
{
    private readonly CaRevocationList _list;

    private RevokedSubCas(CaRevocationList list) => _list = list;

    public ReadOnlyMemory<byte> Der => _list.Der;

    public DateTimeOffset ThisUpdate => _list.ThisUpdate;

    /// <summary>Until when there is a newer one at the latest.</summary>
    public DateTimeOffset NextUpdate => _list.NextUpdate;

    /// <summary>cRLNumber (RFC 5280 5.2.3): grows with every list.</summary>
    public long Number => _list.Number;

    /// <summary>These serial numbers and no others.</summary>
    public bool HasExactly(IEnumerable<ReadOnlyMemory<byte>> serialNumbers) => _list.Serials.SetEquals(serialNumbers.Select(s => Convert.ToHexString(s.Span)));

    /// <summary>Throws <see cref="PkiException"/> for anything but a CRL for CA certificates only.</summary>
    public static RevokedSubCas Parse(ReadOnlyMemory<byte> der) => new(CaRevocationList.Parse(der, RevocationListScope.CaCertificates));

    /// <summary>The CA must be allowed to sign lists (RFC 5280 6.3.3 f).</summary>
    public bool IsSignedBy(ParsedCertificate intermediate) => _list.IsSignedBy(intermediate);

    /// <summary>Serial numbers are the issuer's own: ask only for certificates of the CA that signed the list.</summary>
    public bool Contains(ParsedCertificate certificate) => _list.Contains(certificate);
}
