using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>
/// Has leaves signed upstream: who may have one is decided here, before; what comes back is one of the names, the key and the lifetime that were asked for, or it is not handed
/// out. The order is on record before upstream is asked and its answer before the ledger, so that a signature which no client got is revoked upstream.
/// </summary>
internal sealed partial class UpstreamIssuer(UpstreamClient client, UpstreamStore store, IssuanceLedger ledger, ILogger<UpstreamIssuer> log) : IDisposable
{
    private const int MostAtOnce = 64;

    /// <summary>RFC 5280 5.3.1.</summary>
    private const int CessationOfOperation = 5;

    private readonly SemaphoreSlim _places = new(MostAtOnce);

    public UpstreamStore Store => store;

    public UpstreamClient Client => client;

    /// <summary>The request that got the certificate which is renewed. Throws 409 <c>request_forgotten</c>.</summary>
    public async Task<ReadOnlyMemory<byte>> RequestOfAsync(byte[] serial, CancellationToken cancellationToken) =>
        await store.RequestOfAsync(serial, cancellationToken)
        ?? throw new ProblemException(409, "request_forgotten", "The authority upstream signs for a request alone, and that of this certificate is not kept any more: ask for a new one.");

    /// <summary>
    /// Throws, beside what the ledger says, 403 <c>upstream_refused</c>, 403 <c>not_for_upstream</c>, 502 <c>upstream_unusable</c>, 503 <c>upstream_unavailable</c> and <c>overloaded</c>:
    /// nothing is spent then.
    /// </summary>
    /// <param name="order">Without a certificate so far.</param>
    /// <param name="request">PKCS #10, DER, of the order's key.</param>
    /// <param name="own">The issuers of now.</param>
    /// <param name="learned">Told of an issuer that is not among them.</param>
    /// <param name="cancellationToken">Ends it, but for what upstream has begun.</param>
    public async Task<IssuedCertificate> SignAsync(Order order, ReadOnlyMemory<byte> request, ActiveIssuers own, Func<UpstreamAuthority, ActiveIssuers> learned, CancellationToken cancellationToken)
    {
        RequireConveyable(order.Template);
        if (!await _places.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            throw new ProblemException(503, "overloaded", "Too many certificates are being asked for upstream.", TimeSpan.FromSeconds(1));
        }

        try
        {
            var (id, outcome) = await store.AskAsync(order, cancellationToken);
            if (outcome is not null)
            {
                return Issued.OrRefusal(outcome, order, own);
            }

            // From here on a client who goes away ends nothing: upstream may have signed.
            var (leaf, authority) = await AskAsync(id, order, request);
            await RecordAsync(leaf.SerialNumber.ToArray(), () => store.AnsweredAsync(id, leaf, request, authority.Issuer, authority.Chain, CancellationToken.None));
            var issuers = learned(authority);
            var entry = order.ToEntry(leaf.SerialNumber.ToArray(), leaf.NotBefore, leaf.NotAfter, leaf.Der.ToArray(), authority.Issuer, CancellationToken.None);
            var stored = await ledger.StoreAsync(entry);
            return stored.Status == LedgerStatus.Stored ? Issued.Of(entry, issuers) : Issued.OrRefusal(stored, order, issuers);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose()
    {
        client.Dispose();
        _places.Dispose();
    }

    private async Task<(ParsedCertificate Leaf, UpstreamAuthority Authority)> AskAsync(long id, Order order, ReadOnlyMemory<byte> request)
    {
        var template = order.Template;
        try
        {
            var sent = await client.SignAsync(request, template.Names, template.NotBefore, template.NotAfter, CancellationToken.None);
            return await CheckAsync(id, sent, template);
        }
        catch (UpstreamException e)
        {
            if (!e.IsUncertain)
            {
                await store.ForgetAsync(id, CancellationToken.None);
            }

            Failed(order.Subject, e.Message);
            throw e.ToProblem();
        }
    }

    /// <summary>What is not the certificate asked for goes to no client, so it is to be revoked.</summary>
    private async Task<(ParsedCertificate Leaf, UpstreamAuthority Authority)> CheckAsync(long id, IReadOnlyList<X509Certificate2> sent, CertificateTemplate template)
    {
        try
        {
            return UpstreamAnswer.Check(sent, template);
        }
        catch (UpstreamException)
        {
            await RecordAsync(sent[0].SerialNumberBytes.ToArray(), () => store.RejectedAsync(id, sent[0], CancellationToken.None));
            throw;
        }
    }

    /// <summary>A certificate that can't be put on record is known to this call alone, and goes to no client.</summary>
    private async Task RecordAsync(byte[] serial, Func<Task> record)
    {
        try
        {
            await record();
        }
        catch (Exception e)
        {
            NotRecorded(SerialNumber.ToHex(serial), e);
            try
            {
                await client.RevokeAsync(serial, CessationOfOperation, CancellationToken.None);
                Revoked(SerialNumber.ToHex(serial));
            }
            catch (UpstreamException unheard)
            {
                NotRevoked(SerialNumber.ToHex(serial), unheard.Message);
            }

            throw;
        }
    }

    /// <summary>A one-time token says names and nothing else of a certificate.</summary>
    private static void RequireConveyable(CertificateTemplate template)
    {
        if (template.Contents is not null && !IsPlain(template))
        {
            throw new ProblemException(403, "not_for_upstream", "what a certificate has beside its names is the authority's upstream to say: the template here asks for more");
        }

        if (!template.Names.PermanentIdentifiers.IsEmpty || template.Names.SanCount == 0)
        {
            throw new ProblemException(403, "not_for_upstream", "the authority upstream certifies DNS names, IP addresses, e-mail addresses and URIs alone");
        }
    }

    private static bool IsPlain(CertificateTemplate template) =>
        template.Contents is { Subject: null, Extensions.IsEmpty: true, OcspServers.IsEmpty: true, IssuerCertificates.IsEmpty: true, RevocationLists.IsEmpty: true }
        && template.Profile.KeyUsagesFor(template.Key) == Profiles.Leaf.KeyUsagesFor(template.Key)
        && template.Profile.ExtendedKeyUsages.AsSpan().SequenceEqual(Profiles.Leaf.ExtendedKeyUsages.AsSpan());

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authority upstream gave no certificate for {Subject}: {Reason}")]
    private partial void Failed(string subject, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate {Serial} of the authority upstream could not be put on record")]
    private partial void NotRecorded(string serial, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authority upstream has revoked the certificate {Serial}, which is not on record")]
    private partial void Revoked(string serial);

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificate {Serial} is neither on record nor revoked upstream; revoke it there by hand: {Reason}")]
    private partial void NotRevoked(string serial, string reason);
}

/// <summary>An issuer upstream with its way to its root.</summary>
internal sealed class UpstreamAuthority(CertificateChain chain)
{
    public CertificateChain Chain { get; } = chain;

    public AcceptedIssuer Issuer { get; } = new(chain.Issuer);

    public IssuingChain Sent { get; } = new(chain);

    public string ChainPem { get; } = chain.Pem;

    /// <summary>SHA-256, lower-case hex.</summary>
    public string RootFingerprint { get; } = Fingerprint.Of(chain.Root);
}

/// <summary>Judges what upstream signed: it is trusted to sign, and not to have understood.</summary>
internal static class UpstreamAnswer
{
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    /// <summary>Throws <see cref="UpstreamException"/>.</summary>
    /// <param name="sent">The leaf first, the root last.</param>
    /// <param name="template">What was asked for.</param>
    public static (ParsedCertificate Leaf, UpstreamAuthority Authority) Check(IReadOnlyList<X509Certificate2> sent, CertificateTemplate template)
    {
        try
        {
            var leaf = ParsedCertificate.Parse(sent[0].RawDataMemory.ToArray());
            // step-ca leaves the root out, others send it.
            var issuers = sent.Skip(1).DistinctBy(Fingerprint.Of).ToArray();
            var authority = new UpstreamAuthority(new CertificateChain(issuers));
            return FindProblem(leaf, authority, template) is { } problem ? throw Unusable($"the certificate {SerialNumber.ToDecimal(leaf.SerialNumber.Span)} {problem}") : (leaf, authority);
        }
        catch (PkiException e)
        {
            throw Unusable($"its certificate can't be used: {e.Message}", e);
        }
    }

    private static UpstreamException Unusable(string message, Exception? inner = null) => new(UpstreamFailure.Unusable, message, inner) { IsUncertain = true };

    private static string? FindProblem(ParsedCertificate leaf, UpstreamAuthority authority, CertificateTemplate template) =>
        !authority.Issuer.Info.HasSigned(leaf) ? "is not signed by the issuer that came with it"
        : !leaf.SubjectPublicKeyInfo.Span.SequenceEqual(template.SubjectPublicKeyInfo.Span) ? "is for another key"
        : leaf.IsCa || leaf.KeyUsages?.HasFlag(X509KeyUsageFlags.KeyCertSign) == true ? "is one of an authority"
        : !leaf.Names.AllSans.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(template.Names.AllSans) ? "has other names"
        : template.Names.CommonName is { } cn && leaf.Names.CommonName != cn ? "has another common name"
        : leaf.NotAfter > template.NotAfter + Skew || leaf.NotBefore > template.NotBefore + Skew || leaf.NotAfter <= leaf.NotBefore ? "has another lifetime"
        : null;
}
