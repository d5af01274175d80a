namespace IoTPlatform.Contracts.Certificates;

/// <summary>An issuer beside the stack's own.</summary>
public sealed record IssuerView
{
    /// <summary>As provisioners name it (<c>options.issuer</c>).</summary>
    public required string Name { get; init; }

    /// <summary>Of its certificate; null: it waits for one, or that can't be read.</summary>
    public string? CommonName { get; init; }

    /// <summary>Subject key identifier, lower-case hex.</summary>
    public string? Id { get; init; }

    /// <summary>SHA-256 of its root, lower-case hex.</summary>
    public string? RootFingerprint { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    /// <summary><c>requested</c> (it waits for its certificate), <c>issuing</c>, <c>renewing</c> (nothing new) or <c>retired</c> (revocation lists and OCSP alone).</summary>
    public required string State { get; init; }

    /// <summary>Since when its key is known to be in other hands: it never signs again. Null: it is not.</summary>
    public DateTimeOffset? CompromisedAt { get; init; }

    /// <summary>Of an authority whose place this one has taken.</summary>
    public required bool IsImported { get; init; }

    public required bool HasKey { get; init; }

    /// <summary>Why it signs nothing, whatever its state; null: nothing is wrong.</summary>
    public string? Disabled { get; init; }

    /// <summary>Those that name it.</summary>
    public required IReadOnlyList<string> Provisioners { get; init; }

    /// <summary>Of one that was just created and waits: PKCS #10, PEM.</summary>
    public string? Request { get; init; }
}

public sealed record IssuerList
{
    public required IReadOnlyList<IssuerView> Items { get; init; }
}

public sealed record CreateIssuerRequest
{
    /// <summary>1 to 63 lower-case letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>Of its certificate; null: the name.</summary>
    public string? CommonName { get; init; }

    /// <summary>Of its certificate, where this stack's root signs it; null: five years, and no longer than the root.</summary>
    public int? Days { get; init; }
}

public sealed record CompleteIssuerRequest
{
    /// <summary>PEM, the issuer first, its root last.</summary>
    public required string Chain { get; init; }
}

public sealed record IssuerStateRequest
{
    /// <summary><c>issuing</c>, <c>renewing</c> or <c>retired</c>.</summary>
    public required string State { get; init; }
}
