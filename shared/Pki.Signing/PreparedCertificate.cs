namespace IoTPlatform.Pki.Signing;

/// <summary>A linted certificate waiting for its signature: a token that its own signer accepts once.</summary>
public sealed class PreparedCertificate
{
    private readonly CaSigner _signer;
    private int _used;

    internal PreparedCertificate(CaSigner signer, byte[] serialNumber, byte[] tbsCertificate, CertificateTemplate template)
    {
        _signer = signer;
        SerialNumber = serialNumber;
        TbsCertificate = tbsCertificate;
        Template = template;
    }

    /// <summary>Minimal big-endian bytes, see <see cref="Pki.SerialNumber"/>.</summary>
    public byte[] SerialNumber { get; }

    /// <summary>The DER that will be signed; its hash is the intent to record.</summary>
    public ReadOnlyMemory<byte> TbsCertificate { get; }

    public CertificateTemplate Template { get; }

    public DateTimeOffset NotBefore => Template.NotBefore;

    public DateTimeOffset NotAfter => Template.NotAfter;

    internal void Consume(CaSigner signer)
    {
        if (!ReferenceEquals(signer, _signer))
        {
            throw new PkiException(PkiError.WrongIssuer, "The certificate was prepared by another issuer.");
        }

        if (Interlocked.Exchange(ref _used, 1) != 0)
        {
            throw new PkiException(PkiError.TokenUsed, "The prepared certificate has been issued already.");
        }
    }
}

/// <summary>An issued certificate.</summary>
public sealed class SignedCertificate
{
    private string? _pem;

    internal SignedCertificate(PreparedCertificate prepared, byte[] der)
    {
        SerialNumber = prepared.SerialNumber;
        Template = prepared.Template;
        Der = der;
    }

    /// <summary>Minimal big-endian bytes, see <see cref="Pki.SerialNumber"/>.</summary>
    public byte[] SerialNumber { get; }

    public ReadOnlyMemory<byte> Der { get; }

    public CertificateTemplate Template { get; }

    public DateTimeOffset NotBefore => Template.NotBefore;

    public DateTimeOffset NotAfter => Template.NotAfter;

    public string Pem => _pem ??= Files.Pem.Certificate(Der.Span);
}
