using System.Security.Cryptography;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>A key that signs OCSP responses for one issuer, with the certificate that says so (RFC 6960 4.2.2.2). Never stored: each process has its own.</summary>
internal sealed class OcspResponder(ECDsa key, IssuedCertificate certificate) : IDisposable
{
    public ECDsa Key { get; } = key;

    public ReadOnlyMemory<byte> Certificate { get; } = certificate.Der;

    /// <summary>DER of its subject.</summary>
    public ReadOnlyMemory<byte> Name { get; } = ParsedCertificate.Parse(certificate.Der).Subject;

    public DateTimeOffset NotAfter { get; } = certificate.NotAfter;

    /// <summary>After two thirds of its life.</summary>
    public DateTimeOffset RenewAt { get; } = certificate.NotBefore + ((certificate.NotAfter - certificate.NotBefore) * (2.0 / 3));

    public void Dispose() => Key.Dispose();
}

/// <summary>The responder of each issuer whose key is here, made when it is first asked for and again when it is due.</summary>
internal sealed partial class OcspResponders(Authority authority, TimeProvider time, ILogger<OcspResponders> log) : IDisposable
{
    private readonly Dictionary<string, OcspResponder> _responders = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1, 1);

    public async ValueTask<OcspResponder> ForAsync(CaSigner issuer, CancellationToken cancellationToken)
    {
        var id = Convert.ToHexString(issuer.Issuer.SubjectKeyIdentifier.Span);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_responders.TryGetValue(id, out var current) && now < current.RenewAt)
            {
                return current;
            }

            try
            {
                // The one before may be signing at this moment: the collector disposes it.
                return _responders[id] = await MakeAsync(issuer, cancellationToken);
            }
            catch (Exception e) when (current is not null && now < current.NotAfter && !cancellationToken.IsCancellationRequested)
            {
                NotRenewed(current.NotAfter, e.Message);
                return current;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        foreach (var responder in _responders.Values)
        {
            responder.Dispose();
        }

        _gate.Dispose();
    }

    private async Task<OcspResponder> MakeAsync(CaSigner issuer, CancellationToken cancellationToken)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            var issued = await authority.IssueOcspResponderAsync(
                new IssueRequest
                {
                    Profile = Profiles.OcspResponder,
                    Csr = CertificateSigningRequest.Of(key),
                    Names = new SubjectNames { CommonName = "OCSP responder" },
                    Provisioner = "self",
                    Requester = "system",
                    Tenant = authority.Options.Tenant,
                },
                issuer,
                cancellationToken);
            return new OcspResponder(key, issued);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The OCSP responder's certificate can't be renewed; the one there is ends at {NotAfter:u}: {Reason}")]
    private partial void NotRenewed(DateTimeOffset notAfter, string reason);
}
