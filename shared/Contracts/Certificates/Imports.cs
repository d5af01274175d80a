namespace IoTPlatform.Contracts.Certificates;

/// <summary>The issuer of an authority whose place this one takes. A class, not a record: it may carry a key.</summary>
public sealed class ImportIssuerRequest
{
    /// <summary>PEM, the issuer first, its root last.</summary>
    public required string Chain { get; init; }

    /// <summary>PEM of the issuer's EC key, as its file has it. Without, its certificates are renewed under the platform's own issuer, and have no revocation list.</summary>
    public string? Key { get; init; }

    /// <summary>Of an encrypted key.</summary>
    public string? Password { get; init; }

    /// <summary>It signs what is new, too, for the provisioners that name it; needs its key.</summary>
    public bool Issue { get; init; }

    /// <summary>DNS names that its clients called it by: for those of them that are not this host's own, this host has a certificate of the issuer.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}

public sealed record ImportedIssuerView
{
    /// <summary>Subject key identifier, lower-case hex.</summary>
    public required string Id { get; init; }

    /// <summary>As provisioners name it (<c>options.issuer</c>).</summary>
    public required string Issuer { get; init; }

    /// <summary>Common name.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of its root, lower-case hex.</summary>
    public required string RootFingerprint { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>It renews its certificates, and signs revocation lists and OCSP for them.</summary>
    public required bool HasKey { get; init; }

    public required IReadOnlyList<string> Names { get; init; }
}

public sealed record ImportedIssuerList
{
    public required IReadOnlyList<ImportedIssuerView> Items { get; init; }
}

/// <summary>A batch, in one transaction.</summary>
public sealed record ImportCertificatesRequest
{
    /// <summary><see cref="ImportedIssuerView.Id"/>.</summary>
    public required string Issuer { get; init; }

    /// <summary>In the order of their issue, at most 500.</summary>
    public required IReadOnlyList<ImportedCertificate> Items { get; init; }
}

public sealed record ImportedCertificate
{
    /// <summary>DER, base64.</summary>
    public required string Certificate { get; init; }

    /// <summary>Whose it is, where the certificate itself does not say.</summary>
    public string? Provisioner { get; init; }

    public ImportedRevocation? Revocation { get; init; }
}

public sealed record ImportedRevocation
{
    public required DateTimeOffset RevokedAt { get; init; }

    /// <summary>RFC 5280 5.3.1.</summary>
    public int ReasonCode { get; init; }

    public string? Reason { get; init; }
}

public sealed record ImportResult
{
    /// <summary>New on record.</summary>
    public required int Imported { get; init; }

    /// <summary>On record before.</summary>
    public required int Known { get; init; }

    /// <summary>Of all of them, those whose revocation was new.</summary>
    public required int Revoked { get; init; }

    public required IReadOnlyList<ImportRefusal> Refused { get; init; }
}

public sealed record ImportRefusal
{
    /// <summary>Decimal; empty where it could not be read.</summary>
    public required string Serial { get; init; }

    /// <summary><c>unreadable</c>, <c>other_issuer</c>, <c>ca_certificate</c> or <c>serial_taken</c>.</summary>
    public required string Reason { get; init; }
}

/// <summary>A batch of ACME accounts, in one transaction.</summary>
public sealed record ImportAcmeAccountsRequest
{
    /// <summary>At most 500.</summary>
    public required IReadOnlyList<ImportedAcmeAccount> Items { get; init; }
}

public sealed record ImportedAcmeAccount
{
    /// <summary>The end of its address (kid), by which its client goes on: 32 letters and digits.</summary>
    public required string Id { get; init; }

    /// <summary>An ACME provisioner that is here.</summary>
    public required string Provisioner { get; init; }

    /// <summary>Its public key, a JSON Web Key.</summary>
    public required string Key { get; init; }

    /// <summary>Those that are no mail address (<c>mailto:</c>) are left out.</summary>
    public required IReadOnlyList<string> Contacts { get; init; }

    /// <summary>Whether it is valid; false: deactivated.</summary>
    public required bool IsValid { get; init; }
}

public sealed record AcmeAccountImportResult
{
    /// <summary>New here.</summary>
    public required int Imported { get; init; }

    /// <summary>Here before; what changed here meanwhile stays.</summary>
    public required int Known { get; init; }

    /// <summary>Of those, accounts that were deactivated at the other authority since.</summary>
    public required int Deactivated { get; init; }

    public required IReadOnlyList<AcmeAccountRefusal> Refused { get; init; }
}

public sealed record AcmeAccountRefusal
{
    /// <summary>Empty where it could not be read.</summary>
    public required string Id { get; init; }

    /// <summary><c>unreadable</c>, <c>no_provisioner</c>, <c>unusable_key</c>, <c>id_taken</c> or <c>key_taken</c>.</summary>
    public required string Reason { get; init; }
}
