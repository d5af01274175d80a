using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Events;

/// <summary>About one certificate.</summary>
public abstract record CertificateEvent : PlatformEvent
{
    public required CertificateFacts Certificate { get; init; }

    /// <summary>The provider's own are in order for the whole tenant; a tenant's devices are too many to wait for each other.</summary>
    [JsonIgnore]
    public override string Scope => Source is null && TenantId is { } tenantId ? tenantId : Certificate.Subject;
}

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

public sealed record CertificateIssued : CertificateEvent
{
    public const string Name = "certificate.issued";

    public override string Type => Name;
}

public sealed record CertificateRenewed : CertificateEvent
{
    public const string Name = "certificate.renewed";

    public override string Type => Name;

    /// <summary>Serial number of the certificate before, upper-case hex.</summary>
    public required string RenewedSerial { get; init; }
}

public sealed record CertificateRevoked : CertificateEvent
{
    public const string Name = "certificate.revoked";

    public override string Type => Name;

    /// <summary>CRLReason (RFC 5280 5.3.1).</summary>
    public required int ReasonCode { get; init; }
}

/// <summary>It was on hold and is good again.</summary>
public sealed record CertificateReleased : CertificateEvent
{
    public const string Name = "certificate.released";

    public override string Type => Name;
}

/// <summary>It is about to run out, and nothing has replaced it.</summary>
public sealed record CertificateExpiring : CertificateEvent
{
    public const string Name = "certificate.expiring";

    public override string Type => Name;
}

/// <summary>Its endpoint has more certificates that are good than an endpoint needs: something asks for new ones and does not use them, or renews twice.</summary>
public sealed record CertificateSurplus : CertificateEvent
{
    public const string Name = "certificate.surplus";

    public override string Type => Name;

    /// <summary>Id of the endpoint, of which the certificate is the newest.</summary>
    public required long Endpoint { get; init; }

    /// <summary>In date and not revoked.</summary>
    public required int Active { get; init; }
}
