using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority.Issuers;

/// <summary>What an issuer does.</summary>
internal static class IssuerState
{
    /// <summary>It waits for a certificate.</summary>
    public const string Requested = "requested";

    /// <summary>It signs for the provisioners that name it.</summary>
    public const string Issuing = "issuing";

    /// <summary>It signs nothing new, and renews what it has signed.</summary>
    public const string Renewing = "renewing";

    /// <summary>It signs nothing but revocation lists and OCSP.</summary>
    public const string Retired = "retired";
}

/// <summary>A row of <c>ca.issuers</c>.</summary>
/// <param name="KeyId">Subject key identifier, lower-case hex; null: it waits for a certificate.</param>
/// <param name="Chain">PEM, the issuer first, its root last.</param>
/// <param name="Key">PEM, encrypted; null: it is elsewhere.</param>
/// <param name="DnsNames">One a line.</param>
/// <param name="IsImported">Of an authority whose place this one has taken.</param>
internal sealed record IssuerRow(string Name, string? KeyId, string? Chain, string? Key, string DnsNames, bool IsImported, string State, DateTimeOffset CreatedAt)
{
    /// <summary>Since when its key is known to be in other hands: it never signs again. Null: it is not.</summary>
    public DateTimeOffset? CompromisedAt { get; init; }

    public IReadOnlyList<string> Names => DnsNames.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => Name;
}

/// <summary>A row, and what became of it.</summary>
/// <param name="Row">As the database has it.</param>
/// <param name="Issuer">Null: it has no chain that can be read.</param>
/// <param name="Disabled">Why it signs nothing, whatever its state; null: its key is here and fits.</param>
internal sealed record StoredIssuer(IssuerRow Row, OwnIssuer? Issuer, string? Disabled)
{
    /// <summary>Why it signs nothing new now; null: it does.</summary>
    public string? Refusal(DateTimeOffset now) => Disabled ?? Issuer?.Refusal(now);
}

/// <summary>
/// An issuer beside the stack's own. Its leaves that are on record log in; with its key it renews them itself, so that their owners trust what they always did, and signs lists and OCSP for them;
/// a provisioner that names it has its leaves signed by it.
/// </summary>
/// <param name="row">Of the database.</param>
/// <param name="chain">The issuer first, its root last.</param>
/// <param name="signer">Null: its key is not here, or can't be used.</param>
/// <param name="disabled">Why its key can't be used; null: it can, or is not here.</param>
internal sealed class OwnIssuer(IssuerRow row, CertificateChain chain, CaSigner? signer, string? disabled)
{
    public string Name => row.Name;

    public CertificateChain Chain { get; } = chain;

    public AcceptedIssuer Issuer { get; } = new(chain.Issuer);

    public IssuingChain Sent { get; } = new(chain);

    public CaSigner? Signer { get; } = signer;

    /// <summary>Its key should be here.</summary>
    public string? Disabled { get; } = disabled;

    /// <summary>DNS names that its clients called it by.</summary>
    public IReadOnlyList<string> Names { get; } = row.Names;

    public bool IsImported => row.IsImported;

    public bool IsCompromised => row.CompromisedAt is not null;

    public string RootFingerprint { get; } = Fingerprint.Of(chain.Root);

    /// <summary>Subject key identifier, lower-case hex.</summary>
    public string KeyId { get; } = IssuerInfo.FromCertificate(chain.Issuer).KeyId;

    public bool Renews(DateTimeOffset now) => Signer is not null && row.State is (IssuerState.Issuing or IssuerState.Renewing) && now < Issuer.Info.NotAfter;

    /// <summary>Why it signs nothing new now; null: it does.</summary>
    public string? Refusal(DateTimeOffset now) => Disabled
        ?? (row.State != IssuerState.Issuing ? $"its state is {row.State}" : Signer is null ? "its key is not here" : now < Issuer.Info.NotAfter ? null : "it has ended");
}
