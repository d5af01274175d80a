using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>
/// Answers OCSP requests (RFC 6960) for every issuer whose key is here. What the database says at that moment is signed; an answer without a nonce is
/// given again for <see cref="Fresh"/>, and without the database until it runs out.
/// </summary>
internal sealed partial class OcspAnswers(Authority authority, OcspResponders responders, TimeProvider time, ILogger<OcspAnswers> log) : IDisposable
{
    /// <summary>From thisUpdate to nextUpdate.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);
    private const int MostKept = 20_000;
    private const int MostAtOnce = 16;
    private const int MostOfOneAddress = 4;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MostKept });
    private readonly SharedPlaces _places = new(MostAtOnce, MostOfOneAddress);
    private int _failing;

    /// <param name="der">An OCSPRequest.</param>
    /// <param name="address">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<OcspAnswer> AnswerAsync(ReadOnlyMemory<byte> der, string address, CancellationToken cancellationToken)
    {
        if (OcspRequest.Read(der) is not { } request)
        {
            return OcspAnswer.Error(OcspResponseStatus.MalformedRequest);
        }

        // One response has one signer: all certificates are of one issuer.
        if (authority.Active.Revokers.FirstOrDefault(issuer => request.Certificates.All(id => IsOf(id, issuer))) is not { } issuer)
        {
            return OcspAnswer.Error(OcspResponseStatus.Unauthorized);
        }

        var key = request.Nonce is null && request.Certificates.Count == 1 ? Convert.ToBase64String(request.Certificates[0].Encode()) : null;
        var kept = key is null ? null : _kept.Get<OcspAnswer>(key);
        var now = time.GetUtcNow();
        if (kept is not null && now - kept.ThisUpdate < Fresh && now >= kept.ThisUpdate)
        {
            return kept;
        }

        // Whoever asks without end shares these places, and leaves the database to the rest of the host.
        using var place = await _places.EnterAsync(address, LongestWait, cancellationToken);
        if (place is null)
        {
            return OcspAnswer.Error(OcspResponseStatus.TryLater);
        }

        try
        {
            var (answer, areKnown) = await SignAsync(request, issuer, now, cancellationToken);
            Interlocked.Exchange(ref _failing, 0);
            // Serial numbers that were never issued have no end.
            if (key is not null && areKnown)
            {
                _kept.Set(key, answer, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = Lifetime });
            }

            return answer;
        }
        catch (Exception e) when (DatabaseOutage.Of(e) is not null || e is ProblemException)
        {
            if (Interlocked.Exchange(ref _failing, 1) == 0)
            {
                Away(e.Message);
            }

            return kept is not null && now < kept.NextUpdate ? kept : OcspAnswer.Error(OcspResponseStatus.TryLater);
        }
    }

    public void Dispose()
    {
        _kept.Dispose();
        _places.Dispose();
    }

    private async Task<(OcspAnswer Answer, bool AreKnown)> SignAsync(OcspRequest request, CaSigner issuer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var statuses = new List<OcspStatus>(request.Certificates.Count);
        foreach (var id in request.Certificates)
        {
            statuses.Add(await StatusAsync(id, issuer, cancellationToken));
        }

        var responder = await responders.ForAsync(issuer, cancellationToken);
        // No answer outlives who signed it.
        var next = now + Lifetime < responder.NotAfter ? now + Lifetime : responder.NotAfter;
        var answer = new OcspAnswer(OcspResponse.Sign(responder, statuses, request.Nonce, now, next), IsSigned: true, HasNonce: request.Nonce is not null, now, next);
        return (answer, statuses.TrueForAll(status => status.IsKnown));
    }

    private async Task<OcspStatus> StatusAsync(OcspCertificateId id, CaSigner issuer, CancellationToken cancellationToken)
    {
        if (!SerialNumber.IsValid(id.SerialNumber) || await authority.FindAsync(id.SerialNumber, cancellationToken) is not { } record
            || ParsedCertificate.Parse(record.Der).AuthorityKeyIdentifier is not { } issuerKeyId
            || !issuerKeyId.Span.SequenceEqual(issuer.Issuer.SubjectKeyIdentifier.Span))
        {
            return new OcspStatus(id, IsKnown: false);
        }

        return new OcspStatus(id, IsKnown: true, record.RevokedAt, record.ReasonCode ?? RevocationReason.Unspecified);
    }

    [SuppressMessage("Security", "CA5350", Justification = "The hash only names an issuer: RFC 5019 2.1.1 has every client send SHA-1.")]
    private static bool IsOf(OcspCertificateId id, CaSigner issuer)
    {
        Func<ReadOnlySpan<byte>, byte[]>? hash = id.HashAlgorithm switch
        {
            "1.3.14.3.2.26" => SHA1.HashData,
            "2.16.840.1.101.3.4.2.1" => SHA256.HashData,
            "2.16.840.1.101.3.4.2.2" => SHA384.HashData,
            "2.16.840.1.101.3.4.2.3" => SHA512.HashData,
            _ => null,
        };
        return hash is not null
            && id.IssuerNameHash.AsSpan().SequenceEqual(hash(issuer.Issuer.SubjectName.Span))
            && id.IssuerKeyHash.AsSpan().SequenceEqual(hash(issuer.Certificate.PublicKey.EncodedKeyValue.RawData));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "OCSP requests are answered from what was signed before, or with tryLater: {Reason}")]
    private partial void Away(string reason);
}

/// <param name="Der">An OCSPResponse.</param>
/// <param name="IsSigned">Whether it speaks of certificates.</param>
/// <param name="HasNonce">It is for one request alone.</param>
/// <param name="ThisUpdate">When it was signed.</param>
/// <param name="NextUpdate">When it runs out.</param>
internal sealed record OcspAnswer(byte[] Der, bool IsSigned, bool HasNonce, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate)
{
    public static OcspAnswer Error(OcspResponseStatus status) => new(OcspResponse.Error(status), IsSigned: false, HasNonce: false, default, default);
}
