using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Turns what the ledger says into an answer.</summary>
internal static class Issued
{
    public static IssuedCertificate Of(LedgerEntry stored, ActiveIssuers issuers) => new()
    {
        SerialNumber = stored.Serial,
        Der = stored.Der,
        NotBefore = stored.NotBefore,
        NotAfter = stored.NotAfter,
        IssuedBy = issuers.SentFor(stored.IssuerKeyId),
    };

    /// <summary>The certificate of an earlier order with the same idempotency key, or the refusal.</summary>
    public static IssuedCertificate OrRefusal(LedgerOutcome outcome, Order order, ActiveIssuers issuers) => outcome.Status switch
    {
        LedgerStatus.Exists when outcome.StoredKey.AsSpan().SequenceEqual(order.PublicKeySha256) => Earlier(outcome.StoredDer!, issuers),
        LedgerStatus.Exists => throw new ProblemException(409, "idempotency_conflict", "An order with this idempotency key was for another public key."),
        LedgerStatus.TokenUsed => throw new ProblemException(401, "token_used", "The token has been used."),
        LedgerStatus.Revoked => throw new ProblemException(401, "certificate_revoked", "The certificate has been revoked."),
        LedgerStatus.SubjectRevoked => throw new ProblemException(order.Renews is null ? 403 : 401, "subject_revoked", "The subject has been revoked."),
        LedgerStatus.KeyRevoked => throw new ProblemException(order.Renews is null ? 403 : 401, "key_revoked", "This key is revoked. Make a new one."),
        LedgerStatus.UnknownCertificate => throw new ProblemException(401, "certificate_refused", "The client certificate is refused: it is not on record."),
        LedgerStatus.OtherProfile => throw new ProblemException(403, "other_profile", $"The certificate is of the profile {outcome.StoredProfile}, which is not renewed here."),
        LedgerStatus.LineageRevoked => throw new ProblemException(order.Renews is null ? 403 : 401, "lineage_revoked", "What this certificate comes from has been revoked."),
        LedgerStatus.IssuerRetired => throw ActiveIssuers.Unavailable("The issuer can't sign: it was retired meanwhile."),
        LedgerStatus.SubjectQuota => throw new ProblemException(429, "certificate_quota", "This subject has had as many certificates lately as it may have.", outcome.RetryAfter),
        LedgerStatus.TenantQuota => throw new ProblemException(429, "tenant_certificate_quota", "This tenant has had as many certificates this hour as it may have.", outcome.RetryAfter),
        LedgerStatus.Budget => throw Budgets.IssuanceBudget.UsedUp(outcome.Scope!, outcome.RetryAfter),
        _ => throw new InvalidOperationException("A stored certificate is no refusal."),
    };

    private static IssuedCertificate Earlier(byte[] der, ActiveIssuers issuers)
    {
        var parsed = ParsedCertificate.Parse(der);
        return new IssuedCertificate
        {
            SerialNumber = parsed.SerialNumber.ToArray(),
            Der = der,
            NotBefore = parsed.NotBefore,
            NotAfter = parsed.NotAfter,
            IssuedBy = issuers.SentFor(parsed.AuthorityKeyIdentifier is { } id ? id.Span : default),
        };
    }
}

/// <summary>A certificate that is stored and may be handed out.</summary>
public sealed class IssuedCertificate
{
    public required byte[] SerialNumber { get; init; }

    public required ReadOnlyMemory<byte> Der { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    internal IssuingChain? IssuedBy { get; init; }

    /// <summary>Decimal.</summary>
    public string Serial => Pki.SerialNumber.ToDecimal(SerialNumber);

    public string Pem => Pki.Files.Pem.Certificate(Der.Span);

    /// <summary>The issuers up to, and without, the root; PEM, issuer first.</summary>
    public string IssuersPem => IssuedBy?.IssuersPem ?? "";

    /// <summary>The issuers up to and including the root; PEM, issuer first.</summary>
    public string ChainPem => IssuersPem + RootPem;

    public string RootPem => IssuedBy?.RootPem ?? "";
}
