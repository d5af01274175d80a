namespace IoTPlatform.Contracts.Events;

/// <summary>Which certificate. The certificate itself is fetched by its serial number.</summary>
public sealed record CertificateFacts
{
    /// <summary>Upper-case hex.</summary>
    public required string Serial { get; init; }

    public required string Subject { get; init; }

    /// <summary>For example <c>device</c>.</summary>
    public required string Profile { get; init; }

    /// <summary>Common name of the issuing CA.</summary>
    public required string Issuer { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }
}
