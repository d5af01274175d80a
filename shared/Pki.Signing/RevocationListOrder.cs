namespace IoTPlatform.Pki.Signing;

/// <summary>What goes into a complete CRL (RFC 5280 5). Dates are cut to the second.</summary>
public sealed record RevocationListOrder
{
    public required IReadOnlyList<RevokedSerial> Revoked { get; init; }

    /// <summary>Goes into the list before them, but for what they say anew.</summary>
    public SignedRevocations? Former { get; init; }

    /// <summary>Higher than that of every earlier list of this issuer and scope (RFC 5280 5.2.3).</summary>
    public required long Number { get; init; }

    public required DateTimeOffset ThisUpdate { get; init; }

    /// <summary>After this, verifiers that require a current list accept no certificate.</summary>
    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>The list has only certificates that name this address (RFC 5280 5.2.5); null: all of the issuer's.</summary>
    public Uri? DistributionPoint { get; init; }
}

/// <param name="SerialNumber">Minimal big-endian bytes, see <see cref="Pki.SerialNumber"/>.</param>
/// <param name="RevokedAt">When.</param>
/// <param name="Reason">Unspecified is left out (RFC 5280 5.3.1).</param>
/// <param name="InvalidSince">invalidityDate (RFC 5280 5.3.2); null: left out.</param>
public sealed record RevokedSerial(ReadOnlyMemory<byte> SerialNumber, DateTimeOffset RevokedAt, RevocationReason Reason = RevocationReason.Unspecified, DateTimeOffset? InvalidSince = null);
