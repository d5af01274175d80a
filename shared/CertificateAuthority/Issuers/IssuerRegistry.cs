using System.Security.Cryptography;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Issuers;

/// <summary>The issuers beside the stack's own, as the database has them now. A broken one is disabled with its reason, and the others serve.</summary>
internal sealed partial class IssuerRegistry(IssuerStore store, Authority authority, CaPasswords passwords, ILogger<IssuerRegistry> log)
{
    private volatile IReadOnlyList<StoredIssuer> _stored = [];

    /// <summary>By name.</summary>
    public IReadOnlyList<StoredIssuer> Stored => _stored;

    /// <summary>One at a time. What has not changed stays as it is.</summary>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        var before = _stored.ToDictionary(one => one.Row.Name, StringComparer.Ordinal);
        _stored = [.. (await store.ListAsync(cancellationToken)).Select(row => before.TryGetValue(row.Name, out var same) && same.Row == row ? same : Load(row))];
        // The newest first: of two whose clients used one DNS name, it is shown by that.
        authority.UseOwn([.. _stored.OrderByDescending(one => one.Row.CreatedAt).Select(one => one.Issuer).OfType<OwnIssuer>()]);
    }

    /// <summary>Why none of this name signs now what is new; null: it does.</summary>
    public string? RefusalOf(string name) =>
        _stored.FirstOrDefault(one => one.Row.Name == name) is not { } stored ? $"there is no issuer {name}."
        : stored.Refusal(authority.Time.GetUtcNow()) is { } why ? $"the issuer {name} signs nothing new: {why}."
        : null;

    private StoredIssuer Load(IssuerRow row)
    {
        if (row.Chain is null)
        {
            return new StoredIssuer(row, Issuer: null, "it waits for a certificate");
        }

        try
        {
            var chain = CertificateChain.ParsePem(row.Chain);
            if (IssuerInfo.FromCertificate(chain.Issuer).KeyId != row.KeyId)
            {
                throw new PkiException(PkiError.Malformed, "The key identifier is not that of the certificate.");
            }

            if (authority.Active.IsOfSet(chain.Issuer))
            {
                throw new PkiException(PkiError.WrongIssuer, "It is the stack's own issuer.");
            }

            var (signer, disabled) = Signer(row, chain);
            return new StoredIssuer(row, new OwnIssuer(row, chain, signer, disabled), disabled);
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            return new StoredIssuer(row, Issuer: null, Broken(row, "its chain can't be used: ", e));
        }
    }

    private (CaSigner? Signer, string? Disabled) Signer(IssuerRow row, CertificateChain chain)
    {
        try
        {
            return (row.Key is null ? null : new CaSigner(chain.Issuer, EncryptedKeyPem.Decrypt(row.Key, passwords.Authority.Value)), null);
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            return (null, Broken(row, "its key can't be used: ", e));
        }
    }

    private string Broken(IssuerRow row, string what, Exception e)
    {
        var reason = what + e.Message.TrimEnd('.');
        Disabled(row.Name, reason);
        return reason;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the issuer {Name} is disabled: {Reason}")]
    private partial void Disabled(string name, string reason);
}
