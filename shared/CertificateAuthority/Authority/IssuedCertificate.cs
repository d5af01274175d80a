namespace IoTPlatform.CertificateAuthority;

/// <summary>A certificate that is stored and may be handed out.</summary>
public sealed class IssuedCertificate
{
    public required byte[] SerialNumber { get; init; }

    public required ReadOnlyMemory<byte> Der { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    internal string IssuersPemText { get; init; } = "";

    internal string RootPemText { get; init; } = "";

    internal ActiveIssuers? IssuedBy { get; init; }

    /// <summary>Decimal.</summary>
    public string Serial => Pki.SerialNumber.ToDecimal(SerialNumber);

    public string Pem => Pki.Files.Pem.Certificate(Der.Span);

    /// <summary>The issuers up to, and without, the root; PEM, issuer first.</summary>
    public string IssuersPem => IssuersPemText;

    /// <summary>The issuers up to and including the root; PEM, issuer first.</summary>
    public string ChainPem => IssuersPemText + RootPemText;

    public string RootPem => RootPemText;
}
