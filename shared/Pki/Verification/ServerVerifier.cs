using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// Judges the server of every TLS connection the platform makes: path to a given root, host name among the alternative names (never the
/// CN, RFC 9525 6.3), and below the platform's root the server's identity. Throws <see cref="UntrustedServerException"/> out of the
/// handshake, to distinguish a refused certificate from a broken connection.
/// </summary>
public sealed class ServerVerifier
{
    private readonly X509Certificate2 _platformRoot;
    private readonly IReadOnlyList<X509Certificate2> _roots;
    private readonly ServerIdentity _identity;
    private readonly TimeProvider _time;

    private ServerVerifier(X509Certificate2 platformRoot, IReadOnlyList<X509Certificate2> roots, ServerIdentity identity, TimeProvider time)
    {
        _platformRoot = platformRoot;
        _roots = roots;
        _identity = identity;
        _time = time;
    }

    /// <summary>It is a tenant's, and a tenant may be hostile: what it says of itself has to be proved.</summary>
    public bool IsTenant => _identity.IsTenant;

    private RevokedSubCas? RevokedSubCas { get; init; }

    private bool RequiresFreshList { get; init; }

    private Func<RevokedIntermediates?> RevokedIntermediates { get; init; } = () => null;

    /// <summary>One of the platform's servers.</summary>
    public static ServerVerifier ForPlatform(X509Certificate2 root, ServerIdentity identity, TimeProvider? time = null) =>
        new(root, [root], identity, time ?? TimeProvider.System);

    /// <summary>A server beside the platform, such as a broker, with a certificate from one of these roots; where that is the platform's own, it must be this one.</summary>
    public static ServerVerifier ForCompanion(IReadOnlyList<X509Certificate2> roots, X509Certificate2 platformRoot, ServerIdentity identity, TimeProvider? time = null) =>
        new(platformRoot, roots, identity, time ?? TimeProvider.System);

    /// <summary>The same server, unless its Sub-CA is in the list.</summary>
    /// <param name="list">A list of another Intermediate CA decides nothing.</param>
    /// <param name="required">At first contact: it must be signed by this server's Intermediate CA and in date.</param>
    public ServerVerifier With(RevokedSubCas list, bool required) =>
        new(_platformRoot, _roots, _identity, _time) { RevokedSubCas = list, RequiresFreshList = required, RevokedIntermediates = RevokedIntermediates };

    /// <summary>The same server, unless its Intermediate CA is in the root's list.</summary>
    /// <param name="newest">The newest list known, asked for at every handshake; null: none is.</param>
    public ServerVerifier With(Func<RevokedIntermediates?> newest) =>
        new(_platformRoot, _roots, _identity, _time) { RevokedSubCas = RevokedSubCas, RequiresFreshList = RequiresFreshList, RevokedIntermediates = newest };

    /// <summary>For one host; everything that TLS would decide by itself is decided here.</summary>
    public void ApplyTo(SslClientAuthenticationOptions tls, string host)
    {
        tls.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        tls.CertificateChainPolicy = TlsPolicy.JudgedElsewhere();
        tls.RemoteCertificateValidationCallback = CallbackFor(host);
    }

    /// <summary>
    /// For a client that takes no chain policy: SslStream then builds a chain of its own before it asks. Under <see cref="Trust"/> that of a
    /// good server is complete, and nothing is downloaded for it.
    /// </summary>
    public RemoteCertificateValidationCallback CallbackFor(string host) => (_, certificate, chain, _) => Judge(certificate, chain, host);

    public SslCertificateTrust Trust() => SslCertificateTrust.CreateForX509Collection([.. _roots]);

    /// <summary>Throws <see cref="UntrustedServerException"/> unless the certificate is this server's, now.</summary>
    public void Verify(X509Certificate2 leaf, IEnumerable<X509Certificate2> sent, string host)
    {
        var now = _time.GetUtcNow();
        var verified = ChainVerifier.Verify(leaf, sent, _roots, CertificatePurpose.ServerAuth, now);
        if (!verified.IsValid && verified.WrongTime is null)
        {
            throw new UntrustedServerException(verified.Reason!);
        }

        if (!HostNameMatch.IsFor(leaf, host))
        {
            throw new UntrustedServerException($"it is not for {host}: no alternative name of it is");
        }

        if (IsPlatforms(verified.Path) && (_identity.FindViolation(verified.Path) ?? FindRevocation(verified.Path, now)) is { } violation)
        {
            throw new UntrustedServerException(violation);
        }

        if (verified.WrongTime is { } period)
        {
            throw new UntrustedServerException(verified.Reason!) { WrongTime = period };
        }
    }

    private bool Judge(X509Certificate? certificate, X509Chain? chain, string host)
    {
        if (certificate is null || chain is null)
        {
            throw new UntrustedServerException("it sent no certificate");
        }

        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        Verify(leaf, chain.ChainPolicy.ExtraStore, host);
        return true;
    }

    private bool IsPlatforms(IReadOnlyList<ParsedCertificate> path) => path[^1].Der.Span.SequenceEqual(_platformRoot.RawDataMemory.Span);

    private string? FindRevocation(IReadOnlyList<ParsedCertificate> path, DateTimeOffset now)
    {
        if (RevokedIntermediates()?.FindViolation(path) is { } violation)
        {
            return violation;
        }

        if (RevokedSubCas is not { } list)
        {
            return null;
        }

        if (!list.IsSignedBy(path[^2]))
        {
            return RequiresFreshList ? "the list of revoked Sub-CAs is not signed by the provider's Intermediate CA" : null;
        }

        if (RequiresFreshList && now > list.NextUpdate)
        {
            return $"the list of revoked Sub-CAs ended at {list.NextUpdate:u}, and a first contact needs one in date";
        }

        return path.Skip(1).Any(list.Contains) ? "the provider has revoked its Sub-CA" : null;
    }
}

/// <summary>A server's certificate was seen and does not verify. Every other failure of a handshake is one of the connection.</summary>
public sealed class UntrustedServerException(string reason) : AuthenticationException(reason)
{
    /// <summary>Set when only the time is wrong: a clock's fault more often than the certificate's.</summary>
    public ValidityPeriod? WrongTime { get; init; }
}
