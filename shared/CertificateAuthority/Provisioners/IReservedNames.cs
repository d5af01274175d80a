using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Names that a feature gives out itself, so that no one-time token buys them.</summary>
public interface IReservedNames
{
    /// <summary>Whose the first reserved name is, for the refusal; null: all are free.</summary>
    ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken);
}
