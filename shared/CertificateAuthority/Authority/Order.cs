using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A certificate to be signed and stored, new or renewed.</summary>
internal sealed class Order
{
    public required CertificateTemplate Template { get; init; }

    public required byte[] PublicKeySha256 { get; init; }

    public required string Provisioner { get; init; }

    public required string Requester { get; init; }

    public string? Tenant { get; init; }

    public string? Lineage { get; init; }

    public IssuanceQuota? Quota { get; init; }

    /// <summary>The stack's among them.</summary>
    public IReadOnlyList<IssuanceBudget> Budgets { get; init; } = [];

    /// <summary>Goes with a quota.</summary>
    public int? RecentLimit { get; init; }

    public UsedToken? Token { get; init; }

    public string? IdempotencyKey { get; init; }

    public string? StoredIdempotencyKey => IdempotencyKey is null ? null : $"{Template.Profile.Name}/{IdempotencyKey}";

    public byte[]? Renews { get; init; }

    public string Subject => Template.Names.CommonName ?? Template.Names.AllSans.FirstOrDefault() ?? "";

    public int? BoundedRecentLimit => IsBounded ? RecentLimit : null;

    /// <summary>From when on certificates count against <see cref="BoundedRecentLimit"/>.</summary>
    public DateTimeOffset? RecentSince(DateTimeOffset notBefore, DateTimeOffset notAfter) =>
        !IsBounded ? null : (notBefore + CertificateProfile.Backdate - ((notAfter - notBefore) / 8)).ToUniversalTime();

    public LedgerEntry ToEntry(SignedCertificate signed, AcceptedIssuer issuer, CancellationToken cancellationToken) =>
        ToEntry(signed.SerialNumber, signed.NotBefore, signed.NotAfter, Bytes.ToArray(signed.Der), issuer, cancellationToken);

    public LedgerEntry ToEntry(byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter, byte[] der, AcceptedIssuer issuer, CancellationToken cancellationToken)
    {
        return new LedgerEntry
        {
            Serial = serial,
            Subject = Subject,
            Sans = Sans(),
            Issuer = issuer.CommonName,
            IssuerKeyId = issuer.KeyId,
            Profile = Template.Profile.Name,
            Provisioner = Provisioner,
            Requester = Requester,
            Tenant = Tenant,
            Lineage = Lineage,
            Quota = IsBounded ? Quota : null,
            RecentLimit = BoundedRecentLimit,
            RecentSince = RecentSince(notBefore, notAfter),
            Budgets = IssuanceBudget.Write(Budgets),
            PublicKeySha256 = PublicKeySha256,
            NotBefore = notBefore.ToUniversalTime(),
            NotAfter = notAfter.ToUniversalTime(),
            Der = der,
            Renews = Renews,
            // Under the profile's name: the same key for another kind of certificate is another order.
            IdempotencyKey = StoredIdempotencyKey,
            Token = Token,
            Details = CertificateAudit.Of(serial, Template.Profile.Name, der, issuer.KeyId),
            Cancellation = cancellationToken,
        };
    }

    /// <summary>The ledger looks at 100 certificates of a subject, so a higher limit is none; where nothing else is asked, there is nothing to count.</summary>
    private bool IsBounded => Quota is { AnswersWithTheFreshOne: true } or { TenantPerHour: not null } || (Quota is not null && RecentLimit <= IssuanceQuota.MostCounted);

    /// <summary>One name a line.</summary>
    public string Sans()
    {
        var names = Template.Names;
        return names.Ip.IsEmpty && names.Uris.IsEmpty && names.Emails.IsEmpty && names.PermanentIdentifiers.IsEmpty && names.Dns.Length == 1
            ? names.Dns[0]
            : string.Join('\n', names.AllSans);
    }
}

internal static class PkiProblems
{
    public static ProblemException From(PkiException e) =>
        new(400, SnakeCase.Of(e.Error), e.Message, inner: e);
}
