using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Certificates of this host under names of authorities whose place it has taken, each from the authority's own issuer: who calls it by such a name trusts that root and no other. Made when
/// the first one calls, and never stored.
/// </summary>
internal sealed class ImportedServiceCertificates(Authority authority, ILogger log) : IDisposable
{
    /// <summary>RFC 5280, ub-common-name.</summary>
    private const int MaxCommonName = 64;

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Served> _served = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _making = new(1, 1);

    /// <summary>Null: it is no such name, or one of this host's own, or there is no certificate for it at the moment.</summary>
    /// <param name="name">That the client asked for (RFC 6066 3).</param>
    /// <param name="cancellationToken">Ends the handshake.</param>
    public ValueTask<ServiceTls?> FindAsync(string? name, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(name) || Of(name) is not { } issuer)
        {
            return new((ServiceTls?)null);
        }

        return _served.TryGetValue(issuer.KeyId, out var served) && authority.Time.GetUtcNow() < served.RenewAt && served.IsOf(issuer) ? new(served.Tls) : new(MakeAsync(issuer, cancellationToken));
    }

    /// <summary>Who calls by their names next is shown a new one.</summary>
    public async Task ForgetRevokedAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            foreach (var (issuer, served) in _served)
            {
                if (served.Tls is { } tls && await authority.FindAsync(LeafIdentity.Of(tls.Certificate).Serial, cancellationToken) is { IsRevoked: true })
                {
                    _served.TryRemove(issuer, out _);
                }
            }
        }
        finally
        {
            _making.Release();
        }
    }

    public void Dispose() => _making.Dispose();

    private OwnIssuer? Of(string name)
    {
        var now = authority.Time.GetUtcNow();
        foreach (var issuer in authority.Active.Own)
        {
            if (issuer.Renews(now) && issuer.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                return authority.Options.Names.Contains(name, StringComparer.OrdinalIgnoreCase) ? null : issuer;
            }
        }

        return null;
    }

    private async Task<ServiceTls?> MakeAsync(OwnIssuer issuer, CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            var now = authority.Time.GetUtcNow();
            var known = _served.GetValueOrDefault(issuer.KeyId);
            if (known is not null && now < known.RenewAt && known.IsOf(issuer))
            {
                return known.Tls;
            }

            try
            {
                return (_served[issuer.KeyId] = await IssueAsync(issuer)).Tls;
            }
            catch (Exception e) when (e is ProblemException or PkiException)
            {
                ServiceCertificateLog.NotImported(log, issuer.Issuer.CommonName, e.Message);
                // Whoever calls meanwhile does not wait for the same failure.
                _served[issuer.KeyId] = new Served(known is not null && now < known.NotAfter ? known.Tls : null, issuer, now + RetryInterval, known?.NotAfter ?? now);
                return _served[issuer.KeyId].Tls;
            }
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>Not ended by the client that happens to wait for it.</summary>
    private async Task<Served> IssueAsync(OwnIssuer issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = authority.Options.Names;
        // One that can't be certified takes nothing from the others.
        var names = issuer.Names.Where(name => !own.Contains(name, StringComparer.OrdinalIgnoreCase) && IsCertifiable(name)).ToArray();
        if (names.Length == 0)
        {
            throw new PkiException(PkiError.NameNotAllowed, "None of its names can be certified.");
        }

        var issued = await authority.IssueByAsync(
            new IssueRequest
            {
                Profile = Profiles.Service,
                Csr = CertificateSigningRequest.Of(key),
                Names = SubjectNames.FromSans(names.FirstOrDefault(name => name.Length <= MaxCommonName) ?? authority.Options.ServiceName, names),
                Provisioner = "self",
                Requester = "system",
                Tenant = authority.Options.Tenant,
            },
            issuer.Signer!,
            CancellationToken.None);
        using var certificate = X509CertificateLoader.LoadCertificate(issued.Der.Span);
        return new Served(
            new ServiceTls(certificate.CopyWithPrivateKey(key), [.. issuer.Chain.Certificates]),
            issuer, issued.NotBefore + ((issued.NotAfter - issued.NotBefore) * (2.0 / 3)), issued.NotAfter);
    }

    private static bool IsCertifiable(string name)
    {
        try
        {
            SubjectNames.FromSans(commonName: null, [name]);
            return true;
        }
        catch (PkiException)
        {
            return false;
        }
    }

    private sealed record Served(ServiceTls? Tls, OwnIssuer Issuer, DateTimeOffset RenewAt, DateTimeOffset NotAfter)
    {
        public bool IsOf(OwnIssuer issuer) => ReferenceEquals(Issuer, issuer);
    }
}
